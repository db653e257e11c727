import type { ECSClientConfig } from "@aws-sdk/client-ecs";
import { isDisguisedThrottle } from "./failures.ts";

type RetryStrategy = Extract<
  NonNullable<ECSClientConfig["retryStrategy"]>,
  { refreshRetryTokenForRetry: unknown }
>;
type Token = Awaited<ReturnType<RetryStrategy["refreshRetryTokenForRetry"]>>;
type ErrorInfo = Parameters<RetryStrategy["refreshRetryTokenForRetry"]>[1];

/** A token of ours, with the milliseconds of all pauses so far. */
interface Attempt extends Token {
  readonly waited: number;
}

/** The retry strategy, for a loop of ours, too. */
interface Patience extends RetryStrategy {
  /** The next attempt's; undefined when there is to be none. */
  readonly next: (last: Token, info: ErrorInfo) => Token | undefined;
}

/**
 * How long a throttled call is repeated by default, in milliseconds. ECS's rates are those of the account, and
 * RunTask, StopTask and ExecuteCommand share one. A matrix of hundreds of jobs needs minutes, not the SDK's three
 * attempts.
 */
const THROTTLED_FOR = 180_000;
/**
 * The attempts of a call that found no network or a broken service. They take a few seconds in all, so that a wrong
 * region is reported soon.
 */
const ATTEMPTS = 6;
/**
 * How long a call is repeated, in milliseconds of pauses, when the network fails but the endpoint has answered
 * before. Its address is right then, and the run is under way.
 */
const NETWORK_FOR = 30_000;
const LONGEST = { throttle: 20_000, failure: 5_000 };

/**
 * The retry strategy of one client, which has one endpoint. Waits with full jitter, at most twice as long each time,
 * so that many jobs spread out.
 */
export function patience(throttledFor: number | undefined, random: () => number): Patience {
  let hasAnswered = false;
  const token = (count: number, delay: number, waited: number): Attempt => ({
    getRetryCount: () => count,
    getRetryDelay: () => delay,
    waited,
  });
  const next: Patience["next"] = (last, { errorType: told, error }) => {
    const isThrottle = told === "THROTTLING" || (error instanceof Error && isDisguisedThrottle(error));
    const errorType = isThrottle ? "THROTTLING" : told;
    const count = last.getRetryCount();
    const { waited: before } = last as Attempt;
    const isWorthIt = (): boolean => {
      if (errorType === "THROTTLING") return before < (throttledFor ?? THROTTLED_FOR);
      if (errorType !== "TRANSIENT") return false;
      const isNetwork = error?.$metadata?.httpStatusCode === undefined;
      return count + 1 < ATTEMPTS || (isNetwork && hasAnswered && before < NETWORK_FOR);
    };
    if (!isWorthIt()) return undefined;
    const [shortest, longest] = errorType === "THROTTLING" ? [500, LONGEST.throttle] : [100, LONGEST.failure];
    const delay = Math.floor(random() * Math.min(shortest * 2 ** count, longest));
    return token(count + 1, delay, before + delay);
  };
  return {
    next,
    acquireInitialRetryToken: () => Promise.resolve(token(0, 0, 0)),
    refreshRetryTokenForRetry: (last, info) => {
      const token = next(last, info);
      return token === undefined ? Promise.reject(new Error("no more attempts")) : Promise.resolve(token);
    },
    recordSuccess: () => {
      hasAnswered = true;
    },
  };
}
