/**
 * The failures of any call of AWS. Only `src/aws` knows AWS's exception names and Node's network codes. Every error of
 * a call leaves this folder as a `Failure`, or as the reason of the signal that aborted the call.
 */
import { unlessAborted } from "../waiting.ts";
import { AccessDenied, Failure, type FailureCode, type WordsForEach } from "../errors.ts";
import { ecsFailure } from "./ecs-failures.ts";
import { partitionOf } from "./partitions.ts";
import { patternOf } from "./resource-pattern.ts";
import { type Call, inWords, OWN_WORDS, readThrown, type ErrorFacts } from "./thrown.ts";

/** Runs one call. An abort throws the signal's reason; any other error becomes a `Failure`. */
export async function attempt<T>(
  call: Call,
  signal: AbortSignal | undefined,
  send: () => PromiseLike<T>,
): Promise<T> {
  try {
    signal?.throwIfAborted();
    // The SDK does not end a wait for credentials, or a pause between two tries, when the signal aborts.
    return await (signal ? unlessAborted(Promise.resolve(send()), signal) : send());
  } catch (error) {
    signal?.throwIfAborted();
    throw failureOf(error, call);
  }
}

/** Codes of calls that AWS may have carried out: AWS did not answer, or a cancel cut the call short. */
const UNANSWERED: ReadonlySet<FailureCode> = new Set(["aws-unreachable", "cancelled"]);

/** True when AWS has answered with a refusal. A try before that may have taken effect all the same. */
export function isRefusedByAws(error: unknown): error is Failure {
  return error instanceof Failure && !UNANSWERED.has(error.code);
}

/**
 * True when the call has changed nothing: AWS refused it, did not fail itself (HTTP 5xx), and left no try before that
 * without an answer of its own.
 */
export function isWithoutEffect(error: unknown): error is Failure {
  if (!isRefusedByAws(error)) return false;
  const isServerError = (readThrown(error.cause).status ?? 0) >= 500;
  return !isServerError && (error.cause as Answered | undefined)?.$metadata?.mayHaveWorked !== true;
}

/** Makes a failure of the call, with AWS's words as `seen`. */
type FailureMaker = (code: FailureCode, failed: string, advice: string | WordsForEach) => Failure;

/** The failure of an error. A `Failure`, and an error that shows a bug of the action, come back unchanged. */
export function failureOf(error: unknown, call: Call): Error {
  if (error instanceof Failure || error instanceof ReferenceError) return error;
  if (error instanceof TypeError && !("code" in error)) return error;
  const thrown = readThrown(error);
  const doing = `${call.action} on ${call.resource}`;
  const seen = inWords(thrown);
  const failure: FailureMaker = (code, failed, advice) =>
    new Failure(code, { failed, seen, advice, cause: error });

  const found =
    commonFailure(thrown, call, failure) ??
    (call.bucket === undefined ? undefined : bucketFailure(thrown, call.bucket, call, failure));
  if (found) return found;
  if (DENIED.has(thrown.name) || thrown.status === 403) return accessDenied(thrown, call, error);
  const refused = ecsFailure(thrown, call, error);
  if (refused) return refused;
  return failure("aws-error", `${doing} failed.`, OWN_WORDS);
}

/** How to give a run credentials: the end of an advice that begins with "Set". */
export const WITH_CREDENTIALS: WordsForEach = {
  workflow:
    "'role-to-assume', or put aws-actions/configure-aws-credentials before this step, with a session long enough for the " +
    "job ('role-duration-seconds'); both need 'permissions: id-token: write' for OpenID Connect.",
  program: "AWS_PROFILE, sign in as for the AWS CLI ('aws sso login', 'aws login'), or set 'role-to-assume'.",
};

/** A failure of the network, the credentials or the rate, which every service may have; undefined for any other error. */
function commonFailure(thrown: ErrorFacts, call: Call, failure: FailureMaker): Failure | undefined {
  const { name, message } = thrown;
  const doing = `${call.action} on ${call.resource}`;
  if (NETWORK.has(thrown.code ?? name) || (thrown.code !== undefined && TLS.test(thrown.code))) {
    const endpoint = thrown.host ?? endpointOf(call);
    return failure(
      "aws-unreachable",
      `${doing} failed: the endpoint ${endpoint} can't be reached.`,
      "Check the input 'region', the network of this machine, and HTTPS_PROXY, NO_PROXY and AWS_ENDPOINT_URL in its environment.",
    );
  }
  if (thrown.foreign !== undefined) {
    return failure(
      "aws-unreachable",
      `${doing} failed: another server has answered in the place of AWS.`,
      `Let this machine reach ${endpointOf(call)} past the proxy or firewall that sent this answer. Check HTTPS_PROXY, NO_PROXY and AWS_ENDPOINT_URL in its environment, and the network's VPC endpoint if it has one.`,
    );
  }
  if (NO_CREDENTIALS.has(name)) {
    return failure(
      "no-credentials",
      `${doing} failed: the AWS credentials are ${/expire/i.test(`${name} ${message}`) ? "expired" : "missing or not valid"}.`,
      {
        workflow: `Set ${WITH_CREDENTIALS.workflow}`,
        program: `Set ${WITH_CREDENTIALS.program}`,
      },
    );
  }
  if (THROTTLED.has(name) || thrown.status === 429 || isDisguisedThrottle(thrown)) {
    return failure("throttled", `${doing} was throttled by AWS for longer than fargate-exec waits.`, {
      workflow: `Run fewer jobs at once ('strategy.max-parallel'), or ask AWS for a higher rate of ${call.action}.`,
      program: `Run fewer at once, or ask AWS for a higher rate of ${call.action}.`,
    });
  }
  return undefined;
}

