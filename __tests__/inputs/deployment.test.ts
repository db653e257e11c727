import { type GivenInputs, least, newTask, read, refusal } from "./given.ts";

const ACCOUNT = "arn:aws:ecs:eu-west-1:123456789012";
const ARN = "arn:aws:ecs:eu-west-1:123456789012:service-deployment/prod/web/r9i43YFjvgF_xlg7m2eJ1r";

it.each([
  ["", undefined],
  ["false", undefined],
  ["true", true],
  [ARN, ARN],
])("the deployment %j is %j", (deployment, expected) => {
  expect(read({ ...least, cluster: "prod", deployment }).deployment).toBe(expected);
});

it("may stand beside 'start: true'", () => {
  expect(read({ ...least, start: "true", deployment: "true" }).deployment).toBe(true);
});

it.each(["yes", "web", "arn:aws:ecs:eu-west-1:123456789012:service/prod/web"])("is not %s", (deployment) => {
  expect(refusal({ ...least, deployment }).failed).toMatch(
    /^Input 'deployment' must be true or false, or the ARN of a service deployment/,
  );
});

it.each([
  ["task-definition", newTask],
  ["image", { ...least, image: "example/app:1" }],
])("may not stand beside '%s'", (name, given) => {
  const failure = refusal({ ...given, deployment: "true" });
  expect(`${failure.failed} ${failure.seen}`).toContain(
    "Input 'deployment' must be left out unless 'service' stands alone or with 'start: true'.",
  );
  expect(failure.seen).toContain(`'${name}'`);
});

it.each<GivenInputs>([
  { cluster: `${ACCOUNT}:cluster/prod` },
  { service: `${ACCOUNT}:service/prod/web` },
  { cluster: "prod", service: `${ACCOUNT}:service/web` },
  { cluster: "prod", start: "true" },
])("may be named by its ARN beside %j", (given) => {
  expect(read({ ...least, ...given, deployment: ARN }).deployment).toBe(ARN);
});

const OTHER = "arn:aws:ecs:eu-west-1:210987654321";
it.each<[GivenInputs, string]>([
  [{ cluster: "prod", service: "api" }, "a deployment of service 'api' in cluster 'prod'"],
  [{}, "a deployment of service 'web' in cluster 'default'"],
  [{ cluster: "other", start: "true" }, "a deployment of service 'web' in cluster 'other'"],
  [{ service: `${ACCOUNT}:service/other/web` }, "a deployment of service 'web' in cluster 'other'"],
  [{ cluster: `${OTHER}:cluster/prod` }, "of the account and partition of the other ARNs"],
  [{ service: `${OTHER}:service/prod/web` }, "of the account and partition of the other ARNs"],
  [{ cluster: "prod", region: "us-east-1" }, "in the region of this run, us-east-1"],
])("is refused for another service, cluster, account or region: %j", (given, must) => {
  expect(refusal({ ...least, ...given, deployment: ARN })).toMatchObject({
    failed: `Input 'deployment' must be ${must}.`,
    seen: expect.stringContaining(`Got '${ARN}'`) as string,
  });
});
