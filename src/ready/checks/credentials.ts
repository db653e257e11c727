import { type JobTimes, keysLife } from "../../aws/static-keys.ts";
import { type Check, check, passed, skipped } from "./check.ts";

export interface CredentialFacts {
  readonly roleToAssume: string | undefined;
  readonly times: JobTimes;
  readonly env: NodeJS.ProcessEnv;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Whether the credentials of the step last as long as the job may, the wait before it included. */
export function credentialLife({ roleToAssume, times, env, now }: CredentialFacts): Check {
  const name = "credentials' life";
  if (roleToAssume !== undefined) return passed(name, "the step renews the role's session");
  const life = keysLife(times, env, now);
  if (life.kind === "enough") return passed(name, "they are renewed, don't end, or end after 'timeout'");
  if (life.kind === "unknown") return skipped(name, life.facts);
  const fix =
    "Set 'role-to-assume', whose session the step renews, or begin a session that lasts longer than the wait and 'timeout'.";
  return check(name, false, life.facts, fix);
}
