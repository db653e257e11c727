import { escapeXml } from "./xml.ts";

/** The type of the answers by which `moto.py` says why moto has failed. moto's own answers have other types. */
const FAILURE_TYPE = "application/x-moto-failure";

/** Whether an answer says that moto has failed, and why. */
export function isMotoFailure(status: number | undefined, type: string | null | undefined): boolean {
  return status === 500 && type === FAILURE_TYPE;
}

/** An error in an AWS service's own words: callers match on the code, and sometimes on the message. */
export class AwsError extends Error {
  readonly code: string;
  readonly status: number;
  /** Further members of the error's shape. */
  readonly members: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, status = 400, members: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.name = code;
    this.code = code;
    this.status = status;
    this.members = members;
  }

  /**
   * The error for a call that moto failed to answer, with moto's reason. AWS's clients do not retry a call that gets this
   * status.
   */
  static unanswered(reason: string): AwsError {
    return new AwsError(
      "NotImplemented",
      `The local Fargate leaves this call to moto, which can't answer it as it was made: ${reason.trim()}`,
      501,
    );
  }

  /** The body in XML, in the form of the service: S3's own, EC2's, or that of the query protocol. */
  xml(service: string): string {
    const error = `<Code>${this.code}</Code><Message>${escapeXml(this.message)}</Message>`;
    const body =
      service === "ec2"
        ? `<Response><Errors><Error>${error}</Error></Errors></Response>`
        : service === "s3" || service === ""
          ? `<Error>${error}</Error>`
          : `<ErrorResponse><Error><Type>Sender</Type>${error}</Error></ErrorResponse>`;
    return `<?xml version="1.0" encoding="UTF-8"?>\n${body}`;
  }

  /** The body in the protocol awsJson1.1. */
  get body(): string {
    return JSON.stringify({ __type: this.code, message: this.message, ...this.members });
  }
}
