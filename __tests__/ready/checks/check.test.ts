import { checkLine } from "../../../src/ready/checks/check.ts";

it.each(["ECS says MISSING", "ECS says MISSING."])(
  "a line has one full stop between what was seen, '%s', and the fix",
  (seen) => {
    const line = checkLine({ name: "task", verdict: "NG", seen, fix: "Check the input 'task'." });
    expect(line).toBe("  NG    task: ECS says MISSING. Check the input 'task'.");
  },
);
