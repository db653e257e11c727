import { LAST_WORD_MS, LAST_WORD_OF_CANCEL_MS, TOLD_LATER_MS } from "../carriers/pieces-carrier.ts";
import {
  CANCELLING_MS,
  CLOSING_MS,
  DETACHING_MS,
  LAST_WORDS_MS,
  SHOWN_AFTER_CANCEL_MS,
} from "../carriers/session-carrier.ts";
import { LAST_PARTS_MS } from "../carriers/pieces/parts.ts";
import { TAKEN_READ_MS } from "../carriers/pieces/orders.ts";
import { CLOSE_MS } from "../session/transport/socket.ts";

/**
 * The time between the SIGINT of a cancel and SIGTERM (actions/runner: `ProcessInvoker`). At SIGTERM the main step
 * ends at once, and the post step undoes what is in the ledger.
 */
export const SIGTERM_AFTER_MS = 7_500;

/** The time for the answer to a call that makes something and is under way at the cancel. */
export const GRACE_MS = 2_000;
/**
 * The time for the connection and the handshake of an encrypted session with the stop command. The agent runs the
 * command after them. The job is stopped then, so nothing waits for the gateway to close its socket.
 */
export const STOP_HANDSHAKE_MS = 2_500;
/**
 * When the calls of the cleanup end after the SIGINT, and with them the stop command. The main step then reports, and leaves the rest to the
 * post step.
 */
export const CALLS_END_MS = 6_900;
/** What is at least left for the calls of AWS between the other waits. ECS and SSM answer within tenths of a second. */
const CALLS_MS = CALLS_END_MS - CANCELLING_MS - STOP_HANDSHAKE_MS;
/** The time for outputs, summary, annotation and the end of the process. */
const REPORT_MS = 500;

/** What the container's programs do in the time in which the job has to say how it was stopped. A test compares these times with theirs. */
export const CONTAINER_BUDGET = {
  /** KILL after TERM (workers.sh). */
  killAfter: 3_000,
  /** The packing of artifacts ends (artifacts.sh). */
  packingEnds: 3_300,
  /** The same for a job that learns of the cancel from the stop command. The exec agent sleeps a second before it runs that. */
  packingEndsWhenToldLater: 2_200,
};

interface Wait {
  readonly for: string;
  readonly atMost: number;
}

const answer: Wait = { for: "the job to say how it was stopped", atMost: CANCELLING_MS };
const calls: Wait = { for: "calls of AWS", atMost: CALLS_MS };
const grace: Wait = { for: "a call that makes something", atMost: GRACE_MS };
const handshake: Wait = {
  for: "the handshake of the session with the stop command",
  atMost: STOP_HANDSHAKE_MS,
};
const lastWords: Wait = { for: "the agent to acknowledge the last words", atMost: LAST_WORDS_MS };
const socket: Wait = { for: "the gateway to close its socket", atMost: CLOSE_MS };
const report: Wait = { for: "the report", atMost: REPORT_MS };

/**
 * The waits of a cancelled main step, by the course that it takes. The waits of one course follow one another; a test
 * adds them up.
 */
export const CANCEL_BUDGET: Readonly<Record<string, readonly Wait[]>> = {
  "the job tells its end over its session": [
    answer,
    { for: "the agent to close the session", atMost: CLOSING_MS },
    socket,
    calls,
    report,
  ],
  "the job tells its end by S3": [
    answer,
    { for: "a job that learned of the cancel later, from a command of its own", atMost: TOLD_LATER_MS },
    { for: "the last word to reach S3", atMost: LAST_WORD_OF_CANCEL_MS },
    { for: "parts of its artifacts that are still read", atMost: LAST_PARTS_MS },
    { for: "the container to read that its end was taken", atMost: TAKEN_READ_MS },
    calls,
    report,
  ],
  "the job has told its end before, and the agent does not acknowledge that it is known": [
    { for: "the last word to reach S3, which was written before the cancel", atMost: LAST_WORD_MS },
    lastWords,
    { for: "the agent to close the session", atMost: CLOSING_MS },
    socket,
    calls,
    report,
  ],
  "the job goes back to a session, and is told so by S3": [
    { for: "the last word to reach S3, which was written before the cancel", atMost: LAST_WORD_MS },
    lastWords,
    { for: "the attacher to end its session", atMost: CLOSING_MS },
    socket,
    calls,
    report,
  ],
  "the job goes back to a session, and the agent does not acknowledge that the last one is to end": [
    lastWords,
    { for: "the attacher to end its session", atMost: CLOSING_MS },
    socket,
    calls,
    handshake,
    report,
  ],
  "the job does not answer, and its task is to end with it": [answer, lastWords, socket, calls, report],
  "the job is left to the next step": [
    lastWords,
    { for: "the attacher to end", atMost: DETACHING_MS },
    socket,
    calls,
    report,
  ],
  "the job has output that is still unread": [
    { for: "output that came before the cancel", atMost: SHOWN_AFTER_CANCEL_MS },
    socket,
    calls,
    report,
  ],
  "the job does not answer, and is stopped by a command of its own": [answer, calls, handshake, report],
  "a session has begun, and ECS has not told how it is encrypted": [calls, handshake, calls, report],
  "RunTask, RegisterTaskDefinition or PutObject is under way": [grace, calls, report],
  "ExecuteCommand is under way, and the job is stopped by a command of its own": [
    grace,
    calls,
    handshake,
    report,
  ],
  "calls are not answered in time": [
    { for: "calls of AWS, until they are cut short", atMost: CALLS_END_MS },
    report,
  ],
};
