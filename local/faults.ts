import { AwsError } from "./aws-error.ts";

/** A fault of API calls: an error, a broken connection or a delay. */
export interface Fault {
  /**
   * AWS's name of the operation, such as `RunTask`; for S3 the method and path, such as `PUT /bucket/key`. A `*` at the end
   * matches any rest.
   */
  readonly operation: string;
  /** How the caller's `User-Agent` begins, such as `aws-sdk-js`; any caller's unless given. */
  readonly agent?: string;
  /** The code of the error that is answered instead of carrying out the call; none unless given. */
  readonly code?: string;
  readonly message?: string;
  /** HTTP status; 400 unless given. */
  readonly status?: number;
  /** The connection is reset without an answer: before the call was carried out, or after it. */
  readonly reset?: "before" | "after";
  /** Milliseconds before the call is carried out. */
  readonly delay?: number;
  /** How many calls succeed before the fault; 0 unless given. */
  readonly skip?: number;
  /** How many calls the fault hits; 1 unless given, or any number with `lasts`. */
  readonly times?: number;
  /** For how many milliseconds from now the fault hits calls; without a limit unless given. */
  readonly lasts?: number;
}

/** What faults are found by: AWS's name of the operation, and the caller's `User-Agent`. */
export interface FaultyCall {
  readonly operation: string;
  readonly agent: string;
}

/** The fault of one call. */
export interface CallFault {
  readonly delay?: number;
  readonly reset?: "before" | "after";
  readonly error?: AwsError;
}

const HTTP_STATUS = /^[2-5]\d\d$/;

export class Faults {
  #waiting: { readonly fault: Fault; readonly until: number; skip: number; left: number }[] = [];

  /** Throws an `AwsError` for a fault that no answer could have. */
  add(fault: Fault): void {
    if (!HTTP_STATUS.test(String(fault.status ?? 400)))
      throw new AwsError("InvalidOrder", `'api.status' must be from 200 to 599, and not '${fault.status}'`);
    const { skip = 0, lasts = Infinity, times = lasts === Infinity ? 1 : Infinity } = fault;
    this.#waiting.push({ fault, until: Date.now() + lasts, skip, left: times });
  }

  clear(): void {
    this.#waiting = [];
  }

  /** Takes the first fault that hits this call. Undefined when there is none. */
  take(call: FaultyCall): CallFault | undefined {
    for (const entry of this.#waiting) {
      if (entry.left < 1 || Date.now() >= entry.until || !isMatch(entry.fault, call)) continue;
      if (entry.skip > 0) {
        entry.skip -= 1;
        continue;
      }
      entry.left -= 1;
      const { code, message = "", status, reset, delay } = entry.fault;
      return {
        ...(code !== undefined && { error: new AwsError(code, message, status) }),
        ...(reset !== undefined && { reset }),
        ...(delay !== undefined && { delay }),
      };
    }
    return undefined;
  }
}

function isMatch(
  { operation: pattern, agent: beginning = "" }: Fault,
  { operation, agent }: FaultyCall,
): boolean {
  if (!agent.startsWith(beginning)) return false;
  return pattern.endsWith("*") ? operation.startsWith(pattern.slice(0, -1)) : operation === pattern;
}
