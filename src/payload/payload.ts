import { hash } from "node:crypto";

/** What is brought into the container: the job as shell, then the parts behind it, byte for byte. */
export interface Payload {
  readonly bytes: Buffer;
  /** The index in `bytes` at which the first part, the script, begins. */
  readonly scriptAt: number;
  /** In hexadecimal digits. The container runs only a payload with this digest. */
  readonly sha256: string;
}

/** What the payload brings behind the job: the user's script, its standard input, and an archive of files. */
export interface PayloadParts {
  readonly script: Uint8Array;
  readonly input?: Uint8Array | undefined;
  readonly files?: Uint8Array | undefined;
  /** One a line. */
  readonly items?: Uint8Array | undefined;
}

/** The parts in their order, each by the name that its file has in the job directory. */
export function cutsOf(parts: PayloadParts): readonly (readonly [name: string, bytes: number])[] {
  return inOrder(parts).map(([name, bytes]) => [name, bytes.length]);
}

/** The text `job` holds the sizes of the parts, by which the container cuts them from the payload. */
export function makePayload(job: string, parts: PayloadParts): Payload {
  const head = Buffer.from(`${job}\n`, "utf8");
  const bytes = Buffer.concat([head, ...inOrder(parts).map(([, part]) => part)]);
  return { bytes, scriptAt: head.length, sha256: hash("sha256", bytes, "hex") };
}

function inOrder({ script, input, files, items }: PayloadParts): (readonly [string, Uint8Array])[] {
  return [
    ["script", script] as const,
    ...(input === undefined ? [] : [["input", input] as const]),
    ...(items === undefined ? [] : [["items", items] as const]),
    ...(files === undefined ? [] : [["files", files] as const]),
  ];
}
