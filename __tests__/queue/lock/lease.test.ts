import { LONGEST_AFTER_RENEWAL_MS, RENEW_EVERY_MS, TRUST_MS } from "../../../src/queue/lock/lease.ts";
import { LOCK_LEASE_MS } from "../../../src/queue/queue-state.ts";

it("the job of a lost holder has ended before another run gets the lock", () => {
  expect(LONGEST_AFTER_RENEWAL_MS).toBeLessThan(LOCK_LEASE_MS);
});

it("a holder renews often enough that three renewals may fail", () => {
  expect(4 * RENEW_EVERY_MS).toBeLessThanOrEqual(TRUST_MS);
});
