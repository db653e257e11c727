import { endOfStaticKeys } from "../../aws/static-keys.ts";
import { type Check, check, passed, skipped } from "./check.ts";

export interface CredentialFacts {
  readonly roleToAssume: string | undefined;
  /** Milliseconds. */
  readonly timeout: number;
  readonly env: NodeJS.ProcessEnv;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Whether the credentials of the step last as long as the job may. */
export function credentialLife({ roleToAssume, timeout, env, now }: CredentialFacts): Check {
  const name = "credentials' life";
  const minutes = `'timeout' is ${timeout / 60_000} minutes`;
  if (roleToAssume !== undefined) return passed(name, "the step renews the role's session");
  const end = endOfStaticKeys(env);
  if (end === undefined) return passed(name, "they are renewed, or don't end");
  if (end === "unknown") return skipped(name, `the session's end is not known, and ${minutes}`);
  const fix =
    "Set 'role-to-assume', whose session the step renews, or begin a session that lasts longer than 'timeout'.";
  return check(name, now + timeout <= end, `they end at ${new Date(end).toISOString()}, and ${minutes}`, fix);
}
