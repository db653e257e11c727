import { createHash } from "node:crypto";
import { type JobOptions, jobText } from "./job-text.ts";

/** What is brought into the container: the job as shell, then the user's script, byte for byte. */
export interface Payload {
  readonly bytes: Buffer;
  /** The index in `bytes` at which the script begins. */
  readonly scriptAt: number;
  /** In hexadecimal digits. The container runs only a payload with this digest. */
  readonly sha256: string;
}

export function makePayload(options: JobOptions, script: Uint8Array): Payload {
  const job = Buffer.from(`${jobText(options)}\n`, "utf8");
  const bytes = Buffer.concat([job, script]);
  return { bytes, scriptAt: job.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}
