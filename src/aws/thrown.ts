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
export interface ErrorFacts {
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

/** Reads whatever a call has thrown. */
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
    $response?: { headers?: Record<string, string> };
  };
  // What Node throws when each address of a host refused, has its words in the errors it bundles.
  const inner = e.errors?.[0] === undefined ? undefined : readThrown(e.errors[0]);
  return {
    name: e.name ?? "Error",
    message: [e.message?.trim(), inner?.message].find(Boolean) ?? "no message",
    code: e.code ?? e.Code,
    status: e.$metadata?.httpStatusCode,
    requestId: e.$metadata?.requestId,
    bucketRegion: e.$response?.headers?.["x-amz-bucket-region"] ?? e.Region,
    host: e.hostname ?? (e.address === undefined ? inner?.host : [e.address, e.port].join(":")),
  };
}

/** AWS's own words, with the request id by which its support finds the call. */
export function inWords({ name, message, status, requestId }: ErrorFacts): string {
  const notes = [
    ...(status === undefined ? [] : [`HTTP ${status}`]),
    ...(requestId === undefined ? [] : [`request id ${requestId}`]),
  ];
  return [`${name}: ${message}`, ...(notes.length > 0 ? [`(${notes.join(", ")})`] : [])].join(" ");
}

/** Advice on what only AWS's words explain. */
export const OWN_WORDS =
  "These are AWS's own words; its documentation of the call tells more, and AWS support can look up the request id.";
