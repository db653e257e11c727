import { asFailure, Failure } from "../errors.ts";
import type { Gap } from "../stream/extract.ts";
import { enoughShown } from "./backlog.ts";
import { describeGap } from "./ending.ts";
import { followJob, type FollowOptions } from "./follow.ts";
import type { CarrierEnd, JobEnd } from "./job-end.ts";
import type { Session, SessionEnd } from "../session/session.ts";
import { lookAtTask, type TaskMonitorOptions, monitorTask } from "./task-monitor.ts";

/** After the first cut; doubled for each one that follows without any output in between. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 20_000;
/** Sessions in a row that did not even come to show the job. */
const MOST_IN_VAIN = 8;
/** For the last output of a task that has ended. */
const LAST_WORDS_MS = 1_000;

export interface AttendOptions
  extends Omit<FollowOptions, "first" | "enough">, Omit<TaskMonitorOptions, "signal" | "clock"> {
  /** A new session that goes on at this byte of the spool; rejects when there can't be one. */
  readonly attach: (at: number) => Promise<Session>;
  /** Ends a session that was lost, so that it gives its place in the container back. Best effort. */
  readonly terminate: (sessionId: string) => Promise<void>;
  /** Why the agent does not open the first session. */
  readonly whyUnopened: (sessionId: string) => Promise<Failure>;
  /** When to give up, in milliseconds since the epoch. */
  readonly until: number;
}

/**
 * Watches the job to its end through as many sessions as that takes. A session that is cut costs nothing: the next
 * one goes on at the byte where this one was. While it lasts the task is looked at too, and its end beats whatever a
 * broken session says. Rejects when the first session can't be opened.
 */
export async function attend(options: AttendOptions): Promise<JobEnd> {
  const { clock, extractor, log, cancel, until } = options;
  const over = new AbortController();
  const watching: TaskMonitorOptions = { ...options, signal: over.signal };
  const enough = enoughShown(cancel, clock, over.signal);
  try {
    let session = await options.attach(0);
    let gone: Failure | undefined;
    let first = true;
    const leaveAfter = (ms: number): Promise<void> =>
      clock.sleep(Math.max(0, ms), over.signal).then(() => session.close());
    monitorTask(watching)
      .then((failure) => {
        gone = failure;
        return leaveAfter(LAST_WORDS_MS);
      })
      .catch(() => undefined); // nobody watches any more
    leaveAfter(until - clock.now()).catch(() => undefined); // it ended in time

    for (let inVain = 0, gaps = 0, pause = FIRST_PAUSE_MS; ;) {
      const from = extractor.offset;
      const followed = await followJob(session, { ...options, first, enough });
      first &&= !session.heard;
      if (followed.kind === "unopened") {
        const failure = gone ?? (await options.whyUnopened(session.sessionId));
        // It may still be in the agent's queue.
        await options.terminate(session.sessionId);
        return { kind: "impossible", failure };
      }
      if (followed.kind !== "ended" && followed.kind !== "gap") return followed;
      gone ??= (await lookAtTask(watching)).gone;
      if (gone !== undefined) return { kind: "impossible", failure: gone };
      const progress = extractor.offset > from;
      // A job may be silent for hours, and its sessions cut once in an hour.
      inVain = progress || (followed.kind === "ended" && followed.attached) ? 0 : inVain + 1;
      if (followed.kind === "ended" && isMismatch(followed.end)) await options.terminate(session.sessionId);
      if (isFinal(followed) || cancel.aborted || inVain >= MOST_IN_VAIN || clock.now() >= until)
        return followed;

      const { sessionId } = session;
      // One annotation says it; a peer that does it again and again must not fill the page with them.
      if (followed.kind === "gap") log[gaps++ === 0 ? "warning" : "info"](notWhole(sessionId, followed));
      else
        log.info(
          `Session ${sessionId} was cut: ${describeEnd(followed.end)} Attaching again at byte ${extractor.offset}.`,
        );
      if (followed.kind === "gap" || followed.end.kind === "lost") await options.terminate(sessionId);
      pause = progress ? FIRST_PAUSE_MS : Math.min(pause * 2, LONGEST_PAUSE_MS);
      const next = await nextSession(pause, options);
      if (next instanceof Failure) return { kind: "impossible", failure: next };
      session = next;
    }
  } finally {
    over.abort();
  }
}

/** Another session, tried while it is the network that refuses it; a refusal that is final is returned. */
async function nextSession(pause: number, options: AttendOptions): Promise<Session | Failure> {
  const { clock, cancel, extractor, log, until } = options;
  for (;;) {
    await clock.sleep(pause * (0.5 + Math.random() / 2), cancel);
    extractor.restart();
    try {
      return await options.attach(extractor.offset);
    } catch (error) {
      cancel.throwIfAborted();
      const failure = asFailure(error);
      if (!TRANSIENT.has(failure.code) || clock.now() >= until) return failure;
      log.info(`No session yet: ${failure.seen}`);
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    }
  }
}

/** Failures that a moment may mend. */
const TRANSIENT: ReadonlySet<string> = new Set(["session-lost", "aws-unreachable", "throttled"]);

/** Ends that another session would only repeat: the command was not started. */
export function isFinal(followed: CarrierEnd): boolean {
  if (followed.kind !== "ended") return false;
  const { end } = followed;
  if (end.kind === "closed")
    return /Unable to start command|encryption is not set up|unable to validate encryption|initiating handshake/.test(
      end.text,
    );
  return isMismatch(end) || (isLostBy(end) && end.cause.code === "access-denied");
}

/** Its encryption is not the cluster's: it was given up before anything was typed. */
function isMismatch(end: SessionEnd): boolean {
  return isLostBy(end) && end.cause.code === "encryption-mismatch";
}

/** Lost for a reason that has words of its own. */
export function isLostBy(
  end: SessionEnd,
): end is Extract<SessionEnd, { kind: "lost" }> & { readonly cause: Failure } {
  return end.kind === "lost" && end.cause instanceof Failure;
}

function notWhole(sessionId: string, gap: Gap): string {
  return (
    `The output of session ${sessionId} did not arrive as it was sent: ${describeGap(gap)} Something else wrote into ` +
    `its terminal, or bytes were lost. What it showed after byte ${gap.offset} can't be trusted and comes again.`
  );
}

export function describeEnd(end: SessionEnd): string {
  switch (end.kind) {
    case "closed":
      return end.text.trim() === "" ? "closed by the other side, without a reason." : end.text.trim();
    case "lost":
      return `${end.why}.`;
    case "detached":
      return "left.";
  }
}
