import type { SessionEnd } from "../session/end.ts";
import type { ItemOrderLine } from "../payload/input.ts";
import type { SpoolEvent } from "./stream/spool-events.ts";

/** What a carrier brings. */
export type CarrierEvent =
  | SpoolEvent
  /** A note of the container for the user. */
  | { readonly kind: "note"; readonly text: string }
  /** S3 works in this container. Nothing more comes before `takeOver`. */
  | { readonly kind: "proven" }
  /** The session is released: another carrier goes on. Only notes come after that, and the loss. */
  | { readonly kind: "released" }
  /** Nothing more comes. Always the last event. */
  | { readonly kind: "lost"; readonly why: Loss };

/** Why a carrier brings nothing more. */
export type Loss =
  /** The session ended without the job's status. A session that was silent for too long counts as lost. */
  | { readonly kind: "cut"; readonly end: SessionEnd; readonly attached: boolean }
  /** The agent has not opened the job's first session, so nothing was started in it. */
  | { readonly kind: "unopened" }
  /** S3 can't carry the output any more. `seen` is a clause. */
  | { readonly kind: "stalled"; readonly seen: string }
  /** All that was uploaded has come, and no end. */
  | { readonly kind: "exhausted" }
  /** It was closed here. */
  | { readonly kind: "closed" };

/** What the step wants the container to know: all that holds, so that each carrier can say it again. */
export interface Words {
  /** The byte up to which all of the spool is here for certain. */
  readonly confirmed: number;
  /** Why the job has to stop: the step is cancelled, or has lost its credentials. */
  readonly stop: "cancelled" | "expired" | undefined;
  /** Whether the container has to end its task, because no call can stop it any more. */
  readonly endsTask: boolean;
  /** The lines that order the container to upload its output. */
  readonly order: Uint8Array | undefined;
  /** The orders for items that the container has not confirmed, the oldest first. */
  readonly itemOrders: readonly ItemOrderLine[];
}

/**
 * The last word of a carrier: another carrier goes on (`left`); the seat is for another run (`away`); the end was taken (`taken`); the job is
 * detached (`detach`); a session follows the job again (`attach`).
 */
export type LastWord = "left" | "away" | "taken" | "detach" | "attach";

/** What brings the bytes of a job's spool: a session, pieces in S3, or the log of a session. */
export interface Carrier {
  readonly kind: "session" | "pieces" | "log";
  /** For one reader. To ask for the next event late is back-pressure. */
  readonly events: AsyncIterable<CarrierEvent>;
  /** Tells the container what holds now. */
  say(words: Words): void;
  /** The container has ended: what it has sent still comes, and then the loss. */
  finish(): void;
  /** Ends this carrier with a last word to the container. Never rejects. */
  close(word?: LastWord): Promise<void>;
}
