import { Failure, wordsFor } from "../../../src/errors.ts";
import { checkLine, doubtInput, unansweredCheck } from "../../../src/ready/checks/check.ts";

it.each(["ECS says MISSING", "ECS says MISSING."])(
  "a line has one full stop between what was seen, '%s', and the fix",
  (seen) => {
    const line = checkLine({ name: "task", verdict: "NG", seen, fix: "Check the input 'task'." }, "workflow");
    expect(line).toBe("  NG    task: ECS says MISSING. Check the input 'task'.");
  },
);

it("a row about a look that failed has the words of each reader", () => {
  const failure = new Failure("no-credentials", {
    ...{ failed: "F.", seen: "S." },
    advice: { workflow: "Use configure-aws-credentials.", program: "Set AWS_PROFILE." },
  });
  const row = unansweredCheck("credentials", failure, { required: true });
  expect(checkLine(row, "workflow")).toBe("  NG    credentials: F. S. Use configure-aws-credentials.");
  expect(checkLine(row, "program")).toBe("  NG    credentials: F. S. Set AWS_PROFILE.");
});

it("a doubt of the cluster's name leaves the words of each reader", () => {
  const denied = new Failure("access-denied", { failed: "", seen: "", advice: "" });
  const fix = { workflow: "In the workflow.", program: "Here." };
  const [row] = doubtInput("cluster", { failure: denied }, [
    { name: "right", verdict: "NG", seen: "s", fix, lacks: ["ecs:RunTask"] },
  ]);
  if (row?.verdict !== "NG") throw new Error("the row is lost");
  expect(wordsFor("program", row.fix)).toMatch(/^Check the input 'cluster'.* Here\.$/);
  expect(wordsFor("workflow", row.fix)).toMatch(/^Check the input 'cluster'.* In the workflow\.$/);
});
