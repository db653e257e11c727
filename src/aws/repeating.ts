import { isServerError, isThrottlingError, isTransientError } from "@smithy/core/retry";
import type { Clock } from "../clock.ts";
import { isRecord } from "../values.ts";
import { patience } from "./patience.ts";
import type { Sender } from "./services.ts";

/** Sends a request, and sends it again as long as that makes sense. `signal` ends the pauses. */
export type Repeat = <T>(send: () => Promise<T>, signal?: AbortSignal) => Promise<T>;

/**
 * Repeats the calls of one endpoint, by `patience`. This is the SDK's loop with a clock of ours: the SDK itself waits by timers. `$metadata` of the
 * answer or the error says how many requests there were (`attempts`). That of an error says by `mayHaveWorked`
 * whether one before the last may have had its effect: it had no answer, or AWS said that it has failed itself.
 */
export function repeating(clock: Clock, throttledFor: number | undefined): Repeat {
  const strategy = patience(throttledFor, clock.random.fraction);
  return async (send, signal) => {
    let mayHaveWorked = false;
    for (let token = await strategy.acquireInitialRetryToken(""); ;) {
      const count = token.getRetryCount() + 1;
      try {
        const answer = await send();
        strategy.recordSuccess(token);
        noteTries(answer, { attempts: count });
        return answer;
      } catch (error) {
        noteTries(error, { attempts: count, mayHaveWorked });
        const info = errorInfo(error);
        const next = signal?.aborted ? undefined : strategy.next(token, info);
        if (next === undefined) throw error;
        mayHaveWorked ||= info.errorType === "TRANSIENT" || info.errorType === "SERVER_ERROR";
        token = next;
        await clock.sleep(token.getRetryDelay(), signal);
      }
    }
  };
}

/** The same client, whose calls are repeated. */
export function patient<Client extends { readonly send: unknown }>(
  client: Sender<Client>,
  repeat: Repeat,
): Sender<Client> {
  const one = client as AnySender;
  const send: AnySender["send"] = (command, options) =>
    repeat(() => one.send(command, options), options?.abortSignal);
  return { send };
}

interface AnySender {
  send(command: unknown, options?: { readonly abortSignal?: AbortSignal }): Promise<unknown>;
}

type ErrorInfo = Parameters<ReturnType<typeof patience>["refreshRetryTokenForRetry"]>[1];

/** The kind of an error, as the SDK's own loop tells it. */
function errorInfo(thrown: unknown): ErrorInfo {
  const error = thrown as NonNullable<ErrorInfo["error"]>;
  if (isThrottlingError(error)) return { error, errorType: "THROTTLING" };
  if (isTransientError(error)) return { error, errorType: "TRANSIENT" };
  return { error, errorType: isServerError(error) ? "SERVER_ERROR" : "CLIENT_ERROR" };
}

function noteTries(
  outcome: unknown,
  tries: { readonly attempts: number; readonly mayHaveWorked?: boolean },
): void {
  if (outcome instanceof Error || (isRecord(outcome) && "$metadata" in outcome)) {
    const { $metadata = {} } = outcome as { readonly $metadata?: object };
    Object.assign(outcome, { $metadata: { ...$metadata, ...tries } });
  }
}
