import { AwsError } from "./aws-error.ts";

/** An error that AWS shall answer instead of doing what it was asked. */
export interface Fault {
  /** As AWS names it, such as `RunTask`; for S3 the method and path, such as `PUT /bucket/key`. */
  readonly operation: string;
  readonly code: string;
  readonly message: string;
  /** HTTP status; 400 unless given. */
  readonly status?: number;
  /** How many calls fail, from now on; 1 unless given. */
  readonly times?: number;
}

export class Faults {
  #waiting: { fault: Fault; left: number }[] = [];

  add(fault: Fault): void {
    this.#waiting.push({ fault, left: fault.times ?? 1 });
  }

  /** The error for this call, undefined when it shall go well. */
  take(operation: string): AwsError | undefined {
    const found = this.#waiting.find(({ fault, left }) => left > 0 && fault.operation === operation);
    if (found === undefined) return undefined;
    found.left -= 1;
    const { code, message, status } = found.fault;
    return new AwsError(code, message, status);
  }
}
