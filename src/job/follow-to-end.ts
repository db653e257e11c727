import { knownEnd } from "../aws/static-keys.ts";
import { loggedFailure } from "../log.ts";
import { followJob } from "../follow/follow-job.ts";
import { Expiry } from "../follow/expiry.ts";
import type { FollowSessionOptions } from "../follow/follow-session.ts";
import type { JobEnd } from "../follow/job-end.ts";
import { HOLD_SLACK_MS } from "../targets/hold-command.ts";
import type { JobContext } from "./context.ts";
import type { JobOutput } from "./output.ts";
import type { JobSessions } from "./sessions.ts";

/** Follows the job to its end through its sessions. Never rejects: what keeps it from being followed is an end, too. */
export async function followToEnd(
  sessions: JobSessions,
  typed: FollowSessionOptions["typed"],
  output: JobOutput,
  context: JobContext,
): Promise<JobEnd> {
  const { looks, target, drained, clock, log, cancel } = context;
  const { until, attach, opening, moreTime, whyUnopened, terminate, onAttached } = sessions;
  const expiry = expiryOf(context);
  const end = await followJob({
    ...{ until, attach, opening, moreTime, whyUnopened, terminate, onAttached },
    ecs: looks,
    target,
    extractor: output.extractor,
    typed,
    onNote: (text) => log.info(text),
    onShown: output.showLive,
    drained,
    expiry,
    onRefused: (refusal) => expiry.onRefused(refusal),
    credentialsEnd: knownEnd(process.env),
    clock,
    log,
    cancel,
  }).catch((error: unknown): JobEnd => ({ kind: "impossible", failure: loggedFailure(error, log) }));
  await sessions.settle(end);
  return expiry.conclude(end, sessions.attached);
}

/** What happens at the end of the credentials to a job that starts now. */
function expiryOf({ inputs, target, clock, log }: JobContext): Expiry {
  const { where, timeout } = inputs;
  const start = where.kind === "new" ? where.start : undefined;
  const until = clock.now() + timeout;
  return new Expiry({
    target,
    endsTask: start?.keepTask === "never",
    until,
    heldUntil: start?.hold ? until + HOLD_SLACK_MS : undefined,
    clock,
    log,
  });
}
