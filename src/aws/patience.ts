import type { ECSClientConfig } from "@aws-sdk/client-ecs";
import { isDisguisedThrottle } from "./failures.ts";

type RetryStrategy = Extract<
  NonNullable<ECSClientConfig["retryStrategy"]>,
  { refreshRetryTokenForRetry: unknown }
>;
type Token = Awaited<ReturnType<RetryStrategy["refreshRetryTokenForRetry"]>>;

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
export function patience(throttledFor: number | undefined, random: () => number): RetryStrategy {
  const waited = new WeakMap<object, number>();
  let hasAnswered = false;
  const token = (count: number, delay: number, total: number): Token => {
    const made: Token = {
      getRetryCount: () => count,
      getRetryDelay: () => delay,
    };
    waited.set(made, total);
    return made;
  };
  return {
    acquireInitialRetryToken: () => Promise.resolve(token(0, 0, 0)),
    refreshRetryTokenForRetry: (last, { errorType: told, error }) => {
      const isThrottle = told === "THROTTLING" || (error instanceof Error && isDisguisedThrottle(error));
      const errorType = isThrottle ? "THROTTLING" : told;
      const count = last.getRetryCount();
      const before = waited.get(last) ?? 0;
      const isWorthIt = (): boolean => {
        if (errorType === "THROTTLING") return before < (throttledFor ?? THROTTLED_FOR);
        if (errorType !== "TRANSIENT") return false;
        const isNetwork = error?.$metadata?.httpStatusCode === undefined;
        return count + 1 < ATTEMPTS || (isNetwork && hasAnswered && before < NETWORK_FOR);
      };
      if (!isWorthIt()) return Promise.reject(new Error("no more attempts"));
      const [first, longest] = errorType === "THROTTLING" ? [500, LONGEST.throttle] : [100, LONGEST.failure];
      const delay = Math.floor(random() * Math.min(first * 2 ** count, longest));
      return Promise.resolve(token(count + 1, delay, before + delay));
    },
    recordSuccess: () => {
      hasAnswered = true;
    },
  };
}
