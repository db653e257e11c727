import { between, type Random } from "../random.ts";
import { AwsError, accessDenied, connectionReset, expiredToken, timedOut } from "./aws-error.ts";
import type { Base, Caller, SignedCall } from "./base.ts";

/** The SDK's request handler waits for so long. */
const SOCKET_TIMEOUT_MS = 60_000;

/** One call, as it goes over the network. */
export interface Call<T> {
  /** Such as `ecs:DescribeTasks`. */
  readonly operation: string;
  readonly resource: string;
  /** What AWS does, at the moment at which it has the request. */
  readonly act: () => T;
  readonly signal?: AbortSignal | undefined;
  /** How long the caller waits for an answer that does not come, in milliseconds; by default as long as the SDK. */
  readonly silence?: number;
}

/** The network between the callers and AWS: delays, and the faults of calls. */
export class Calls {
  readonly #base: Base;
  readonly #random: Random;

  readonly #onSigned: (call: SignedCall) => void;

  constructor(base: Base, onSigned: (call: SignedCall) => void = () => undefined) {
    this.#base = base;
    this.#onSigned = onSigned;
    this.#random = base.random("network");
  }

  /** Resolves with AWS's answer. Never settles for a caller that is dead by then. */
  send<T>(
    caller: Caller,
    { operation, resource, act, signal, silence = SOCKET_TIMEOUT_MS }: Call<T>,
  ): Promise<T> {
    const { time, timeline, host, faults, options } = this.#base;
    const fault = faults.ofCall(caller.name, operation);
    const [least, most] = options.latency;
    const there = between(this.#random, least, most) / 2;
    const back = between(this.#random, least, most) / 2 + (fault?.what === "slow" ? (fault.ms ?? 0) : 0);
    const note = (text: string): void => timeline.note(caller.name, `${operation} ${text}`);
    return new Promise((resolve, reject) => {
      const abort = (): void => reject(abortError());
      if (signal?.aborted) {
        abort();
        return;
      }
      signal?.addEventListener("abort", abort, { once: true });
      const answer = (after: number, text: string, settle: () => void): void => {
        time.after(caller.host, after, () => {
          signal?.removeEventListener("abort", abort);
          if (!signal?.aborted) note(text);
          settle();
        });
      };
      const fail = (error: AwsError, after = back): void =>
        answer(after, `-> ${error.code ?? error.name}`, () => reject(error));
      const arrive = (): void => {
        if (operation.startsWith("s3:") && this.#base.isS3Away(caller.name)) {
          fail(connectionReset());
          return;
        }
        const { keysUntil } = caller;
        if (keysUntil !== undefined)
          this.#onSigned({ actor: caller.name, operation, at: time.now, until: keysUntil });
        const refusal = this.#base.areCredentialsOver(caller.name, keysUntil)
          ? expiredToken(operation)
          : refusalOf(fault?.what, operation, resource);
        if (refusal !== undefined) {
          fail(refusal);
          return;
        }
        let value: T;
        try {
          value = act();
        } catch (error) {
          if (!(error instanceof AwsError)) throw error;
          fail(error);
          return;
        }
        if (fault?.what === "lost") fail(connectionReset());
        else if (fault?.what === "mute" || back > silence) fail(timedOut(silence), silence);
        else answer(back, "-> ok", () => resolve(value));
      };
      time.after(host, there, arrive);
    });
  }
}

function refusalOf(what: string | undefined, operation: string, resource: string): AwsError | undefined {
  const isS3 = operation.startsWith("s3:");
  switch (what) {
    case "throttled":
      if (isS3) return new AwsError("SlowDown", 503, "Please reduce your request rate.");
      // GitHub has no errors of AWS: it answers by the status that HTTP has for this (RFC 6585).
      return new AwsError(
        "ThrottlingException",
        operation.startsWith("github:") ? 429 : 400,
        "Rate exceeded",
      );
    case "denied":
      return accessDenied(operation, resource);
    case "failed":
      return isS3
        ? new AwsError("ServiceUnavailable", 503, "Service is unable to handle request.")
        : new AwsError("ServerException", 500, "Service Unavailable. Please try again later.");
    default:
      return undefined;
  }
}

function abortError(): Error {
  return Object.assign(new Error("Request aborted"), { name: "AbortError" });
}
