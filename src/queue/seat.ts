import type { Inputs, MatrixJob } from "../inputs/inputs.ts";
import type { Origin } from "../inputs/origin.ts";
import type { Target } from "../targets/target.ts";
import type { ClaimName } from "./claim.ts";
import type { SessionLook } from "./early-look.ts";
import type { LostSessionContext } from "./lost-session.ts";
import type { QueueOptions } from "./queue.ts";
import type { QueueS3 } from "./queue-object.ts";

export interface SeatOptions extends QueueOptions {
  readonly target: Target;
  /** `ecs:<cluster>_<task>_<runtime id>`, by which the container's sessions are listed. */
  readonly sessionTarget: string;
  readonly inputs: Pick<Inputs, "bucket" | "prefix" | "kmsKeyId">;
  /** The account that the bucket has to belong to, if known. */
  readonly owner: string | undefined;
  readonly origin: Pick<Origin, "id" | "earlier" | "url" | "variables">;
  /** Which job of its matrix the run is, if known. */
  readonly matrix: MatrixJob | undefined;
  /**
   * Resolves with true when another run that shares, too, may hold a seat in the container at the same time. Only for a
   * run that releases its session soon, and whose sessions aren't logged: the upload of a log keeps the seat of a session.
   * Must not reject.
   */
  readonly shares?: Promise<boolean>;
  readonly aws: { readonly s3: QueueS3; readonly ssm: LostSessionContext["ssm"] };
  /** Whether the container's sessions are logged nowhere. Only a run without a bucket asks. */
  readonly isUnlogged: () => Promise<boolean>;
  /** Whether the run attaches to a job that runs already. */
  readonly attaches?: boolean | undefined;
  /** The sessions that the run has opened in the container before. It does not wait for them. */
  readonly own?: readonly string[] | undefined;
  /** A look at the container's sessions that is under way. */
  readonly early?: SessionLook | undefined;
  /** Called with the claim before it is made, since the cleanup has to undo it; with undefined when it is given back. */
  readonly onClaim?: (claim: SeatClaim | undefined) => void;
}

/** A claim that may not be given back before `freeAt`, in milliseconds since the epoch. */
export interface SeatClaim extends ClaimName {
  readonly freeAt?: number;
}

/** The right to open sessions in a container, one at a time. */
export interface Seat {
  /** True when a claim keeps other runs waiting until the seat is given back. */
  readonly isHeld: boolean;
  /**
   * True when another session may delay the opening of this run's session. That may be a session that has lost its client, until
   * its attacher gives up. In a container that takes one session at once, it may be a session of another run.
   */
  readonly isBesideOthers: boolean;
  /**
   * When the container's sessions were listed for this seat, in milliseconds since the epoch. Undefined for a seat that such a look
   * does not decide.
   */
  readonly lookedAt?: number | undefined;
  /** True when other runs were in the queue when this one last read it. */
  readonly isWanted: boolean;
  /** Whether another run waits in the queue, as it is now. False when that can't be read. */
  isWaitedFor(): Promise<boolean>;
  /** Called with each session of the run: the claim names the last one, for the case that this run is lost. */
  onSession(sessionId: string): void;
  /** Called when the run is about to release its session: others may come in, as far as `shares` allows that. */
  share(): void;
  /**
   * Waits until another session may be opened, after this one was lost. Only a run that may share the container has to
   * wait. An abort throws its reason.
   */
  waitToReplace(lostSessionId: string): Promise<void>;
  /** Leaves it to the post step to give the seat back at this time. Never rejects. */
  postpone(freeAt: number): Promise<void>;
  /** Gives the seat to the next run. Never rejects; a second time does nothing. */
  release(): Promise<void>;
}
