import { least, newTask, read, refusal } from "./given.ts";

const ARN = "arn:aws:ecs:eu-west-1:123456789012:service-deployment/prod/web/r9i43YFjvgF_xlg7m2eJ1r";

it.each([
  ["", undefined],
  ["false", undefined],
  ["true", true],
  [ARN, ARN],
])("the deployment %j is %j", (deployment, expected) => {
  expect(read({ ...least, deployment }).deployment).toBe(expected);
});

it("may be decided from a task that is started", () => {
  expect(read({ ...least, start: "true", deployment: "true" }).deployment).toBe(true);
});

it.each(["yes", "web", "arn:aws:ecs:eu-west-1:123456789012:service/prod/web"])(
  "is none: %s",
  (deployment) => {
    expect(refusal({ ...least, deployment }).failed).toMatch(
      /^Input 'deployment' must be true or false, or the ARN of a service deployment/,
    );
  },
);

it.each([
  ["task-definition", newTask],
  ["image", { ...least, image: "example/app:1" }],
])("has no place beside '%s'", (name, given) => {
  const failure = refusal({ ...given, deployment: "true" });
  expect(`${failure.failed} ${failure.seen}`).toContain(
    "Input 'deployment' must be left out unless 'service' stands alone or with 'start: true'.",
  );
  expect(failure.seen).toContain(`'${name}'`);
});
