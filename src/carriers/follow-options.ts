import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { PieceStore } from "./pieces/store.ts";
import type { OutputItem } from "./stream/items.ts";
import type { Spool } from "./stream/spool.ts";
import type { ItemOrderLine } from "../payload/input.ts";
import type { Expiry } from "./expiry.ts";
import type { JobEnd } from "./job-end.ts";
import type { TypedInput } from "./session-input.ts";
import type { SessionSource } from "./session-source.ts";
import type { TaskMonitorOptions } from "./task-monitor.ts";
import type { PieceFolders } from "./upload-orders.ts";

export interface FollowJobOptions {
  readonly sessions: SessionSource;
  /** The folders for the output in S3; undefined when S3 may not carry it. */
  readonly folders?: PieceFolders | undefined;
  /** What every mark of the job's sessions begins with. */
  readonly nonce: string;
  readonly spool: Spool;
  readonly typed: TypedInput;
  readonly show: (item: OutputItem) => void;
  /** Hands out items to the job; undefined when it has none. */
  readonly items?: ItemOrders | undefined;
  /** Shows a note of the container. */
  readonly note: (text: string) => void;
  /** Back-pressure: no more output is read until this resolves. */
  readonly drained?: (() => Promise<void>) | undefined;
  readonly ecs: TaskMonitorOptions["ecs"];
  readonly target: TaskMonitorOptions["target"];
  readonly clock: Clock;
  readonly log: Log;
  /** Aborts when the job has to stop. The job then has four seconds to report its end. */
  readonly cancel: AbortSignal;
  /** What happens when AWS refuses the credentials. */
  readonly expiry?: Expiry | undefined;
  /** When the credentials end, in milliseconds since the epoch, if known. */
  readonly credentialsEnd?: number | undefined;
  /** Aborts when the job is to be detached at once. */
  readonly detachNow?: AbortSignal | undefined;
  /** How long the job is followed before it is detached, in milliseconds; undefined: to its end. */
  readonly detachAfter?: number | undefined;
  /**
   * Whether the script has ended, and some of what comes behind its output is here, such as artifacts. The job is then followed to its end: the next step
   * would lack their beginning.
   */
  readonly isEnding?: (() => boolean) | undefined;
  /** Whether the container stops the job when it hears nothing of the step for 90 s: a job under a lock. By default not. */
  readonly isFenced?: boolean | undefined;
  /** The job, when another step has detached from it; undefined when this step starts it. */
  readonly running?: RunningJob | undefined;
}

/** The orders for the items of a job. */
export interface ItemOrders {
  /** Resolves when the container has all of them: before that the job is not detached. */
  readonly allGiven: Promise<void>;
  /** Those that the container has not confirmed, the oldest first. */
  readonly pending: readonly ItemOrderLine[];
  /** Calls this when they have changed. */
  onChange(changed: () => void): void;
}

/** A job that runs already. */
export interface RunningJob {
  /** The folder into which the container uploads its output; undefined when it uploads none. */
  readonly pieces: PieceStore | undefined;
  /** Until when the container may write there, as far as that is known, in milliseconds since the epoch. */
  readonly writableUntil: number;
}

/** The outcome of following a job. */
export interface FollowedJob {
  readonly end: JobEnd;
  /** True when the script may have run. */
  readonly attached: boolean;
  /** When a session first showed the job, or this step resumed it, in milliseconds since the epoch; else undefined. */
  readonly attachedAt: number | undefined;
  /** True when S3 carried the output to the job's end, so that the container uploads no more. */
  readonly byPieces: boolean;
  /** True when the job's end was taken while another step still reads its pieces. */
  readonly hasOthers: boolean;
  /** True when the container has closed the last session itself. With the status in it, the attacher had ended the uploads before that. */
  readonly isClosed: boolean;
}
