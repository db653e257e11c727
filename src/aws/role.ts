import type { Log } from "../log.ts";
import type { Role } from "./clients.ts";
import type { CredentialsSource } from "./credentials.ts";
import { failureOf } from "./failures.ts";
import { renewing, type TemporaryCredentials } from "./renewal.ts";
import { isRefusal, roleNotAssumed } from "./role-failures.ts";

/** The audience that AWS's documentation and `aws-actions/configure-aws-credentials` use. */
const AUDIENCE = "sts.amazonaws.com";

export interface RoleOptions extends Role {
  readonly region: string;
  /** Requests a token of GitHub for this audience. It is valid for five minutes, so each session gets a new one. */
  readonly idToken: (audience: string) => Promise<string>;
  readonly log: Log;
}

/**
 * Credentials of the role by AssumeRoleWithWebIdentity, in sessions of one hour, which every role allows. The next
 * session begins before the last one ends. All clients share a session. Fails with `no-id-token` or
 * `role-not-assumed`.
 */
export function roleCredentials(options: RoleOptions): CredentialsSource {
  let provider: (() => Promise<TemporaryCredentials>) | undefined;
  return (clientConfig) => (provider ??= renewingSessions(options, clientConfig));
}

function renewingSessions(options: RoleOptions, clientConfig: object): () => Promise<TemporaryCredentials> {
  const { log } = options;
  return renewing({
    fetch: () => assume(options, clientConfig),
    now: Date.now,
    onDelay: (error, end) => {
      const why = error instanceof Error ? error.message.replaceAll("\n", " ") : String(error);
      const until = new Date(end).toISOString();
      log.info(`The role's session could not be renewed yet; the present one lasts until ${until}. ${why}`);
    },
  });
}

async function assume(options: RoleOptions, clientConfig: object): Promise<TemporaryCredentials> {
  const { arn, sessionName, region, idToken, log } = options;
  const token = await idToken(AUDIENCE);
  const { fromWebToken } = await import("@aws-sdk/credential-provider-web-identity");
  const provider = fromWebToken({
    roleArn: arn,
    roleSessionName: sessionName,
    webIdentityToken: token,
    clientConfig: { ...clientConfig, region },
  });
  try {
    const keys = await provider();
    log.debug(`Assumed ${arn} until ${keys.expiration?.toISOString() ?? "an unknown time"}.`);
    return keys;
  } catch (error) {
    if (isRefusal(error)) throw roleNotAssumed({ arn, setting: "'role-to-assume'", token }, error);
    throw failureOf(error, {
      service: "sts",
      action: "sts:AssumeRoleWithWebIdentity",
      resource: `role ${arn}`,
      region,
    });
  }
}
