import type { Clock } from "../clock.ts";
import { Failure } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Role } from "./clients.ts";
import type { AssumeRole, CredentialsSource } from "./credentials.ts";
import { failureOf } from "./failures.ts";
import { renewing, type TemporaryCredentials } from "./renewal.ts";
import { isRefusal, roleNotAssumed } from "./role-failures.ts";

/** The audience that AWS's documentation and `aws-actions/configure-aws-credentials` use. */
const AUDIENCE = "sts.amazonaws.com";

export interface RoleOptions extends Role {
  readonly region: string;
  /** Requests a token of GitHub for this audience. It is valid for five minutes, so each session gets a new one. */
  readonly idToken: (audience: string) => Promise<string>;
  readonly clock: Pick<Clock, "now">;
  readonly log: Log;
}

/**
 * Credentials of the role by AssumeRoleWithWebIdentity, in sessions of one hour, which every role allows. The next
 * session begins before the last one ends. All clients share a session. Fails with `no-id-token` or
 * `role-not-assumed`.
 */
export function roleCredentials(options: RoleOptions): CredentialsSource {
  let provider: (() => Promise<TemporaryCredentials>) | undefined;
  return (assume) => (provider ??= renewingSessions(options, assume));
}

function renewingSessions(options: RoleOptions, assume: AssumeRole): () => Promise<TemporaryCredentials> {
  const { clock, log } = options;
  return renewing({
    fetch: async () => {
      try {
        return await beginSession(options, assume);
      } catch (error) {
        if (!isExpired(error)) throw error;
        log.debug("The ID token ended before STS gave an answer; the next try has a new one.");
        return await beginSession(options, assume);
      }
    },
    now: () => clock.now(),
    onDelay: (error, end) => {
      const why = error instanceof Error ? error.message.replaceAll("\n", " ") : String(error);
      const until = new Date(end).toISOString();
      log.info(`The role's session could not be renewed yet; the present one lasts until ${until}. ${why}`);
    },
  });
}

/** Whether STS took the token no more. The SDK repeats a call that gets no answer after a minute, and a token may end during that. */
function isExpired(error: unknown): boolean {
  const cause = error instanceof Failure ? error.cause : undefined;
  return cause instanceof Error && cause.name.startsWith("ExpiredToken");
}

async function beginSession(options: RoleOptions, assume: AssumeRole): Promise<TemporaryCredentials> {
  const { arn, sessionName, region, idToken, log } = options;
  const token = await idToken(AUDIENCE);
  try {
    const keys = await assume({ arn, sessionName, region, token });
    checkKeys(keys);
    log.debug(`Assumed ${arn} until ${keys.expiration?.toISOString() ?? "an unknown time"}.`);
    return keys;
  } catch (error) {
    if (isRefusal(error)) throw roleNotAssumed({ arn, setting: "'role-to-assume'", token }, error);
    // The SDK throws a TypeError for an answer that it can't read, such as one with a time of no form.
    const unread = error instanceof TypeError ? new Error(error.message, { cause: error }) : error;
    throw failureOf(unread, {
      service: "sts",
      action: "sts:AssumeRoleWithWebIdentity",
      resource: `role ${arn}`,
      region,
    });
  }
}

/** They go into the headers of each request. */
const KEY = /^[!-~]+$/;

function checkKeys({ accessKeyId, secretAccessKey, sessionToken = "-" }: TemporaryCredentials): void {
  if (![accessKeyId, secretAccessKey, sessionToken].every((key) => KEY.test(key)))
    throw new Error("The keys in the answer have characters that no keys of AWS have.");
}
