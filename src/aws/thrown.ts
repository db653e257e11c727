import { foreignWords, type HeldAnswer } from "./foreign-answers.ts";

/** A call, in the words of a message. */
export interface Call {
  readonly service: "ecs" | "s3" | "logs" | "kms" | "ssm" | "sts" | "ec2" | "ecr" | "iam";
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

/** The facts in an error of the SDK or of Node. */
export interface ErrorFacts {
  readonly name: string;
  readonly message: string;
  /** Node's network code, or S3's. */
  readonly code: string | undefined;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  /** The bucket's region, when S3 answers that it is in another one. */
  readonly bucketRegion: string | undefined;
  readonly host: string | undefined;
  /** The first words of an answer that is not AWS's (foreign-answers.ts). */
  readonly foreign: string | undefined;
}

/** The SDK's hint for those who debug, at the end of an answer that it can't read. */
const HINT = /\n\s*Deserialization error: to see the raw response.*/s;

/** Reads what a call has thrown. Never throws. */
export function readThrown(error: unknown): ErrorFacts {
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
    $response?: HeldAnswer;
  };
  // When every address of a host refuses, Node throws one error that holds an error for each address.
  const inner = e.errors?.[0] === undefined ? undefined : readThrown(e.errors[0]);
  return {
    name: e.name ?? "Error",
    message: [e.message?.replace(HINT, "").trim(), inner?.message].find(Boolean) ?? "no message",
    code: e.code ?? e.Code,
    status: e.$metadata?.httpStatusCode,
    requestId: e.$metadata?.requestId,
    bucketRegion: e.$response?.headers?.["x-amz-bucket-region"] ?? e.Region,
    host: e.hostname ?? (e.address === undefined ? inner?.host : [e.address, e.port].join(":")),
    foreign: foreignWords(e),
  };
}

/** AWS's own words, with the request id by which its support finds the call; or those of an answer that is not AWS's. */
export function inWords({ name, message, status, requestId, foreign }: ErrorFacts): string {
  if (foreign !== undefined) return `HTTP ${status}, and not in the form of AWS's answers: ${foreign}`;
  const notes = [
    ...(status === undefined ? [] : [`HTTP ${status}`]),
    ...(requestId === undefined ? [] : [`request id ${requestId}`]),
  ];
  return [`${name}: ${message}`, ...(notes.length > 0 ? [`(${notes.join(", ")})`] : [])].join(" ");
}

/** The advice when only AWS's own words explain the failure. */
export const OWN_WORDS =
  "These are AWS's own words; its documentation of the call tells more, and AWS support can look up the request id.";
