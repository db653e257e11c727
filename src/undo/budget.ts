import { SHOWN_AFTER_CANCEL_MS } from "../follow/backlog.ts";
import { LAST_WORD_OF_CANCEL_MS, TOLD_LATER_MS } from "../follow/follow-pieces.ts";
import { CANCELLING_MS, CLOSING_MS } from "../follow/follow-session.ts";
import { LAST_PARTS_MS } from "../pieces/parts.ts";
import { CLOSE_MS } from "../transport/socket.ts";

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
 * The time for the calls of AWS between the other waits. They have no limit of their own; ECS and SSM answer within
 * tenths of a second.
 */
const CALLS_MS = 1_000;

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
const socket: Wait = { for: "the gateway to close its socket", atMost: CLOSE_MS };

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
  ],
  "the job tells its end by S3": [
    answer,
    { for: "a job that learned of the cancel later, from a command of its own", atMost: TOLD_LATER_MS },
    { for: "the last word to reach S3", atMost: LAST_WORD_OF_CANCEL_MS },
    { for: "parts of its artifacts that are still read", atMost: LAST_PARTS_MS },
    calls,
  ],
  "the job has output that is still unread": [
    { for: "output that came before the cancel", atMost: SHOWN_AFTER_CANCEL_MS },
    socket,
    calls,
  ],
  "the job does not answer, and is stopped by a command of its own": [answer, calls, handshake],
  "a session has begun, and ECS has not told how it is encrypted": [calls, handshake, calls],
  "RunTask, RegisterTaskDefinition or PutObject is under way": [grace, calls],
  "ExecuteCommand is under way, and the job is stopped by a command of its own": [grace, calls, handshake],
};
