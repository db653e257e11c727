import { Failure } from "../errors.ts";

/** STS's errors for a token or a role that it refuses. */
const REFUSALS =
  /^(AccessDenied|InvalidIdentityToken|IDPRejectedClaim|ExpiredToken|ValidationError)(Exception)?$/;

export function isRefusal(error: unknown): error is Error {
  return error instanceof Error && REFUSALS.test(error.name);
}

/**
 * The failure of assuming a role. It shows only the token's audience and subject, because a holder of the token may
 * assume the role.
 */
export function roleNotAssumed(arn: string, token: string, cause: Error): Failure {
  const { iss, sub, aud } = claimsOf(token);
  const issuer = iss.replace(/^https:\/\//, "");
  const [, partition = "aws", , , account = ""] = arn.split(":");
  const provider = `arn:${partition}:iam::${account}:oidc-provider/${issuer}`;
  return new Failure("role-not-assumed", {
    failed: `The role ${arn} of 'role-to-assume' could not be assumed.`,
    seen: `${cause.name}: ${cause.message.trim()} The ID token has the sub '${sub}' and the aud '${aud}'.`,
    advice: adviceOn(cause, { account, provider, issuer, iss, sub, aud }),
    cause,
  });
}

interface Trust extends Claims {
  readonly account: string;
  /** ARN of the identity provider. */
  readonly provider: string;
  /** The prefix of its condition keys. */
  readonly issuer: string;
}

function adviceOn({ name, message }: Error, { account, provider, issuer, iss, sub, aud }: Trust): string {
  if (/No OpenIDConnect provider/i.test(message))
    return (
      `Make the identity provider in account ${account}, once: 'aws iam create-open-id-connect-provider --url ${iss} ` +
      `--client-id-list ${aud}'.`
    );
  if (/audience/i.test(message))
    return `Add '${aud}' to the client ids of the identity provider ${provider}.`;
  if (name.startsWith("AccessDenied"))
    return (
      `The trust policy of the role has to allow 'sts:AssumeRoleWithWebIdentity' to the federated principal ${provider}, ` +
      `where ${issuer}:aud is '${aud}' and ${issuer}:sub matches '${sub}'. STS says the same where account ${account} has no ` +
      "role of this name and path."
    );
  return "These are STS's own words. Check the ARN in 'role-to-assume', the role's trust policy and the identity provider.";
}

interface Claims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: string;
}

/** The claims of a token, not verified: they are for a message. */
function claimsOf(token: string): Claims {
  let claims: Record<string, unknown> = {};
  try {
    claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as typeof claims;
  } catch {
    // Then there are no claims to show.
  }
  const text = (name: string, otherwise: string): string => {
    const claim = claims[name];
    // A claim may hold the name of a branch, which any user with the right to push can choose.
    return typeof claim === "string" ? claim.replace(/[^\x21-\x7e]/g, "?").slice(0, 300) : otherwise;
  };
  return {
    iss: text("iss", "https://token.actions.githubusercontent.com"),
    sub: text("sub", "none"),
    aud: text("aud", "none"),
  };
}
