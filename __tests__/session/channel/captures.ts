import { readFileSync } from "node:fs";

/** A session between AWS's real agent and AWS's real plugin, as a gateway between them saw it. */
export interface Capture {
  readonly session: string;
  /** What the plugin printed. */
  readonly shown?: string;
  readonly encryptionContext?: Record<string, string>;
  readonly kmsKeyId?: string;
  readonly dataKeyPlaintextBase64?: string;
  readonly frames: readonly { readonly from: "agent" | "client" | "gateway"; readonly bytes: Uint8Array }[];
}

export const CAPTURES = [
  "plain",
  "silent",
  "colours-utf8",
  "ctrl-c",
  "cannot-start",
  "input",
  "kms",
  "faults",
  "two-hundred-kb",
] as const;

export function readCapture(name: (typeof CAPTURES)[number]): Capture {
  const read = (ending: string): string =>
    readFileSync(new URL(`../../vectors/${name}.${ending}`, import.meta.url), "utf8");
  const frames = read("jsonl")
    .trimEnd()
    .split("\n")
    .map((line) => {
      const { from, hex } = JSON.parse(line) as { from: "agent" | "client" | "gateway"; hex: string };
      return { from, bytes: new Uint8Array(Buffer.from(hex, "hex")) };
    });
  return { ...(JSON.parse(read("json")) as Omit<Capture, "frames">), frames };
}
