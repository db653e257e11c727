import { clipText } from "../../values.ts";

/** How a job ended, from the status in the end mark. */
export type JobStatus =
  | {
      readonly kind: "ended";
      readonly reason: "exited" | "timed-out" | "cancelled";
      readonly workers: readonly WorkerStatus[];
    }
  /**
   * The container could not run the job, and no script ran. The code names the input that is the cause, if one is.
   */
  | { readonly kind: "refused"; readonly code: RefusalCode; readonly text: string }
  /** The container has stopped the job, because it heard no sign of the runner that holds the job's lock. */
  | { readonly kind: "fenced" }
  /** A script ran, but its end is lost, or the status can't be read. */
  | LostStatus;

export interface LostStatus {
  readonly kind: "lost";
  readonly text: string;
  /** The first batch of items that no worker has taken, by the order that has given it and its first index. None behind it has begun either. */
  readonly unbegun?: { readonly order: number; readonly index: number };
}

/** The part of a job that a container refuses; `job` when no input is the cause. */
export type RefusalCode = "job" | "user" | "directory" | "shell" | "variable" | "files";

export interface WorkerStatus {
  readonly worker: number;
  /** 0 to 255; 128 + s for a script that signal s killed. */
  readonly exitCode: number;
  /** With decimals. */
  readonly seconds: number;
  /** True when it ended after the job had been told to stop. */
  readonly stopped: boolean;
  /** The image has bash, for the advice about a script whose sh lacks what bash has. */
  readonly hasBash?: true;
}

/**
 * Parses a status. The end of a job counts only if the status names each worker exactly once, with an exit code from 0 to 255.
 * `fenced` counts only for a job under a lock. Any other text is `refused` or `lost`, never a success.
 */
export function parseStatus(text: string, workers: number, hasLock = false): JobStatus {
  const [, reason, list = ""] = /^(exited|timed-out|cancelled|fenced) (\S+)$/.exec(text) ?? [];
  const entries = list.split(",");
  const ends = entries.flatMap((entry) => parseWorker(entry) ?? []).sort((a, b) => a.worker - b.worker);
  const isWhole = entries.length === workers && ends.length === workers;
  const isPossible = reason !== undefined && (reason !== "fenced" || hasLock);
  if (!isPossible || !isWhole || ends.some(({ worker }, i) => worker !== i)) {
    if (!text.startsWith("refused ")) return parseLost(text);
    const [, code, words] =
      /^refused (?:(user|directory|shell|variable|files|tool): )?(.*)$/s.exec(text) ?? [];
    const known = code === undefined || code === "tool" ? "job" : (code as RefusalCode);
    return { kind: "refused", code: known, text: clipText(words ?? "") };
  }
  if (reason === "fenced") return { kind: "fenced" };
  return { kind: "ended", reason: reason as "exited" | "timed-out" | "cancelled", workers: ends };
}

function parseLost(status: string): LostStatus {
  const [, order, index, text = ""] = /^(?:lost )?(?:@(\d{1,9})\.(\d{1,9}) )?(.*)$/s.exec(status) ?? [];
  const unbegun = order === undefined ? undefined : { order: Number(order), index: Number(index) };
  return { kind: "lost", text: clipText(text), ...(unbegun && { unbegun }) };
}

function parseWorker(entry: string): WorkerStatus | undefined {
  const [, worker, code, seconds, bash, sign] =
    /^(\d{1,3})=(\d{1,3}):(\d{1,10}(?:\.\d{1,3})?)(b?)(!?)$/.exec(entry) ?? [];
  const exitCode = Number(code);
  if (worker === undefined || exitCode > 255) return undefined;
  const stopped = sign === "!";
  return {
    worker: Number(worker),
    exitCode,
    seconds: Number(seconds),
    stopped,
    ...(bash === "b" && { hasBash: true }),
  };
}
