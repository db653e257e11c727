import { patternOf } from "../../src/aws/resource-pattern.ts";

const ecs = "arn:aws:ecs:eu-central-1:123456789012";
const id = "0123456789abcdef0123456789abcdef";

it.each([
  [`${ecs}:task/ci/${id}`, `${ecs}:task/ci/*`],
  [`task '${ecs}:task/ci/${id}'`, `task '${ecs}:task/ci/*'`],
  [`${ecs}:task/01234567-89ab-cdef-0123-456789abcdef`, `${ecs}:task/*`],
  [`${ecs}:task-definition/web:3`, `${ecs}:task-definition/web:*`],
  [`${ecs}:task-definition/fargate-exec-web-12ab:3`, `${ecs}:task-definition/fargate-exec-*`],
  [`${ecs}:service-deployment/ci/web/r9i43YFjvgF_xlg7m2eJ1r`, `${ecs}:service-deployment/ci/web/*`],
  ["arn:aws:ssm:x:1:session/ecs-execute-command-0ab", "arn:aws:ssm:x:1:session/ecs-execute-command-*"],
  ["arn:aws-cn:s3:::b/fargate-exec/a1b2-c3/payload", "arn:aws-cn:s3:::b/fargate-exec/*"],
  [`arn:aws:s3:::b/p/output/output/${id}/0001`, "arn:aws:s3:::b/p/output/*"],
  [`arn:aws:s3:::b/p/claims/${id}/app.json`, "arn:aws:s3:::b/p/*"],
  ["arn:aws:s3:::b/p/locks/deploy.json", "arn:aws:s3:::b/p/*"],
])("in a policy for all runs, %s becomes %s", (resource, pattern) => {
  expect(patternOf(resource)).toBe(pattern);
});

it.each([
  `${ecs}:cluster/ci`,
  `${ecs}:service/ci/web`,
  "arn:aws:iam::123456789012:role/task",
  "arn:aws:kms:eu-central-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef",
  "arn:aws:s3:::b",
  "*",
])("leaves %s, which is the same in each run", (resource) => {
  expect(patternOf(resource)).toBe(resource);
});
