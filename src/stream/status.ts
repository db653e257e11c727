import { clipped } from "../clipped.ts";

/** How a job ended, as the trailer says it. */
export type JobStatus =
  | {
      readonly kind: "ended";
      readonly reason: "exited" | "timed-out" | "cancelled";
      readonly workers: readonly WorkerStatus[];
    }
  /** The container could not run the job: no script ran. The code says which input is meant, where one is. */
  | { readonly kind: "refused"; readonly code: RefusalCode; readonly text: string }
  /** One ran, and how it ended is lost, or is no word of ours. */
  | { readonly kind: "lost"; readonly text: string };

/** What of a job can be wrong in a container; `job` for what concerns no input. */
export type RefusalCode = "job" | "user" | "directory" | "shell" | "variable";

export interface WorkerStatus {
  readonly worker: number;
  /** 0 to 255; 128 + s for a script that signal s killed. */
  readonly exitCode: number;
  readonly seconds: number;
  /** It ended after the job had been told to stop. */
  readonly stopped: boolean;
}

/**
 * A status counts only if it names exactly the workers of the run, once each, with codes that a process can have. Anything
 * else is `lost`, and never success.
 */
export function parseStatus(text: string, workers: number): JobStatus {
  const [, reason, list = ""] = /^(exited|timed-out|cancelled) (\S+)$/.exec(text) ?? [];
  const entries = list.split(",");
  const ends = entries.flatMap((entry) => parseWorker(entry) ?? []).sort((a, b) => a.worker - b.worker);
  const isWhole = entries.length === workers && ends.length === workers;
  if (reason === undefined || !isWhole || ends.some(({ worker }, i) => worker !== i)) {
    if (!text.startsWith("refused ")) return { kind: "lost", text: clipped(text.replace(/^lost /, "")) };
    const [, code, words] = /^refused (?:(user|directory|shell|variable|tool): )?(.*)$/s.exec(text) ?? [];
    const known = code === undefined || code === "tool" ? "job" : (code as RefusalCode);
    return { kind: "refused", code: known, text: clipped(words ?? "") };
  }
  return { kind: "ended", reason: reason as "exited" | "timed-out" | "cancelled", workers: ends };
}

function parseWorker(entry: string): WorkerStatus | undefined {
  const [, worker, code, seconds, sign] = /^(\d{1,3})=(\d{1,3}):(-?\d{1,10})(!?)$/.exec(entry) ?? [];
  const exitCode = Number(code);
  if (worker === undefined || exitCode > 255) return undefined;
  // The container's clock may be set back while the job runs.
  return { worker: Number(worker), exitCode, seconds: Math.max(0, Number(seconds)), stopped: sign === "!" };
}
