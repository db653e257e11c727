/** The failures of getting credentials. They belong to no call: the call that wanted the credentials was not made. */
import { readFile } from "node:fs/promises";
import { Failure } from "../errors.ts";
import { failureOf, WITH_CREDENTIALS } from "./failures.ts";
import { isRefusal, profileRoleNotAssumed, roleNotAssumed } from "./role-failures.ts";
import { type Call, readThrown } from "./thrown.ts";

/**
 * The same provider, with its errors as failures: `role-not-assumed` when STS refuses a role, `no-credentials` when
 * the provider itself fails. A `Failure`, and an error that shows a bug of the action, come unchanged.
 */
export function withOwnFailures<Given extends readonly unknown[], C>(
  provider: (...given: Given) => Promise<C>,
  region: string,
): (...given: Given) => Promise<C> {
  return async (...given) => {
    try {
      return await provider(...given);
    } catch (error) {
      throw await providerFailure(error, region, process.env);
    }
  };
}

async function providerFailure(error: unknown, region: string, env: NodeJS.ProcessEnv): Promise<Error> {
  const { AWS_ROLE_ARN: arn, AWS_WEB_IDENTITY_TOKEN_FILE: file, AWS_PROFILE: profile } = env;
  // The SDK looks at a profile first.
  const web = arn && file && !profile ? { arn, file } : undefined;
  const failure = failureOf(error, callOf(web?.arn, profile, region));
  if (failure === error || !(failure instanceof Failure)) return failure;
  if (readThrown(error).status === undefined)
    return NOT_LOADED.has(failure.code) ? notLoaded(error, env) : failure;
  if (!isRefusal(error)) return failure;
  if (web !== undefined) {
    const token = await readFile(web.file, "ascii").catch(() => "");
    return roleNotAssumed({ arn: web.arn, setting: "AWS_ROLE_ARN", token }, error);
  }
  // Here the session token of the keys that would assume the role has expired, and not an ID token.
  return error.name.startsWith("ExpiredToken") ? failure : profileRoleNotAssumed(profile, error);
}

/** The call that the SDK makes for credentials. For other services than STS the SDK throws errors in words of its own. */
function callOf(webArn: string | undefined, profile: string | undefined, region: string): Call {
  return webArn === undefined
    ? {
        ...{ service: "sts", action: "sts:AssumeRole", region },
        resource: `the role of profile '${profile ?? "default"}'`,
      }
    : { service: "sts", action: "sts:AssumeRoleWithWebIdentity", resource: `role ${webArn}`, region };
}

/** The codes of errors without an answer of AWS, except those of the network. */
const NOT_LOADED: ReadonlySet<Failure["code"]> = new Set(["no-credentials", "aws-error"]);

/** Variables that name where credentials come from. */
const SOURCES = [
  ...["AWS_PROFILE", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"],
  ...["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"],
];

function notLoaded(error: unknown, env: NodeJS.ProcessEnv): Failure {
  const { message } = readThrown(error);
  const named = SOURCES.filter((name) => env[name]);
  const check = named.length > 0 ? `Check ${named.join(", ")} in the environment. Or set` : "Set";
  return new Failure("no-credentials", {
    failed: `The AWS credentials are ${/expire/i.test(message) ? "expired" : "missing"}: none could be loaded from the environment.`,
    seen: `The AWS SDK's credential provider says: ${message}`,
    advice: {
      workflow: `${check} ${WITH_CREDENTIALS.workflow}`,
      program: `${check} ${WITH_CREDENTIALS.program}`,
    },
    cause: error,
  });
}
