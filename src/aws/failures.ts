/**
 * The one place that knows AWS's exception names and Node's network codes. Everything that a call can throw
 * leaves `src/aws` as a `Failure`, or as the reason of the signal that aborted it.
 */
import { AccessDenied, Failure, type FailureCode, NoCapacity, TagsNotEnabled } from "../errors.ts";
import { partitionOf } from "./partitions.ts";
import { clusterNotFound, serviceNotFound, taskDefinitionNotFound, networkRequired } from "./missing.ts";

/** What a call was about, in the words of a message. */
export interface Call {
  readonly service: "ecs" | "s3" | "logs" | "kms" | "ssm" | "sts" | "ec2" | "iam";
  /** The IAM action, e.g. `ecs:RunTask`. */
  readonly action: string;
  /** As in "ecs:RunTask on <resource>": `task definition 'web:3'`. */
  readonly resource: string;
  readonly region: string;
  readonly cluster?: string;
  readonly ecsService?: string;
  readonly taskDefinition?: string;
  readonly bucket?: string;
}

/** What the SDK's exceptions have in common with each other and with Node's. */
interface Thrown {
  readonly name: string;
  readonly message: string;
  /** Node's network code, or S3's. */
  readonly code: string | undefined;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  /** Of the bucket, when S3 answers that it lives elsewhere. */
  readonly bucketRegion: string | undefined;
  readonly host: string | undefined;
}

/** Runs one call: an abort throws the signal's reason, anything else goes wrong as a `Failure`. */
export async function attempt<T>(
  call: Call,
  signal: AbortSignal | undefined,
  send: () => PromiseLike<T>,
): Promise<T> {
  try {
    signal?.throwIfAborted();
    return await send();
  } catch (error) {
    signal?.throwIfAborted();
    throw failureOf(error, call);
  }
}

/** The failure of one call, with what was seen of it. */
type FailureWith = (code: FailureCode, failed: string, advice: string) => Failure;

/** A bug of ours, which no advice to the user could mend, comes back as it is. */
export function failureOf(error: unknown, call: Call): Error {
  if (error instanceof Failure || error instanceof ReferenceError) return error;
  if (error instanceof TypeError && !("code" in error)) return error;
  const thrown = facts(error);
  const doing = `${call.action} on ${call.resource}`;
  const seen = words(thrown);
  const failure: FailureWith = (code, failed, advice) =>
    new Failure(code, { failed, seen, advice, cause: error });

  const found =
    ofAnyService(thrown, call, failure) ??
    (call.service === "s3" ? ofBucket(thrown, call, failure) : undefined);
  if (found) return found;
  if (DENIED.has(thrown.name) || thrown.status === 403) return accessDenied(thrown, call, error);
  const refused = ofEcs(thrown, call, failure, error);
  if (refused) return refused;
  const parts = {
    failed: `${doing} failed.`,
    seen,
    advice:
      "These are AWS's own words; its documentation of the call tells more, and AWS support can look up the request id.",
    cause: error,
  };
  return /must be enabled to add tags/i.test(thrown.message)
    ? new TagsNotEnabled(parts)
    : new Failure("aws-error", parts);
}

/** A failure of the network, the credentials or the rate, which any call may have. */
function ofAnyService(thrown: Thrown, call: Call, failure: FailureWith): Failure | undefined {
  const { name, message } = thrown;
  const doing = `${call.action} on ${call.resource}`;
  if (
    NETWORK.has(thrown.code ?? name) ||
    (thrown.code ?? "").startsWith("ERR_TLS") ||
    CERTIFICATE.test(thrown.code ?? "")
  ) {
    const endpoint = thrown.host ?? endpointOf(call);
    return failure(
      "aws-unreachable",
      `${doing} failed: the endpoint ${endpoint} can't be reached.`,
      "Check the input 'region', the runner's network, and HTTPS_PROXY, NO_PROXY and AWS_ENDPOINT_URL in its environment.",
    );
  }
  if (NO_CREDENTIALS.has(name)) {
    return failure(
      "no-credentials",
      `${doing} failed: the AWS credentials are ${/expire/i.test(`${name} ${message}`) ? "expired" : "missing or not valid"}.`,
      "Set 'role-to-assume', or put aws-actions/configure-aws-credentials before this step, with a session long enough for the " +
        "job ('role-duration-seconds'); both need 'permissions: id-token: write' for OpenID Connect.",
    );
  }
  if (THROTTLED.has(name) || thrown.status === 429 || isDisguisedThrottle(thrown)) {
    return failure(
      "throttled",
      `${doing} was throttled by AWS for longer than this action waits.`,
      `Run fewer jobs at once ('strategy.max-parallel'), or ask AWS for a higher rate of ${call.action}.`,
    );
  }
  return undefined;
}

