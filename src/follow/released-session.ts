import type { Clock } from "../clock.ts";
import { DETACH, END_TASK, TAKEN } from "../payload/input.ts";
import { AWAY } from "../pieces/orders.ts";
import type { Session } from "../session/session.ts";
import type { SessionInput } from "./session-input.ts";

/** A second carrier, for which the session may be released. */
export interface Handover {
  /**
   * Orders the container to use it, by lines that `type` types, and waits until it is proven to work. Resolves with
   * false when it is not, or when `over` aborts. Never rejects.
   */
  prove(type: (lines: Uint8Array) => Promise<void>, over: AbortSignal): Promise<boolean>;
}

/** The action has released the session: another carrier brings the output. The attacher may stay in it. */
export interface ReleasedSession {
  readonly kind: "released";
  /** Resolves when the session is over. */
  readonly over: Promise<void>;
  /** Tells an attacher that has stayed to end, because another run waits for its place. */
  giveWay(): Promise<void>;
  /** Tells the attacher that the status has arrived, and closes the session. */
  take(): Promise<void>;
  /** Tells an attacher that has stayed that the job is detached, and closes the session. */
  detach(): Promise<void>;
  close(): Promise<void>;
}

export interface ReleasedSessionOptions {
  readonly session: Session;
  readonly input: SessionInput;
  /** Resolves when the output of the session has ended. */
  readonly reading: Promise<void>;
  readonly clock: Clock;
  /** The time for the agent to close the session after the job's status has arrived. */
  readonly closingMs: number;
  /** To be aborted when the session is over: nothing is typed into it any more. */
  readonly over: AbortController;
  /** Whether the task has to be told to end, because no call can stop it any more. */
  readonly mustEndTask: () => boolean;
}

export function releaseSession({
  session,
  input,
  reading,
  clock,
  closingMs,
  over,
  mustEndTask,
}: ReleasedSessionOptions): ReleasedSession {
  const close = async (): Promise<void> => {
    await session.close();
    over.abort();
  };
  // An attacher that has stayed in the session obeys this line.
  const endTask = async (): Promise<void> => {
    if (mustEndTask()) await input.type(END_TASK);
  };
  const end = async (line: Uint8Array): Promise<void> => {
    await input.type(line);
    await Promise.race([session.ended, clock.sleep(closingMs, over.signal).catch(() => undefined)]);
    await close();
  };
  return {
    kind: "released",
    over: reading.then(close),
    giveWay: () => input.type(AWAY),
    take: async () => {
      await endTask();
      await end(TAKEN);
    },
    detach: () => end(DETACH),
    close: async () => {
      await endTask();
      await close();
    },
  };
}

/** Stands for the session of a job that is followed by S3 from the beginning. */
export const NO_SESSION: ReleasedSession = {
  kind: "released",
  over: Promise.resolve(),
  giveWay: () => Promise.resolve(),
  take: () => Promise.resolve(),
  detach: () => Promise.resolve(),
  close: () => Promise.resolve(),
};
