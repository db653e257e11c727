import { patience } from "../../src/aws/patience.ts";

type Strategy = ReturnType<typeof patience>;
type Failure = Parameters<Strategy["refreshRetryTokenForRetry"]>[1];

/** The pauses before each attempt, for a call that fails with `failure` each time. */
async function pauses(failure: Failure, random = 1, throttledFor?: number): Promise<number[]> {
  return await pausesOf(
    patience(throttledFor, () => random),
    failure,
  );
}

async function pausesOf(strategy: Strategy, failure: Failure): Promise<number[]> {
  const delays: number[] = [];
  let token = await strategy.acquireInitialRetryToken("");
  try {
    for (;;) {
      token = await strategy.refreshRetryTokenForRetry(token, failure);
      delays.push(token.getRetryDelay());
    }
  } catch {
    return delays;
  }
}

async function answerOnce(): Promise<Strategy> {
  const strategy = patience(undefined, () => 1);
  strategy.recordSuccess(await strategy.acquireInitialRetryToken(""));
  return strategy;
}

const sum = (delays: readonly number[]): number => delays.reduce((a, b) => a + b, 0);

it("waits throttles out for three minutes", async () => {
  const delays = await pauses({ errorType: "THROTTLING" });
  expect(delays.slice(0, 7)).toEqual([500, 1000, 2000, 4000, 8000, 16000, 20000]);
  expect(sum(delays)).toBeGreaterThanOrEqual(180_000);
  expect(sum(delays)).toBeLessThanOrEqual(200_000);
});

it("waits out a throttle that RunTask calls a wrong parameter, but no other wrong parameter", async () => {
  const called = (message: string) =>
    Object.assign(new Error(message), {
      name: "InvalidParameterException",
      $fault: "client",
      $metadata: {},
    }) as never;
  const throttle = called("Rate exceeded (ErrorCode: Throttling)");
  expect(await pauses({ errorType: "CLIENT_ERROR", error: throttle }, 1, 3_000)).toEqual([500, 1000, 2000]);
  expect(await pauses({ errorType: "CLIENT_ERROR", error: called("No such subnet.") })).toEqual([]);
});

it("waits throttles out for as long as it is told", async () => {
  expect(await pauses({ errorType: "THROTTLING" }, 1, 3_000)).toEqual([500, 1000, 2000]);
});

it("gives up within seconds when there is no network", async () => {
  expect(await pauses({ errorType: "TRANSIENT" })).toEqual([100, 200, 400, 800, 1600]);
});

it("waits half a minute for a failing network when a call was answered before", async () => {
  const delays = await pausesOf(await answerOnce(), { errorType: "TRANSIENT" });
  expect(delays.slice(0, 8)).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000]);
  expect(sum(delays)).toBeGreaterThanOrEqual(30_000);
  expect(sum(delays)).toBeLessThanOrEqual(35_000);
});

it("gives up on a broken service within seconds, also when a call was answered before", async () => {
  const error = {
    name: "ServiceUnavailable",
    message: "",
    $fault: "server" as const,
    $metadata: { httpStatusCode: 503 },
  };
  expect(await pausesOf(await answerOnce(), { errorType: "TRANSIENT", error })).toEqual([
    100, 200, 400, 800, 1600,
  ]);
});

it("does not repeat what AWS refused", async () => {
  expect(await pauses({ errorType: "CLIENT_ERROR" })).toEqual([]);
});

it("takes a random part of each pause", async () => {
  expect(await pauses({ errorType: "TRANSIENT" }, 0.25)).toEqual([25, 50, 100, 200, 400]);
});
