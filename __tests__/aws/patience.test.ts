import { patience } from "../../src/aws/patience.ts";

/** The pauses before each attempt, for a call that fails so each time. */
async function pauses(
  errorType: "THROTTLING" | "TRANSIENT" | "CLIENT_ERROR",
  random = 1,
  throttledFor?: number,
): Promise<number[]> {
  const strategy = patience(throttledFor, () => random);
  const delays: number[] = [];
  let token = await strategy.acquireInitialRetryToken("");
  try {
    for (;;) {
      token = await strategy.refreshRetryTokenForRetry(token, { errorType });
      delays.push(token.getRetryDelay());
    }
  } catch {
    return delays;
  }
}

it("waits throttles out for three minutes", async () => {
  const delays = await pauses("THROTTLING");
  expect(delays.slice(0, 7)).toEqual([500, 1000, 2000, 4000, 8000, 16000, 20000]);
  const sum = delays.reduce((a, b) => a + b, 0);
  expect(sum).toBeGreaterThanOrEqual(180_000);
  expect(sum).toBeLessThanOrEqual(200_000);
});

it("waits throttles out for as long as it is told", async () => {
  expect(await pauses("THROTTLING", 1, 3_000)).toEqual([500, 1000, 2000]);
});

it("gives up within seconds where there is no network", async () => {
  expect(await pauses("TRANSIENT")).toEqual([100, 200, 400, 800, 1600]);
});

it("does not repeat what AWS refused", async () => {
  expect(await pauses("CLIENT_ERROR")).toEqual([]);
});

it("takes a random part of each pause", async () => {
  expect(await pauses("TRANSIENT", 0.25)).toEqual([25, 50, 100, 200, 400]);
});