/** The endpoint that the environment names for a service, read as the SDK does: an empty variable counts as unset. */
export function endpointOverride(service: Call["service"] | "ssmmessages"): string | undefined {
  const id = service === "logs" ? "CLOUDWATCH_LOGS" : service.toUpperCase();
  const names = [`AWS_ENDPOINT_URL_${id}`, "AWS_ENDPOINT_URL"];
  return names.map((name) => process.env[name]).find(Boolean);
}

/** True for an AWS exception of one of these names. */
export function isNamed(error: unknown, ...names: string[]): error is Error {
  return error instanceof Error && names.includes(error.name);
}

/** True when AWS has denied the call. */
export function isAccessDenied(error: unknown): boolean {
  const { name, status, foreign } = readThrown(error);
  return foreign === undefined && (DENIED.has(name) || status === 403);
}

/** What an answer or an error tells of its tries (repeating.ts). */
interface Answered {
  readonly $metadata?: { readonly attempts?: number; readonly mayHaveWorked?: boolean };
}

/** How many times the request of this answer or error was sent. */
export function attempts(answer: unknown): number {
  return (answer as Answered).$metadata?.attempts ?? 1;
}

function accessDenied(thrown: ErrorFacts, call: Call, cause: unknown): Failure {
  // AWS names the missing right, which may differ from the call's own: RunTask may lack iam:PassRole.
  const said = /not authorized to perform: ([\w-]+:\w+)(?: on resource: "?([^\s"]+))?/.exec(thrown.message);
  const action = said?.[1] ?? call.action;
  const resource = said?.[2]?.replace(/[.,]$/, "") ?? call.resource;
  const more = MORE_RIGHTS[action];
  const right = { action, isNamed: said?.[2] !== undefined };
  return new AccessDenied(right, {
    failed: `Access denied: the credentials have no right to ${action} on ${resource}.`,
    seen: inWords(thrown),
    advice: `Allow '${action}' on ${patternOf(resource)} in the policy of the caller's role.${more ? ` ${more}` : ""}`,
    cause,
  });
}

/**
 * True for a throttle that RunTask reports as `InvalidParameterException: … Rate exceeded (ErrorCode: Throttling)`.
 */
export function isDisguisedThrottle({ name, message }: Pick<Error, "name" | "message">): boolean {
  return (
    /^(InvalidParameter|Client)Exception$/.test(name) && /rate exceeded|ErrorCode: Throttling/i.test(message)
  );
}

function bucketFailure(
  { name, status, bucketRegion }: ErrorFacts,
  bucket: string,
  call: Call,
  failure: FailureMaker,
): Failure | undefined {
  if (ELSEWHERE.has(name) || status === 301 || (bucketRegion !== undefined && bucketRegion !== call.region)) {
    const where = bucketRegion ?? "another region";
    return failure(
      "bucket-elsewhere",
      `The bucket '${bucket}' is in ${where}, not in ${call.region}.`,
      `Use a bucket in ${call.region}, the cluster's region (for the script, the input 'bucket'): S3 endpoints of a VPC only reach buckets of their own region.`,
    );
  }
  if (name === "NoSuchBucket" || (status === 404 && call.action === "s3:ListBucket")) {
    return failure(
      "bucket-not-found",
      `There is no bucket '${bucket}'.`,
      "Check the bucket's name and that the credentials belong to its account.",
    );
  }
  return undefined;
}

function endpointOf({ service, region }: Call): string {
  const name = service === "ecr" ? "api.ecr" : service;
  return endpointOverride(service) ?? `${name}.${region}.${partitionOf(region).dnsSuffix}`;
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
const TLS = /^(ERR_TLS|CERT_|UNABLE_TO_|SELF_SIGNED_)/;
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
  "s3:PutObject":
    "A step with 'bucket' needs 's3:GetObject' and 's3:DeleteObject' there, too, and 's3:ListBucket' on the bucket.",
  "s3:GetObject": "Without 's3:ListBucket' S3 also denies a read of an object that does not exist.",
  "s3:ListBucket": "Its resource is the bucket, not its objects.",
};
