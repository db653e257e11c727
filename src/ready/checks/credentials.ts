import { type JobTimes, keysLife } from "../../aws/static-keys.ts";
import { type Check, check, passedCheck, skippedCheck } from "./check.ts";

export interface CredentialFacts {
  readonly roleToAssume: string | undefined;
  readonly times: JobTimes;
  readonly env: NodeJS.ProcessEnv;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** True when the check of the credentials themselves is NG. */
  readonly areRefused: boolean;
}

/** Whether the step's credentials last through the wait for the job and the job's `timeout`. */
export function credentialLife({ roleToAssume, times, env, now, areRefused }: CredentialFacts): Check {
  const name = "credentials' life";
  const good = (seen: string): Check =>
    areRefused ? skippedCheck(name, "not known: there are no credentials") : passedCheck(name, seen);
  if (roleToAssume !== undefined) return good("the role's session is renewed");
  const life = keysLife(times, env, now);
  if (life.kind === "enough") return good("they are renewed, don't end, or end after 'timeout'");
  if (life.kind === "unknown") return skippedCheck(name, life.facts);
  const fix =
    "Set 'role-to-assume', whose session is renewed, or begin a session that lasts longer than the wait and 'timeout'.";
  return check(name, false, life.facts, fix);
}
