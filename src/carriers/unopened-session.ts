import type { Clock } from "../clock.ts";
import type { Session } from "../session/session.ts";

/**
 * The time for the agent to open the first session in a container that others may block. One second of it is a sleep
 * of the agent.
 */
export const OPENING_MS = 20_000;

/** The agent has not opened the job's first session, so nothing was started in it. */
export interface UnopenedSession {
  readonly kind: "unopened";
}

/** How long the action waits for the agent to open a session. */
export interface SessionOpening {
  /** True while no session of this job was opened, so that none of them can keep this one waiting. */
  readonly first: boolean;
  /** How long the agent may take to open that session, in milliseconds from now. */
  readonly opening: number;
  /**
   * Called when the agent has not opened the first session in time. Resolves with how many milliseconds longer to wait
   * for it.
   */
  readonly moreTime?: (() => Promise<number>) | undefined;
  /** Whether it is certain that the agent never opens a session. Asked once, when that agent has taken longer than usual. */
  readonly canNeverOpen?: (() => Promise<boolean>) | undefined;
}

/** True while the agent has not opened the first session of the job. */
export function isUnopened(session: Session, { first }: Pick<SessionOpening, "first">): boolean {
  return first && !session.heard;
}

/** Closes a first session that the agent does not open in time, or never can. Rejects once `over` aborts. */
export async function closeUnopened(
  session: Session,
  { first, opening, moreTime, canNeverOpen, clock }: SessionOpening & { readonly clock: Clock },
  over: AbortSignal,
): Promise<void> {
  const usual = Math.min(opening, OPENING_MS);
  await clock.sleep(usual, over);
  if (!isUnopened(session, { first })) return;
  // Beside the wait, since IAM may be slow or out of reach.
  canNeverOpen?.().then(
    (never) => (never && isUnopened(session, { first }) ? session.close() : undefined),
    () => undefined, // a cancel, which closes the session, too
  );
  const more = async (): Promise<number> => (await moreTime?.()) ?? 0;
  for (let ms = opening - usual || (await more()); ms > 0; ms = await more()) {
    await clock.sleep(ms, over);
    if (!isUnopened(session, { first })) return;
  }
  // The agent may have opened it during the last question for more time.
  if (isUnopened(session, { first })) await session.close();
}
