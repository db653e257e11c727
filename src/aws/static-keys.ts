/** What a session lasts unless somebody asked for more: so says `aws-actions/configure-aws-credentials`. */
const USUAL_SESSION_MS = 3_600_000;

/**
 * When the static keys of an environment end, in milliseconds since the epoch, as far as it says so; undefined for keys of
 * a user, which don't, and where the SDK finds its credentials elsewhere and renews them.
 */
export function endOfStaticKeys(env: NodeJS.ProcessEnv): number | "unknown" | undefined {
  if (env["AWS_PROFILE"] || !env["AWS_ACCESS_KEY_ID"] || !env["AWS_SECRET_ACCESS_KEY"]) return undefined;
  const end = Date.parse(env["AWS_CREDENTIAL_EXPIRATION"] ?? "");
  if (!Number.isNaN(end)) return end;
  return env["AWS_SESSION_TOKEN"] ? "unknown" : undefined;
}

/** The time of their end, where the environment tells it. */
export function knownEnd(env: NodeJS.ProcessEnv): number | undefined {
  const end = endOfStaticKeys(env);
  return end === "unknown" ? undefined : end;
}

/** A warning for a job that may outlive the credentials of its step; undefined where that is not to be feared. */
export function outlivedBy(timeout: number, env: NodeJS.ProcessEnv, now: number): string | undefined {
  const end = endOfStaticKeys(env);
  if (end === undefined) return undefined;
  if (end === "unknown") return timeout > USUAL_SESSION_MS ? warning(timeout, UNKNOWN_END) : undefined;
  return now + timeout > end ? warning(timeout, `end at ${new Date(end).toISOString()}`) : undefined;
}

const UNKNOWN_END =
  "are a session's, which lasts one hour unless the step that began it was asked for more ('role-duration-seconds')";

function warning(timeout: number, facts: string): string {
  return (
    `'timeout' is ${timeout / 60_000} minutes, and nothing renews the AWS credentials of this step: they ${facts}. If they end ` +
    "before the job does, it is stopped and the step fails. Set 'role-to-assume' to a role that this step assumes itself and " +
    "renews while the job runs, or begin a session that is long enough."
  );
}
