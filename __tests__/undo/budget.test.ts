import { CANCEL_BUDGET, SIGTERM_AFTER_MS } from "../../src/undo/budget.ts";

it.each(Object.entries(CANCEL_BUDGET))("a cancelled step is done before SIGTERM when %s", (_, waits) => {
  const total = waits.reduce((sum, { atMost }) => sum + atMost, 0);
  expect(total).toBeGreaterThan(0);
  expect(total).toBeLessThanOrEqual(SIGTERM_AFTER_MS);
});
