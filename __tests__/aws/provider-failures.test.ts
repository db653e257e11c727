import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type AwsClients, awsClients } from "../../src/aws/clients.ts";
import { ecsCalls } from "../../src/aws/ecs-calls.ts";
import { iamCalls } from "../../src/aws/iam.ts";
import { queryCalls } from "../../src/aws/query.ts";
import { Failure } from "../../src/errors.ts";
import { callerCheck } from "../../src/ready/checks/caller.ts";
import { type Answer, endpoint, setEnvironment } from "../helpers/aws-endpoint.ts";

const ROLE = "arn:aws:iam::123456789012:role/ci";
const directory = mkdtempSync(join(tmpdir(), "fargate-exec-provider-"));
const file = (name: string): string => join(directory, name);
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
writeFileSync(file("token"), `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.signature`);
const webIdentity = { AWS_ROLE_ARN: ROLE, AWS_WEB_IDENTITY_TOKEN_FILE: file("token") };
const noToken = { ...webIdentity, AWS_WEB_IDENTITY_TOKEN_FILE: file("none") };
writeFileSync(
  file("config"),
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
const profile = (name: string) => ({ AWS_PROFILE: name, AWS_CONFIG_FILE: file("config") });

/** What a call, a signature and the row of the check tell, in an environment without keys. */
async function told(env: Record<string, string>, answer: Answer) {
  const at = await endpoint(() => answer);
  const restore = setEnvironment({
    ...{ AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined, AWS_PROFILE: undefined },
    ...{ AWS_ROLE_ARN: undefined, AWS_WEB_IDENTITY_TOKEN_FILE: undefined, AWS_EC2_METADATA_DISABLED: "true" },
    ...{
      AWS_CONFIG_FILE: file("no-config"),
      AWS_SHARED_CREDENTIALS_FILE: file("no-credentials"),
      HOME: directory,
    },
    ...env,
  });
  const clients = awsClients({ region: "eu-central-1", throttledFor: 0 });
  try {
    const call = await failureOf(ecsCalls(clients).describeTask("ci", "t"));
    const signature = await failureOf(clients.credentials());
    return { call, signature, row: await rowOf(clients), received: at.received };
  } finally {
    clients.destroy();
    restore();
    await at.close();
  }
}

async function rowOf(clients: AwsClients) {
  const failure = await failureOf(iamCalls(queryCalls(clients)).caller());
  return callerCheck({ failure });
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
const UNASKED: Answer = { status: 500 };

describe("credentials that can't be got", () => {
  it.each<[string, Record<string, string>, Answer, Failure["code"], string[]]>([
    [
      "by a trust policy of another subject",
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
      "by a token that is none",
      webIdentity,
      refusal("InvalidIdentityToken", "The ID Token provided is not a valid JWT.", 400),
      "role-not-assumed",
      [ROLE, "not a valid JWT", "Check the ARN in AWS_ROLE_ARN"],
    ],
    [
      "by a token that has expired",
      webIdentity,
      refusal("ExpiredTokenException", "Token expired", 400),
      "role-not-assumed",
      [ROLE, "Token expired", "AWS_WEB_IDENTITY_TOKEN_FILE"],
    ],
    [
      "for a throttle of STS",
      webIdentity,
      refusal("Throttling", "Rate exceeded", 400),
      "throttled",
      [`sts:AssumeRoleWithWebIdentity on role ${ROLE} was throttled`],
    ],
    [
      "by the role of a profile",
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
      "by the expired keys of a profile",
      profile("role"),
      refusal("ExpiredToken", "The security token included in the request is expired"),
      "no-credentials",
      ["sts:AssumeRole on the role of profile 'role' failed: the AWS credentials are expired."],
    ],
    [
      "as there are none",
      {},
      UNASKED,
      "no-credentials",
      [
        "The AWS credentials are missing: none could be loaded from the environment.",
        "The AWS SDK's credential provider says: Could not load credentials from any providers",
        "Set 'role-to-assume', or put aws-actions/configure-aws-credentials",
      ],
    ],
    [
      "as the token's file isn't there",
      noToken,
      UNASKED,
      "no-credentials",
      [
        "The AWS SDK's credential provider says: ENOENT",
        "Check AWS_ROLE_ARN, AWS_WEB_IDENTITY_TOKEN_FILE in the environment.",
      ],
    ],
    [
      "as a process fails",
      profile("process"),
      UNASKED,
      "no-credentials",
      ["credential provider says", "AWS_PROFILE"],
    ],
    [
      "as nobody has logged in",
      profile("sso"),
      UNASKED,
      "no-credentials",
      ["credential provider says", "sso login"],
    ],
  ])("%s", async (_, env, answer, code, words) => {
    const { call, signature, row, received } = await told(env, answer);
    expect([call.code, signature.code, row.verdict]).toEqual([code, code, "NG"]);
    for (const word of words)
      for (const text of [call.message, signature.message, JSON.stringify(row)]) expect(text).toContain(word);
    for (const { message } of [call, signature]) expect(message).not.toMatch(/ecs:|A signature/);
    if (answer === UNASKED) {
      expect(received).toEqual([]);
      expect(call.message).not.toMatch(/AWS's own words|request id/);
    }
    expect(call.message).not.toContain(".signature");
  });
});
