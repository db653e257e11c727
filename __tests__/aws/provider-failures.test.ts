import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AwsClients, awsClients } from "../../src/aws/clients.ts";
import { ecsCalls } from "../../src/aws/ecs-calls.ts";
import { iamCalls } from "../../src/aws/iam.ts";
import { queryCalls } from "../../src/aws/query.ts";
import { Failure } from "../../src/errors.ts";
import { checkCaller } from "../../src/ready/checks/caller.ts";
import { realWorld } from "../../src/run/step/world.ts";
import { type Answer, endpoint, setEnvironment } from "../helpers/aws-endpoint.ts";

const ROLE = "arn:aws:iam::123456789012:role/ci";
const directory = mkdtempSync(join(tmpdir(), "fargate-exec-provider-"));
const pathOf = (name: string): string => join(directory, name);
afterAll(() => {
  rmSync(directory, { recursive: true });
});

function refusal(code: string, message: string, status = 403): Answer {
  const body = `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>req-1</RequestId></ErrorResponse>`;
  return { status, headers: { "content-type": "text/xml" }, body };
}

const claims = {
  iss: "https://oidc.example/id/1",
  sub: "system:serviceaccount:ci:runner",
  aud: ["sts.amazonaws.com"],
};
writeFileSync(pathOf("token"), `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.signature`);
const webIdentity = { AWS_ROLE_ARN: ROLE, AWS_WEB_IDENTITY_TOKEN_FILE: pathOf("token") };
const noToken = { ...webIdentity, AWS_WEB_IDENTITY_TOKEN_FILE: pathOf("none") };
writeFileSync(
  pathOf("config"),
  `[profile base]
aws_access_key_id = AKIDEXAMPLE
aws_secret_access_key = secret
[profile role]
role_arn = ${ROLE}
source_profile = base
[profile process]
credential_process = node -e process.exit(3)
[profile sso]
sso_start_url = https://sso.example
sso_region = eu-central-1
sso_account_id = 123456789012
sso_role_name = ci
`,
);
const profile = (name: string) => ({ AWS_PROFILE: name, AWS_CONFIG_FILE: pathOf("config") });

/**
 * The failures that an ECS call, a request for credentials and the row `credentials` of the check report. The environment holds `env` and no
 * access key; STS gives `answer`.
 */
async function reportFailures(env: Record<string, string>, answer: Answer) {
  const sts = await endpoint(() => answer);
  const restore = setEnvironment({
    ...{ AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined, AWS_PROFILE: undefined },
    ...{ AWS_ROLE_ARN: undefined, AWS_WEB_IDENTITY_TOKEN_FILE: undefined, AWS_EC2_METADATA_DISABLED: "true" },
    ...{
      AWS_CONFIG_FILE: pathOf("no-config"),
      AWS_SHARED_CREDENTIALS_FILE: pathOf("no-credentials"),
      HOME: directory,
    },
    ...env,
  });
  const clients = awsClients({ region: "eu-central-1", world: realWorld, throttledFor: 0 });
  try {
    const call = await failureOf(ecsCalls(clients).describeTask("ci", "t"));
    const signature = await failureOf(clients.credentials());
    return { call, signature, row: await rowOf(clients), received: sts.received };
  } finally {
    clients.destroy();
    restore();
    await sts.close();
  }
}

async function rowOf(clients: AwsClients) {
  const failure = await failureOf(iamCalls(queryCalls(clients)).identifyCaller());
  return checkCaller({ failure });
}

async function failureOf(answer: Promise<unknown>): Promise<Failure> {
  const error: unknown = await answer.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof Failure)) throw new Error("no Failure", { cause: error });
  return error;
}

const DENIED = refusal("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity");
const NEVER_ASKED: Answer = { status: 500 };

describe("a failure to get credentials names its cause", () => {
  it.each<[string, Record<string, string>, Answer, Failure["code"], string[]]>([
    [
      "the trust policy allows another subject",
      webIdentity,
      DENIED,
      "role-not-assumed",
      [
        `The role ${ROLE} of AWS_ROLE_ARN could not be assumed.`,
        "sub 'system:serviceaccount:ci:runner' and the aud 'sts.amazonaws.com'",
        "The trust policy of the role has to allow 'sts:AssumeRoleWithWebIdentity'",
        "oidc-provider/oidc.example/id/1",
      ],
    ],
    [
      "the token is not a JWT",
      webIdentity,
      refusal("InvalidIdentityToken", "The ID Token provided is not a valid JWT.", 400),
      "role-not-assumed",
      [ROLE, "not a valid JWT", "Check the ARN in AWS_ROLE_ARN"],
    ],
    [
      "the token has expired",
      webIdentity,
      refusal("ExpiredTokenException", "Token expired", 400),
      "role-not-assumed",
      [ROLE, "Token expired", "AWS_WEB_IDENTITY_TOKEN_FILE"],
    ],
    [
      "STS throttles the call",
      webIdentity,
      refusal("Throttling", "Rate exceeded", 400),
      "throttled",
      [`sts:AssumeRoleWithWebIdentity on role ${ROLE} was throttled`],
    ],
    [
      "the role of a profile can't be assumed",
      profile("role"),
      refusal(
        "AccessDenied",
        `User: arn:aws:iam::123456789012:user/ann is not authorized to perform: sts:AssumeRole on resource: ${ROLE}`,
      ),
      "role-not-assumed",
      [
        `The role ${ROLE} of profile 'role' could not be assumed.`,
        "has to allow 'sts:AssumeRole'",
        "request id req-1",
      ],
    ],
    [
      "the keys of a profile have expired",
      profile("role"),
      refusal("ExpiredToken", "The security token included in the request is expired"),
      "no-credentials",
      ["sts:AssumeRole on the role of profile 'role' failed: the AWS credentials are expired."],
    ],
    [
      "there are no credentials",
      {},
      NEVER_ASKED,
      "no-credentials",
      [
        "The AWS credentials are missing: none could be loaded from the environment.",
        "The AWS SDK's credential provider says: Could not load credentials from any providers",
        "Set 'role-to-assume', or put aws-actions/configure-aws-credentials",
      ],
    ],
    [
      "the token file is missing",
      noToken,
      NEVER_ASKED,
      "no-credentials",
      [
        "The AWS SDK's credential provider says: ENOENT",
        "Check AWS_ROLE_ARN, AWS_WEB_IDENTITY_TOKEN_FILE in the environment.",
      ],
    ],
    [
      "the credential_process fails",
      profile("process"),
      NEVER_ASKED,
      "no-credentials",
      ["credential provider says", "AWS_PROFILE"],
    ],
    [
      "the SSO profile has no login",
      profile("sso"),
      NEVER_ASKED,
      "no-credentials",
      ["credential provider says", "sso login"],
    ],
  ])("%s", async (_, env, answer, code, words) => {
    const { call, signature, row, received } = await reportFailures(env, answer);
    expect([call.code, signature.code, row.verdict]).toEqual([code, code, "NG"]);
    for (const word of words)
      for (const text of [call.message, signature.message, JSON.stringify(row)]) expect(text).toContain(word);
    // What failed is the request for credentials, and not the call that needed them.
    for (const { message } of [call, signature]) expect(message).not.toMatch(/ecs:|A signature/);
    // Where AWS gave no answer the message quotes none.
    if (answer === NEVER_ASKED) {
      expect(received).toEqual([]);
      expect(call.message).not.toMatch(/AWS's own words|request id/);
    }
    // The token's signature would make the message a secret.
    expect(call.message).not.toContain(".signature");
  });
});
