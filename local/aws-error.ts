/** An error as an AWS service words it: callers match on the code, and sometimes on the message. */
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

  /** The body in the protocol awsJson1.1. */
  get body(): string {
    return JSON.stringify({ __type: this.code, message: this.message, ...this.members });
  }
}
