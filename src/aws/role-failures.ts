import { Failure } from "../errors.ts";
import { isRecord } from "../values.ts";
import { inWords, readThrown } from "./thrown.ts";

/** STS's errors for a token or a role that it refuses. */
const REFUSALS =
  /^(AccessDenied|InvalidIdentityToken|IDPRejectedClaim|ExpiredToken|ValidationError)(Exception)?$/;

export function isRefusal(error: unknown): error is Error {
  return error instanceof Error && REFUSALS.test(error.name);
}

export interface WebIdentity {
  readonly arn: string;
  /** The input or variable that names the role. */
  readonly setting: "'role-to-assume'" | "AWS_ROLE_ARN";
  /** The ID token. */
  readonly token: string;
}

/**
 * The failure of assuming a role by an ID token. It shows only the token's issuer, audience and subject, because a holder of the whole
 * token may assume the role.
 */
export function roleNotAssumed({ arn, setting, token }: WebIdentity, cause: Error): Failure {
  const { iss, sub, aud } = claimsOf(token);
  const issuerHost = iss.replace(/^https:\/\//, "");
  // arn:PARTITION:iam::ACCOUNT:role/NAME
  const [, partition = "aws", , , account = ""] = arn.split(":");
  const provider = `arn:${partition}:iam::${account}:oidc-provider/${issuerHost}`;
  return new Failure("role-not-assumed", {
    failed: `The role ${arn} of ${setting} could not be assumed.`,
    seen: `${inWords(readThrown(cause))}\nThe ID token has the sub '${sub}' and the aud '${aud}'.`,
    advice: adviceOn(cause, { setting, account, provider, issuerHost, iss, sub, aud }),
    cause,
  });
}

/** The failure of assuming the role of a profile by other keys, or by an ID token that the profile names. */
export function profileRoleNotAssumed(profile: string | undefined, cause: Error): Failure {
  const { message } = cause;
  // As in "User: A is not authorized to perform: sts:AssumeRole on resource: B".
  const [action = "sts:AssumeRole"] = /sts:\w+/.exec(message) ?? [];
  const [, arn] = /on resource: (arn:[^\s"]+[^\s".,])/.exec(message) ?? [];
  const role = arn === undefined ? "The role" : `The role ${arn}`;
  const needsOwnRight = action === "sts:AssumeRole";
  return new Failure("role-not-assumed", {
    failed: `${role} of profile '${profile ?? "default"}' could not be assumed.`,
    seen: inWords(readThrown(cause)),
    advice:
      `Check 'role_arn' in the profile. The role's trust policy has to allow '${action}' to the caller` +
      `${needsOwnRight ? ", and the caller's policy on the role" : ""}.`,
    cause,
  });
}

interface Trust extends Claims, Pick<WebIdentity, "setting"> {
  readonly account: string;
  /** ARN of the identity provider. */
  readonly provider: string;
  /** Its address without "https://", the prefix of its condition keys. */
  readonly issuerHost: string;
}

function adviceOn({ name, message }: Error, trust: Trust): string {
  const { setting, account, provider, issuerHost, iss, sub, aud } = trust;
  if (/No OpenIDConnect provider/i.test(message))
    return (
      `Make the identity provider in account ${account}, once: aws iam create-open-id-connect-provider --url '${iss}' ` +
      `--client-id-list '${aud}'`
    );
  if (/audience/i.test(message))
    return `Add '${aud}' to the client ids of the identity provider ${provider}.`;
  if (name.startsWith("AccessDenied"))
    return (
      `The trust policy of the role has to allow 'sts:AssumeRoleWithWebIdentity' to the federated principal ${provider}, ` +
      `where ${issuerHost}:aud is '${aud}' and ${issuerHost}:sub matches '${sub}'. STS also answers so where account ${account} has no ` +
      "role of this name and path."
    );
  if (name.startsWith("ExpiredToken") && setting === "AWS_ROLE_ARN")
    return "As long as the job runs, keep a token that has not expired in the file of AWS_WEB_IDENTITY_TOKEN_FILE.";
  return `The error is in STS's own words. Check the ARN in ${setting}, the role's trust policy and the identity provider.`;
}

interface Claims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: string;
}

/** The claims of a token, not verified: they are for a message. */
function claimsOf(token: string): Claims {
  let read: unknown;
  try {
    read = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
  } catch {
    // Then there are no claims to show.
  }
  const claims = isRecord(read) ? read : {};
  const text = (name: string, otherwise: string): string => {
    const given = claims[name];
    // Kubernetes gives the audiences in a list.
    const claim: unknown = Array.isArray(given) ? given[0] : given;
    // A claim may hold the name of a branch, which any user with the right to push can choose. It is shown between quotes.
    return typeof claim === "string" ? claim.replace(/[^\x21-\x7e]|'/g, "?").slice(0, 300) : otherwise;
  };
  return {
    iss: text("iss", "https://ISSUER"),
    sub: text("sub", "none"),
    aud: text("aud", "none"),
  };
}
