import { SHOWN_AFTER_CANCEL_MS } from "../follow/backlog.ts";
import { CANCELLING_MS, CLOSING_MS } from "../follow/follow-session.ts";
import { CLOSE_MS } from "../transport/socket.ts";

/**
 * The runner sends SIGINT to a step that is cancelled and SIGTERM so much later (actions/runner: `ProcessInvoker`). With
 * SIGTERM the main step ends, whatever it is doing; what is on record then is the post step's.
 */
export const SIGTERM_AFTER_MS = 7_500;

/** For the answer to a call that makes something and is under way at the cancel. */
export const GRACE_MS = 2_000;
/** For the connection and the handshake of an encrypted session that brings the stop command: before them the agent runs nothing. */
export const HANDSHAKE_MS = 2_500;
/** For the calls of AWS on the way, which have no limit of their own: ECS and SSM answer within tenths of a second. */
const CALLS_MS = 1_000;

interface Wait {
  readonly for: string;
  readonly atMost: number;
}

const answer: Wait = { for: "the job to say how it was stopped", atMost: CANCELLING_MS };
const calls: Wait = { for: "calls of AWS", atMost: CALLS_MS };
const grace: Wait = { for: "a call that makes something", atMost: GRACE_MS };
const handshake: Wait = { for: "the handshake of the session with the stop command", atMost: HANDSHAKE_MS };
const socket: Wait = { for: "the gateway to close its socket", atMost: CLOSE_MS };

/** All waits of a main step that is cancelled: one after the other on each way that it may go. */
export const CANCEL_BUDGET: Readonly<Record<string, readonly Wait[]>> = {
  "the job tells its end over its session": [
    answer,
    { for: "the agent to close the session", atMost: CLOSING_MS },
    socket,
    calls,
  ],
  "the job has output that is still unread": [
    { for: "output that came before the cancel", atMost: SHOWN_AFTER_CANCEL_MS },
    socket,
    calls,
  ],
  "the job does not answer, and is stopped by a command of its own": [answer, calls, handshake],
  "RunTask, RegisterTaskDefinition or PutObject is under way": [grace, calls],
  "ExecuteCommand is under way, and the job is stopped by a command of its own": [grace, calls, handshake],
};
