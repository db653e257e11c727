import type { AwsOptions, Role } from "../aws/clients.ts";
import { roleCredentials } from "../aws/role.ts";
import { systemClock as clock } from "../clock.ts";
import type { Log } from "../log.ts";
import { requestIdToken } from "./id-token.ts";

/**
 * The credentials of the role, assumed by GitHub's ID token. Undefined without a role: the environment's credentials.
 */
export function stepCredentials(role: Role | undefined, region: string, log: Log): AwsOptions["credentials"] {
  const idToken = (audience: string): Promise<string> =>
    requestIdToken(audience, { env: process.env, clock });
  return role && roleCredentials({ ...role, region, idToken, log });
}
