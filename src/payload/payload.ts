import { createHash } from "node:crypto";
import { type JobOptions, jobText } from "./job-text.ts";

/** What is brought into the container: the job's shell, then the user's script, byte for byte. */
export interface Payload {
  readonly bytes: Buffer;
  /** Where in `bytes` the script begins. */
  readonly scriptAt: number;
  /** Hex; the container runs nothing else. */
  readonly sha256: string;
}

export function makePayload(options: JobOptions, script: Uint8Array): Payload {
  const job = Buffer.from(`${jobText(options)}\n`, "utf8");
  const bytes = Buffer.concat([job, script]);
  return { bytes, scriptAt: job.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}
