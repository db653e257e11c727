/** How a job ended, as the trailer says it. */
export type JobStatus =
  | {
      readonly kind: "ended";
      readonly reason: "exited" | "timed-out" | "cancelled";
      readonly workers: readonly WorkerStatus[];
    }
  /** The container could not run the job: no script ran. */
  | { readonly kind: "refused"; readonly text: string }
  /** One ran, and how it ended is lost, or is no word of ours. */
  | { readonly kind: "lost"; readonly text: string };

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
    const kind = text.startsWith("refused ") ? "refused" : "lost";
    return { kind, text: text.replace(/^(refused|lost) /, "") };
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
