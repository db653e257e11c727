import type { ArtifactSettings } from "./artifact-settings.ts";
import { Beat } from "./beat.ts";
import type { Carried } from "./carried.ts";
import type { Order } from "./order.ts";
import type { Host, Time } from "../time.ts";
import type { Killable } from "./killable.ts";
import { Spool } from "./spool.ts";
import type { Stock } from "./stock.ts";

/** What the runner has written at the head of the payload. */
export interface Settings {
  readonly workers: number;
  readonly timeoutMs: number;
  readonly waitMs: number;
  /** The age of the last beat at which a session ends, and with the fence the job, too. */
  readonly silenceMs: number;
  readonly hasFence: boolean;
  readonly pieces: boolean;
  readonly leaves: boolean;
  readonly detaches: boolean;
  readonly isHeldForJob: boolean;
  /** The container lives on for later steps, each of which puts its end off. */
  readonly keepsTask: boolean;
  /** How many items there are; undefined: the script runs once in each worker. */
  readonly items: number | undefined;
  /** Between two looks at `control` while orders for items may come. */
  readonly itemsPaceMs: number;
  /** The index of the task among those of the step: the script's FARGATE_EXEC_TASK. */
  readonly task: number;
  /** The attempt of the workflow's run. */
  readonly runAttempt: number;
  /** How much later than the job's time-out that end is. */
  readonly slackMs: number;
  /** How many bytes of output may wait for the reader. */
  readonly artifacts: ArtifactSettings | undefined;
  /** Where the files go that the job brings, by the numbers in their archive. */
  readonly destinations: readonly string[];
  /** The workflow run of the job. */
  readonly url: string;
  /** What follows the head: names and sizes. */
  readonly cuts: readonly (readonly [name: string, bytes: number])[];
}

/** The directory of a job: what its processes share. */
export class Directory {
  readonly runId: string;
  readonly spool = new Spool();
  /** The bootstrap that has made it. */
  maker: Host | undefined;
  payload: Buffer | undefined;
  /** Set once there is a job to start. */
  settings: Settings | undefined;
  script: Buffer | undefined;
  /** The text of all items. */
  items: Buffer | undefined;
  /** The archive of the files that the job brings, until they are placed. */
  files: Buffer | undefined;
  /** Of a job with items that has started. */
  stock: Stock | undefined;
  hasStarted = false;
  /** The job's process. */
  job: Host | undefined;
  /** The process that reads what the workers print. */
  recorder: Host | undefined;
  /** The workers' processes. */
  workers: readonly Killable[] = [];
  /** What runs the items of each worker. */
  itemWorkers: readonly Host[] = [];
  /** Ends the workers of a job that was killed. */
  endOrphans: (() => void) | undefined;
  /** Ends the job's workers: by TERM, KILL later. */
  stop: ((reason: "cancelled" | "timed-out" | "fenced") => void) | undefined;
  attacher: Host | undefined;
  readonly beat = new Beat();
  uploader: Host | undefined;
  /** The program that the uploader has started for its order. */
  uploadProgram: Host | undefined;
  status: string | undefined;
  order: readonly string[] | undefined;
  /** The order that is being carried out, and how far. */
  carrying: { readonly order: Order; readonly carried: Carried } | undefined;
  readonly notes: string[] = [];
  isCancelled = false;
  /** When the job was told to end soon. */
  hurriedAt: number | undefined;
  /** The stop command has told it, and not a session. */
  isLate = false;
  isTaken = false;
  /** The reader has taken the end from S3. */
  isTakenByS3 = false;
  isDetached = false;
  hasLeft = false;
  stays = false;
  isAway = false;
  isGone = false;
  readonly #time: Time;
  readonly #sleepers = new Set<() => void>();

  constructor(runId: string, time: Time) {
    this.runId = runId;
    this.#time = time;
    this.spool.onGrowth = () => this.wake();
  }

  /** Wakes the attacher and the uploader. */
  wake(): void {
    const sleepers = [...this.#sleepers];
    this.#sleepers.clear();
    for (const wake of sleepers) wake();
  }

  /** Waits for news, at most `ms`. */
  async news(host: Host, ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        stop();
        // The sleeper goes on in an event of its own, and not in the middle of what has woken it.
        this.#time.after(host, 0, resolve);
      };
      const stop = this.#time.after(host, ms, () => {
        this.#sleepers.delete(wake);
        resolve();
      });
      this.#sleepers.add(wake);
    });
  }

  note(text: string): void {
    this.notes.push(text);
    this.wake();
  }
}
