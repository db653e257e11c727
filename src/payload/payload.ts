import { createHash } from "node:crypto";

/** What is brought into the container: the job as shell, then the user's script and its standard input, byte for byte. */
export interface Payload {
  readonly bytes: Buffer;
  /** The index in `bytes` at which the script begins. */
  readonly scriptAt: number;
  /** In hexadecimal digits. The container runs only a payload with this digest. */
  readonly sha256: string;
}

/** `job` knows the size of `stdin`: the container cuts the script from it. */
export function makePayload(job: string, script: Uint8Array, stdin: Uint8Array = Buffer.alloc(0)): Payload {
  const head = Buffer.from(`${job}\n`, "utf8");
  const bytes = Buffer.concat([head, script, stdin]);
  return { bytes, scriptAt: head.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}
