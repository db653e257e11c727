import type { Failure } from "../../errors.ts";
import type { Session } from "../session.ts";

/** What a tunnel asks for. */
export interface SessionRequest {
  /** The ID of the last session; undefined for the first. */
  readonly lost: string | undefined;
  /** Why the container of the last session takes no relay. Then the next one has to be in another container. */
  readonly refusal: Failure | undefined;
  /** Whether any container has carried the forward. */
  readonly hasCarried: boolean;
  /** Called when the container of the last session is gone, while another one is looked for. */
  readonly onGone: () => void;
  /** Aborts when the tunnel needs no session any more. */
  readonly signal: AbortSignal;
}

export interface OpenedSession {
  readonly session: Session;
  /** Whether it is in another container than the last one. */
  readonly isElsewhere: boolean;
}
