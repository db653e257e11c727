/** An error as AWS's SDK throws it. */
export class AwsError extends Error {
  override readonly name: string;
  readonly $metadata: { httpStatusCode?: number; requestId?: string; attempts?: number };
  readonly $fault: "client" | "server";
  /** S3 and Node name their errors by a code. */
  readonly code?: string;

  constructor(name: string, status: number | undefined, message: string, code?: string) {
    super(message);
    this.name = name;
    this.$fault = status !== undefined && status < 500 ? "client" : "server";
    this.$metadata = status === undefined ? {} : { httpStatusCode: status, requestId: "simulated" };
    if (code !== undefined) this.code = code;
  }
}

/** The connection broke before the answer came. */
export function connectionReset(): AwsError {
  return new AwsError("Error", undefined, "read ECONNRESET", "ECONNRESET");
}

/** The caller has waited so long for an answer, in milliseconds, as the SDK's request handler does for a minute. */
export function timedOut(ms: number): AwsError {
  return new AwsError("TimeoutError", undefined, `socket timed out after ${ms} ms`);
}

export function accessDenied(action: string, resource: string): AwsError {
  const isS3 = action.startsWith("s3:");
  return new AwsError(
    isS3 ? "AccessDenied" : "AccessDeniedException",
    isS3 ? 403 : 400,
    isS3
      ? "Access Denied"
      : `User: arn:aws:sts::111122223333:assumed-role/runner/session is not authorized to perform: ${action} on resource: ${resource}`,
  );
}

/** AWS's answer to credentials that have ended. S3 has other words (S3 API: error responses; the common errors of ECS and SSM). */
export function expiredToken(operation: string): AwsError {
  return operation.startsWith("s3:")
    ? new AwsError("ExpiredToken", 400, "The provided token has expired.")
    : new AwsError("ExpiredTokenException", 400, "The security token included in the request is expired");
}
