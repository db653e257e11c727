import type { Log } from "../log.ts";

/** The default length of a session (`aws-actions/configure-aws-credentials`). */
const USUAL_SESSION_MS = 3_600_000;
/** The usual time between the beginning of the session in an earlier step and this step. */
const BEGAN_BEFORE_MS = 300_000;
/**
 * For a job with this `timeout` or a shorter one, the wait before the job does not count. Such a job seldom waits as
 * long as it may. `queue-timeout` is `timeout` by default, so a step with a job of 30 minutes and keys of one hour
 * would always warn.
 */
const SHORT_JOB_MS = 1_800_000;

/**
 * When the static keys of an environment end, in milliseconds since the epoch. Undefined for keys of a user, which
 * don't end, and when the SDK finds its credentials elsewhere and renews them.
 */
export function endOfStaticKeys(env: NodeJS.ProcessEnv): number | "unknown" | undefined {
  if (env["AWS_PROFILE"] || !env["AWS_ACCESS_KEY_ID"] || !env["AWS_SECRET_ACCESS_KEY"]) return undefined;
  const expiration = env["AWS_CREDENTIAL_EXPIRATION"];
  const end = expiration === undefined ? NaN : Date.parse(expiration);
  if (!Number.isNaN(end)) return end;
  return env["AWS_SESSION_TOKEN"] ? "unknown" : undefined;
}

/**
 * The time from which the credentials may fail, in milliseconds since the epoch. From then on only a session that is open already
 * can stop a job. Undefined when they don't end, or are renewed, as those of a role that the step assumes itself. A session of
 * unknown end counts as one of the usual length that began shortly before `now`.
 */
export function reliableUntil(
  env: NodeJS.ProcessEnv,
  roleToAssume: string | undefined,
  now: number,
): number | undefined {
  if (roleToAssume !== undefined) return undefined;
  const end = endOfStaticKeys(env);
  return end === "unknown" ? now + USUAL_SESSION_MS - BEGAN_BEFORE_MS : end;
}

/** How long a job may take, in milliseconds. */
export interface JobTimes {
  readonly timeout: number;
  /** Whether `timeout` is the default, which says nothing of the job. */
  readonly isDefault: boolean;
  /** How long the step may wait before the job begins: for its task, or in the queue. */
  readonly wait: number;
}

/** Whether the keys of an environment last as long as a job may take. */
export type KeysLife =
  /** The keys end after the job, are renewed, or don't end. */
  | { readonly kind: "enough" }
  | { readonly kind: "too-short"; readonly facts: string }
  /** `mayEnd`: whether a session of the usual length would end before the job. */
  | { readonly kind: "unknown"; readonly mayEnd: boolean; readonly facts: string };

/** `now` in milliseconds since the epoch. `facts` name the times that were compared. */
export function keysLife(times: JobTimes, env: NodeJS.ProcessEnv, now: number): KeysLife {
  const end = endOfStaticKeys(env);
  if (end === undefined) return { kind: "enough" };
  const { timeout } = times;
  if (end === "unknown")
    return {
      kind: "unknown",
      mayEnd: timeout > USUAL_SESSION_MS - BEGAN_BEFORE_MS,
      facts: `${minutes(timeout, 0)}, and the AWS credentials ${UNKNOWN_END}`,
    };
  const wait = timeout > SHORT_JOB_MS ? times.wait : 0;
  if (now + wait + timeout <= end) return { kind: "enough" };
  const endsAt = new Date(end).toISOString();
  return {
    kind: "too-short",
    facts: `${minutes(timeout, wait)}, and the AWS credentials end at ${endsAt}`,
  };
}

/**
 * Warns of a job that may outlive the credentials of its step. Keys of unknown end with the default `timeout` get only a
 * line of the log. That is the usual set-up, and its jobs are mostly short. Nobody reads a warning that comes in every run.
 */
export function warnOfOutlived(
  times: JobTimes,
  env: NodeJS.ProcessEnv,
  now: number,
  log: Pick<Log, "info" | "warning">,
): void {
  const life = keysLife(times, env, now);
  if (life.kind === "enough" || (life.kind === "unknown" && !life.mayEnd)) return;
  const isCertain = life.kind === "too-short" || !times.isDefault;
  log[isCertain ? "warning" : "info"](
    `${life.facts}. Nothing renews them: if they end before the job does, it is stopped and the run fails. Set ` +
      "'role-to-assume' to a role, which is then assumed here and renewed while the job runs, or begin a session that is long enough.",
    "iam/README.md#credentials",
  );
}

/** Says when the credentials of a forward end, unless that is after its `timeout`. A cut needs them, and open connections do not. */
export function tellEndOfForward(
  timeout: number,
  env: NodeJS.ProcessEnv,
  now: number,
  log: Pick<Log, "info" | "warning">,
): void {
  const life = keysLife({ timeout, isDefault: false, wait: 0 }, env, now);
  if (life.kind === "enough" || (life.kind === "unknown" && !life.mayEnd)) return;
  log[life.kind === "too-short" ? "warning" : "info"](
    `${life.facts}. Nothing renews them: the forward ends at the first cut of its session after their end, and the service cuts each ` +
      "session once an hour. Set 'role-to-assume' to a role, which is then assumed here and renewed, or begin a session that is long enough.",
    "iam/README.md#credentials",
  );
}

const UNKNOWN_END = "are a session's, which lasts one hour unless more was asked for where it began";

function minutes(timeout: number, wait: number): string {
  const after = wait > 0 ? ` after a wait of up to ${wait / 60_000} minutes` : "";
  return `'timeout' is ${timeout / 60_000} minutes${after}`;
}
