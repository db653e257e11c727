import type { ECSClientConfig } from "@aws-sdk/client-ecs";

type RetryStrategy = Extract<
  NonNullable<ECSClientConfig["retryStrategy"]>,
  { refreshRetryTokenForRetry: unknown }
>;
type Token = Awaited<ReturnType<RetryStrategy["refreshRetryTokenForRetry"]>>;

/**
 * How long a throttled call is tried unless said, in milliseconds. ECS's limits are an account's, and RunTask, StopTask
 * and ExecuteCommand share one: a matrix of some hundred jobs needs minutes rather than the SDK's three attempts.
 */
const THROTTLED_FOR = 180_000;
/** Calls that found no network or a broken service: a few seconds in all, for a wrong region must be told soon. */
const ATTEMPTS = 6;
const LONGEST = 20_000;

/** Waits with full jitter, at most twice as long each time, so that many jobs spread out. */
export function patience(
  throttledFor: number = THROTTLED_FOR,
  random: () => number = Math.random,
): RetryStrategy {
  const waited = new WeakMap<object, number>();
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
    refreshRetryTokenForRetry: (last, { errorType }) => {
      const count = last.getRetryCount();
      const before = waited.get(last) ?? 0;
      const throttled = errorType === "THROTTLING";
      const again = throttled ? before < throttledFor : errorType === "TRANSIENT" && count + 1 < ATTEMPTS;
      if (!again) return Promise.reject(new Error("no more attempts"));
      const delay = Math.floor(random() * Math.min((throttled ? 500 : 100) * 2 ** count, LONGEST));
      return Promise.resolve(token(count + 1, delay, before + delay));
    },
    recordSuccess: () => undefined,
  };
}
