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

export function parseStatus(text: string): JobStatus {
  const [, reason, list] = /^(exited|timed-out|cancelled) (\S+)$/.exec(text) ?? [];
  const workers = (list ?? "").split(",").map((entry) => /^(\d+)=(\d+):(-?\d+)(!?)$/.exec(entry));
  if (reason === undefined || workers.includes(null)) {
    if (!text.startsWith("refused ")) return { kind: "lost", text: text.replace(/^lost /, "") };
    const [, code, words] = /^refused (?:(user|directory|shell|variable|tool): )?(.*)$/s.exec(text) ?? [];
    const known = code === undefined || code === "tool" ? "job" : (code as RefusalCode);
    return { kind: "refused", code: known, text: words ?? "" };
  }
  return {
    kind: "ended",
    reason: reason as "exited" | "timed-out" | "cancelled",
    workers: workers.map((match) => ({
      worker: Number(match?.[1]),
      exitCode: Number(match?.[2]),
      seconds: Math.max(0, Number(match?.[3])),
      stopped: match?.[4] === "!",
    })),
  };
}
