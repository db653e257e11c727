import { unknownInputs } from "../../src/doors/github/inputs-source.ts";
import { unknownInputWarnings } from "../../src/inputs/unknown.ts";

it.each([
  ["servce", "service"],
  ["scervice", "service"],
  ["service-name", "service"],
  ["capacity_providers", "capacity-providers"],
  ["security_group", "security-groups"],
  ["subnet", "subnets"],
  ["timout", "timeout"],
  ["secret", "secrets"],
  ["command", undefined],
  ["role", "role-to-assume"],
  ["kms-key", "kms-key-id"],
])("an input '%s' that is none is told, and that '%s' may be meant", (name, meant) => {
  const [warning = "", ...more] = unknownInputWarnings([name]);
  expect(more).toEqual([]);
  expect(warning).toContain(`There is no input '${name}', so what it says has no effect.`);
  expect(/Did you mean '(.*)'\?/.exec(warning)?.[1]).toBe(meant);
});

it("an input of the action that a step which attaches lacks is said to be that", () => {
  expect(unknownInputWarnings(["artifacts-missing"])).toEqual([
    "'artifacts-missing' is an input of the step that starts a job, and has no effect here.",
  ]);
});

it("the runner's variables of inputs are compared with those of the action, without regard to case", () => {
  const env = { INPUT_SERVICE: "web", "INPUT_TASK-ROLE": "", INPUT_SERVCE: "web", OTHER: "1" };
  expect(unknownInputs(env)).toEqual(["servce"]);
});

it("a name can't write a second line into the log", () => {
  expect(unknownInputWarnings(["a\n::error::b"]).join("")).not.toContain("\n");
});
