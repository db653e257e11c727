import { StepBudget } from "../../src/run/step-budget.ts";

const MIB = 1024 * 1024;

it.each([1, 2, 10, 200, 1000])(
  "the sessions of %i jobs keep no more together than a step has for them",
  (jobs) => {
    const { ahead, unread } = new StepBudget().sessionLimits(jobs);
    expect(jobs * ahead).toBeLessThanOrEqual(64 * MIB + jobs);
    expect(jobs * unread).toBeLessThanOrEqual(16 * MIB + jobs);
  },
);

it("a session that is alone keeps as much as one may", () => {
  expect(new StepBudget().sessionLimits(1)).toMatchObject({ ahead: 16 * MIB, unread: MIB });
});
