import type { Failure } from "../errors.ts";
import type { Session } from "../session/session.ts";

/** The sessions of a job, one after the other. */
export interface SessionSource {
  /** When to give up, in milliseconds since the epoch. The first session of a step that attaches may put it off. */
  readonly until: number;
  /**
   * Opens a session that goes on at this byte of the spool. Queues for a seat in the container when the job has none.
   * Rejects when there can't be a session.
   */
  attach(at: number): Promise<Session>;
  /** How long the agent may take to open the first session, in milliseconds from now. */
  opening(): number;
  /** How many more milliseconds to wait for the first session, when `opening` is over. */
  moreTime(sessionId: string): Promise<number>;
  /** Whether the policies of the task's role prove that the agent never opens a session. Rejects for a cancel. */
  canNeverOpen(): Promise<boolean>;
  /** Explains why the agent has not opened the first session. */
  whyUnopened(sessionId: string): Promise<Failure>;
  /** Ends a session that was lost, so that its seat in the container is free. Never rejects. */
  terminate(sessionId: string): Promise<void>;
  /** Notes that the job was seen, so that the container has the payload. The time for which a step that attaches follows the job begins then. */
  noteAttached(): void;
  /** Resolves when another run waits for the seat in the container. Rejects when `over` aborts. */
  untilWanted(over: AbortSignal): Promise<void>;
  /**
   * Gives the seat in the container back: no session is needed for now. `closing` is the session through
   * which the job's status has arrived, and which is about to be closed.
   */
  releaseSeat(closing?: Session): void;
  /** Stops the job by a command of its own. Resolves with whether the command has reached the container; never rejects. */
  stop(): Promise<boolean>;
}
