import { ECSServiceException } from "@aws-sdk/client-ecs";
import { S3ServiceException } from "@aws-sdk/client-s3";
import { attempt, failureOf } from "../../src/aws/failures.ts";
import type { Call } from "../../src/aws/thrown.ts";
import { access, allows, policyBySayings } from "../helpers/fixes.ts";
import { setEnvironment } from "../helpers/aws-endpoint.ts";
import { NoCapacity, TagsNotEnabled } from "../../src/aws/ecs-failures.ts";
import { AccessDenied, Failure } from "../../src/errors.ts";

const TASK = "arn:aws:ecs:eu-central-1:123456789012:task/ci/0123456789abcdef0123456789abcdef";
const execute: Call = {
  service: "ecs",
  action: "ecs:ExecuteCommand",
  resource: `task '${TASK}'`,
  region: "eu-central-1",
  cluster: "ci",
};
const run: Call = {
  ...execute,
  action: "ecs:RunTask",
  resource: "task definition 'web:3'",
  taskDefinition: "web:3",
};
const services: Call = { ...execute, action: "ecs:DescribeServices", ecsService: "web" };
const put: Call = {
  service: "s3",
  action: "s3:PutObject",
  resource: "arn:aws:s3:::stage/a",
  region: "eu-central-1",
  bucket: "stage",
};
const head: Call = { ...put, action: "s3:ListBucket", resource: "arn:aws:s3:::stage" };

function ecs(name: string, message: string, status = 400): Error {
  const $metadata = { httpStatusCode: status, requestId: "req-1" };
  return new ECSServiceException({ name, message, $fault: "client", $metadata });
}
function s3(name: string, status: number, more: object = {}): Error {
  const $metadata = { httpStatusCode: status, requestId: "req-1" };
  return Object.assign(new S3ServiceException({ name, message: name, $fault: "client", $metadata }), more);
}
function node(code: string, more: object = {}): Error {
  return Object.assign(new Error(`connect ${code}`), { code, ...more });
}
function invalidUrl(): Error {
  return Object.assign(new TypeError("Invalid URL"), { code: "ERR_INVALID_URL" });
}
const elsewhere = { $response: { headers: { "x-amz-bucket-region": "us-west-2" } } };

function asFailure(error: unknown, call: Call): Failure {
  const failure = failureOf(error, call);
  if (!(failure instanceof Failure)) throw new Error("no Failure", { cause: failure });
  return failure;
}