/** What ECS says in exceptions of its own. */
function ofEcs(thrown: Thrown, call: Call, failure: FailureWith, error: unknown): Failure | undefined {
  const { name, message } = thrown;
  const doing = `${call.action} on ${call.resource}`;
  const seen = words(thrown);
  switch (name) {
    case "ClusterNotFoundException":
      return clusterNotFound(call.cluster ?? "default", call.region, seen, error);
    case "ServiceNotFoundException":
    case "ServiceNotActiveException":
      return serviceNotFound(call.ecsService ?? "", call.cluster ?? "default", seen, error);
    case "ClientException":
    case "InvalidParameterException":
      if (call.taskDefinition === undefined) break;
      if (/valid task role is not being used/i.test(message)) {
        return failure(
          "exec-not-enabled",
          `${doing} started no task: ECS Exec needs a task role, and there is none.`,
          "Set 'taskRoleArn' in the task definition, or the input 'task-role', to a role that allows the four ssmmessages actions of ECS Exec.",
        );
      }
      if (/unable to describe task definition|taskdefinition (not found|is inactive)/i.test(message))
        return taskDefinitionNotFound(call.taskDefinition, seen, error);
      if (/network configuration must be provided/i.test(message))
        return networkRequired(call.taskDefinition, seen, error);
      if (/capacity is unavailable|limit on the number of/i.test(message)) {
        return new NoCapacity({ failed: `${doing} started no task.`, seen, cause: error });
      }
      if (/capacity provider.*not associated/is.test(message)) {
        return failure(
          "task-not-started",
          `${doing} started no task: the cluster has not these capacity providers.`,
          "Run 'aws ecs put-cluster-capacity-providers --capacity-providers FARGATE FARGATE_SPOT' for the cluster, or leave 'capacity-providers' out.",
        );
      }
  }
  return undefined;
}

/** The endpoint that the environment names for a service, as the SDK reads it: an empty variable is none. */
export function endpointOverride(service: Call["service"] | "ssmmessages"): string | undefined {
  const id = service === "logs" ? "CLOUDWATCH_LOGS" : service.toUpperCase();
  const names = [`AWS_ENDPOINT_URL_${id}`, "AWS_ENDPOINT_URL"];
  return names.map((name) => process.env[name]).find(Boolean);
}

/** True when AWS's answer was an exception of this name. */
export function isNamed(error: unknown, ...names: string[]): error is Error {
  return error instanceof Error && names.includes(error.name);
}

/** True when AWS's answer was that the caller may not do that. */
export function isAccessDenied(error: unknown): boolean {
  const { name, status } = facts(error);
  return DENIED.has(name) || status === 403;
}

/** How often the SDK sent the request that this answer or error came to. */
export function attempts(answer: unknown): number {
  return (answer as { $metadata?: { attempts?: number } }).$metadata?.attempts ?? 1;
}

function accessDenied(thrown: Thrown, call: Call, cause: unknown): Failure {
  // AWS names what was missing, which is not always the call itself: RunTask may lack iam:PassRole.
  const said = /not authorized to perform: ([\w-]+:\w+)(?: on resource: "?([^\s"]+))?/.exec(thrown.message);
  const action = said?.[1] ?? call.action;
  const resource = said?.[2]?.replace(/[.,]$/, "") ?? call.resource;
  const more = MORE_RIGHTS[action];
  const right = { action, isNamed: said?.[2] !== undefined };
  return new AccessDenied(right, {
    failed: `Access denied: the credentials have no right to ${action} on ${resource}.`,
    seen: words(thrown),
    advice: `Allow '${action}' on ${resource} in the policy of the caller's role.${more ? ` ${more}` : ""}`,
    cause,
  });
}

/** RunTask says of a throttle behind it: `InvalidParameterException: … Rate exceeded (ErrorCode: Throttling)`. */
export function isDisguisedThrottle({ name, message }: Pick<Error, "name" | "message">): boolean {
  return (
    /^(InvalidParameter|Client)Exception$/.test(name) && /rate exceeded|ErrorCode: Throttling/i.test(message)
  );
}

