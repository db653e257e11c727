import { LEASES, LONGEST_AFTER_RENEWAL_MS, TRUST_MS } from "../../src/queue/leases.ts";

it("the job of a lost holder has ended before another run gets the lock", () => {
  expect(LONGEST_AFTER_RENEWAL_MS).toBeLessThan(LEASES.lock.lasts);
});

it("a holder of a lock renews it often enough that three renewals may fail", () => {
  expect(4 * LEASES.lock.renewedEvery).toBeLessThanOrEqual(TRUST_MS);
});

it.each(Object.entries(LEASES))("a renewal of the lease of a %s may fail", (_, { lasts, renewedEvery }) => {
  expect(2 * renewedEvery).toBeLessThan(lasts);
});