it.each([
  ["AWS denies", ecs("AccessDeniedException", "no"), execute, "access-denied"],
  ["S3 denies without a body", s3("UnknownError", 403), head, "access-denied"],
  ["the token has expired", ecs("ExpiredTokenException", "expired"), execute, "no-credentials"],
  ["the key is unknown", ecs("UnrecognizedClientException", "invalid"), execute, "no-credentials"],
  ["the secret is wrong", s3("SignatureDoesNotMatch", 403), put, "no-credentials"],
  ["the cluster is not there", ecs("ClusterNotFoundException", "none"), execute, "cluster-not-found"],
  ["the service is not there", ecs("ServiceNotFoundException", "none"), services, "service-not-found"],
  [
    "the definition is not there",
    ecs("ClientException", "TaskDefinition not found."),
    run,
    "task-definition-not-found",
  ],
  [
    "the revision is deregistered",
    ecs("ClientException", "TaskDefinition is inactive"),
    run,
    "task-definition-not-found",
  ],
  [
    "no network was given",
    ecs(
      "InvalidParameterException",
      "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
    ),
    run,
    "network-required",
  ],
  [
    "capacity is out",
    ecs("ClientException", "Capacity is unavailable at this time."),
    run,
    "task-not-started",
  ],
  [
    "the cluster lacks the capacity providers",
    ecs(
      "InvalidParameterException",
      "The specified capacity provider strategy cannot contain a capacity provider that is not associated with the cluster.",
    ),
    run,
    "task-not-started",
  ],
  [
    "there is no task role for ECS Exec",
    ecs(
      "InvalidParameterException",
      "The execute command failed because a valid task role is not being used. Specify a valid task role.",
    ),
    run,
    "exec-not-enabled",
  ],
  [
    "AWS throttles and RunTask calls it a wrong parameter",
    ecs(
      "InvalidParameterException",
      "Error retrieving security group information: Rate exceeded (ErrorCode: Throttling)",
    ),
    run,
    "throttled",
  ],
  ["AWS throttles", ecs("ThrottlingException", "Rate exceeded"), execute, "throttled"],
  ["S3 throttles", s3("SlowDown", 503), put, "throttled"],
  ["the bucket is not there", s3("NoSuchBucket", 404), put, "bucket-not-found"],
  ["HEAD finds no bucket", s3("NotFound", 404), head, "bucket-not-found"],
  ["the bucket redirects", s3("PermanentRedirect", 301), put, "bucket-elsewhere"],
  [
    "a denial names another region of the bucket",
    s3("UnknownError", 403, elsewhere),
    head,
    "bucket-elsewhere",
  ],
  [
    "the name has no address",
    node("ENOTFOUND", { hostname: "ecs.mars-1.amazonaws.com" }),
    execute,
    "aws-unreachable",
  ],
  [
    "the connection times out",
    Object.assign(new Error("slow"), { name: "TimeoutError" }),
    execute,
    "aws-unreachable",
  ],
  ["the certificate is not trusted", node("UNABLE_TO_GET_ISSUER_CERT_LOCALLY"), execute, "aws-unreachable"],
  ["AWS_ENDPOINT_URL is no URL", invalidUrl(), execute, "aws-unreachable"],
  ["AWS breaks", ecs("ServerException", "Service Unavailable", 500), execute, "aws-error"],
] as const)("the code names the cause when %s", (_, error, call, code) => {
  const failure = asFailure(error, call);
  expect(failure.code).toBe(code);
  expect(failure.cause).toBe(error);
  expect(failure.advice).not.toBe("");
});

it("names the action and the resource that AWS names in its denial", () => {
  const role = "arn:aws:iam::123456789012:role/task";
  const message =
    `User: arn:aws:sts::123456789012:assumed-role/ci/run is not authorized to perform: iam:PassRole on resource: ${role}` +
    " because no identity-based policy allows the iam:PassRole action";
  const failure = asFailure(ecs("AccessDeniedException", message), run);
  expect(failure.failed).toContain(`iam:PassRole on ${role}.`);
  expect(failure.advice).toContain(`Allow 'iam:PassRole' on ${role} `);
  expect(failure.seen).toContain("assumed-role/ci/run");
});

it("a policy that follows the advice of a denied object allows the next run's object, too", () => {
  const object = (run: string) => `arn:aws:s3:::stage/fargate-exec/${run}/payload`;
  const failure = asFailure(s3("AccessDenied", 403), { ...put, resource: object("a1b2-c3") });
  expect(failure.failed).toContain(object("a1b2-c3"));
  expect(allows(policyBySayings([failure.advice]), access("s3:PutObject", object("d4e5-f6")))).toBe(true);
});

it("names the call's own action and resource when the denial names none", () => {
  const failure = asFailure(ecs("AccessDeniedException", "no"), execute);
  expect(failure.failed).toContain(`ecs:ExecuteCommand on task '${TASK}'`);
  expect(failure.advice).toContain("both the cluster's and the task's ARN");
});

it("repeats AWS's words and the request id for what it does not know", () => {
  const failure = asFailure(ecs("OddException", "Mind the gap."), execute);
  expect(failure.code).toBe("aws-error");
  expect(failure.seen).toBe("OddException: Mind the gap. (HTTP 400, request id req-1)");
});