function ofBucket(thrown: Thrown, call: Call, failure: FailureWith): Failure | undefined {
  const { name, status, bucketRegion } = thrown;
  if (ELSEWHERE.has(name) || status === 301 || (bucketRegion !== undefined && bucketRegion !== call.region)) {
    const where = bucketRegion ?? "another region";
    return failure(
      "bucket-elsewhere",
      `The bucket '${call.bucket ?? ""}' is in ${where}, not in ${call.region}.`,
      `Use a bucket in ${call.region}, the cluster's region (for the script, the input 'bucket'): S3 endpoints of a VPC only reach buckets of their own region.`,
    );
  }
  if (name === "NoSuchBucket" || (status === 404 && call.action === "s3:ListBucket")) {
    return failure(
      "bucket-not-found",
      `There is no bucket '${call.bucket ?? ""}'.`,
      "Check the bucket's name and that the credentials belong to its account.",
    );
  }
  return undefined;
}

function facts(error: unknown): Thrown {
  const e = (typeof error === "object" && error !== null ? error : { message: String(error) }) as {
    name?: string;
    message?: string;
    code?: string;
    Code?: string;
    Region?: string;
    hostname?: string;
    address?: string;
    port?: number;
    errors?: unknown[];
    $metadata?: { httpStatusCode?: number; requestId?: string };
    $response?: { headers?: Record<string, string> };
  };
  // What Node throws when each address of a host refused, has its words in the errors it bundles.
  const inner = e.errors?.[0] === undefined ? undefined : facts(e.errors[0]);
  return {
    name: e.name ?? "Error",
    message: [e.message, inner?.message].find(Boolean) ?? "",
    code: e.code ?? e.Code,
    status: e.$metadata?.httpStatusCode,
    requestId: e.$metadata?.requestId,
    bucketRegion: e.$response?.headers?.["x-amz-bucket-region"] ?? e.Region,
    host: e.hostname ?? (e.address === undefined ? inner?.host : `${e.address}:${e.port ?? ""}`),
  };
}

function words({ name, message, status, requestId }: Thrown): string {
  const notes = [status === undefined ? "" : `HTTP ${status}`, requestId ? `request id ${requestId}` : ""];
  const note = notes.filter(Boolean).join(", ");
  return `${name}: ${message.trim() || "no message"}${note && ` (${note})`}`;
}

function endpointOf({ service, region }: Call): string {
  return endpointOverride(service) ?? `${service}.${region}.${partitionOf(region).dnsSuffix}`;
}

const NETWORK = new Set([
  ...["ECONNREFUSED", "ECONNRESET", "ECONNABORTED", "EPIPE", "ETIMEDOUT", "ENOTFOUND", "EAI_AGAIN"],
  ...[
    "EHOSTUNREACH",
    "ENETUNREACH",
    "EPROTO",
    "ERR_INVALID_URL",
    "TimeoutError",
    "DEPTH_ZERO_SELF_SIGNED_CERT",
  ],
]);
const CERTIFICATE = /^(CERT_|UNABLE_TO_|SELF_SIGNED_)/;
const NO_CREDENTIALS = new Set([
  ...["CredentialsProviderError", "TokenProviderError", "ExpiredToken", "ExpiredTokenException"],
  ...["UnrecognizedClientException", "InvalidClientTokenId", "InvalidAccessKeyId", "InvalidToken"],
  ...["MissingAuthenticationToken", "MissingAuthenticationTokenException", "IncompleteSignature"],
  ...["InvalidSignatureException", "SignatureDoesNotMatch", "RequestExpired", "TokenRefreshRequired"],
]);
const THROTTLED = new Set([
  ...[
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
  ],
  ...["TooManyRequestsException", "RequestLimitExceeded", "SlowDown"],
]);
const DENIED = new Set(["AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "Forbidden"]);
const ELSEWHERE = new Set([
  "PermanentRedirect",
  "AuthorizationHeaderMalformed",
  "IllegalLocationConstraintException",
]);

/** Rights that go together, or that a policy often narrows too far. */
const MORE_RIGHTS: Readonly<Record<string, string>> = {
  "ecs:ExecuteCommand":
    "It needs both the cluster's and the task's ARN as resources, and conditions such as ecs:container-name must match.",
  "ecs:RunTask": "Its resource is the task definition; 'iam:PassRole' on the task's roles is needed too.",
  "iam:PassRole": "The resource is the task role or execution role that the new task gets.",
  "ecs:ListTasks": "A condition on ecs:cluster must match.",
  "s3:GetObject": "Without 's3:ListBucket' S3 also denies what is only not there.",
  "s3:ListBucket": "Its resource is the bucket, not its objects.",
};