it("says in which region a bucket is", () => {
  const failure = asFailure(s3("PermanentRedirect", 301, elsewhere), put);
  expect(failure.failed).toBe("The bucket 'stage' is in us-west-2, not in eu-central-1.");
});

describe("the endpoint that can't be reached", () => {
  it("is named as in the error", () => {
    const refused = new AggregateError([node("ECONNREFUSED", { address: "127.0.0.1", port: 9 })]);
    const failure = asFailure(Object.assign(refused, { code: "ECONNREFUSED" }), execute);
    expect(failure.failed).toContain("the endpoint 127.0.0.1:9 can't be reached");
    expect(failure.seen).toContain("connect ECONNREFUSED");
  });

  it("is named as in the environment", () => {
    const restore = setEnvironment({ AWS_ENDPOINT_URL: "http://emulator.example" });
    const failure = asFailure(node("ECONNRESET"), execute);
    restore();
    expect(failure.failed).toContain("http://emulator.example");
  });

  it("is the region's own otherwise", () => {
    const restore = setEnvironment({ AWS_ENDPOINT_URL: undefined });
    const failure = asFailure(node("ECONNRESET"), execute);
    restore();
    expect(failure.failed).toContain("ecs.eu-central-1.amazonaws.com");
  });
});

describe("attempt", () => {
  it("throws the signal's reason when the call was aborted", async () => {
    const controller = new AbortController();
    const cancelled = new Error("cancelled");
    const call = attempt(execute, controller.signal, () => {
      controller.abort(cancelled);
      return Promise.reject(new Error("AbortError"));
    });
    await expect(call).rejects.toBe(cancelled);
  });

  it("sends nothing once aborted", async () => {
    let sent = 0;
    const call = attempt(execute, AbortSignal.abort(new Error("over")), () => Promise.resolve(++sent));
    await expect(call).rejects.toThrow("over");
    expect(sent).toBe(0);
  });

  it("lets a bug of ours through as it is", async () => {
    const bug = new TypeError("x is not a function");
    await expect(attempt(execute, undefined, () => Promise.reject(bug))).rejects.toBe(bug);
  });
});

it.each([
  ["eu-central-1", "ecs.eu-central-1.amazonaws.com"],
  ["us-gov-west-1", "ecs.us-gov-west-1.amazonaws.com"],
  ["cn-north-1", "ecs.cn-north-1.amazonaws.com.cn"],
])("names the endpoint of %s that it could not reach", (region, host) => {
  const restore = setEnvironment({ AWS_ENDPOINT_URL: undefined, AWS_ENDPOINT_URL_ECS: undefined });
  expect(asFailure(node("ECONNRESET"), { ...execute, region }).failed).toContain(`endpoint ${host} `);
  restore();
});

describe("the facts of a failure", () => {
  const named =
    "User: x is not authorized to perform: iam:PassRole on resource: arn:aws:iam::123456789012:role/task";

  it.each([
    [
      "the right that AWS names",
      ecs("AccessDeniedException", named),
      run,
      { action: "iam:PassRole", isNamed: true },
    ],
    [
      "the call's own right where AWS names none",
      ecs("AccessDeniedException", "no"),
      run,
      { action: "ecs:RunTask", isNamed: false },
    ],
  ])("a denial has %s", (_, error, call, facts) => {
    const failure = asFailure(error, call);
    expect(failure).toBeInstanceOf(AccessDenied);
    expect(failure).toMatchObject(facts);
  });

  it.each([
    ["a shortage", ecs("ClientException", "Capacity is unavailable at this time."), NoCapacity],
    [
      "tags that the account does not allow",
      ecs("InvalidParameterException", "The new ARN and resource ID format must be enabled to add tags."),
      TagsNotEnabled,
    ],
  ])("%s is told from other refusals of RunTask", (_, error, kind) => {
    expect(asFailure(error, run)).toBeInstanceOf(kind);
    expect(asFailure(ecs(error.name, "something else"), run)).not.toBeInstanceOf(kind);
  });
});
