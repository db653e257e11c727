import type { ServiceRevision } from "../../../src/aws/ecs.ts";
import { tasksOf } from "../../../src/targets/tasks/service-tasks.ts";
import { aTask } from "../../helpers/tasks.ts";

const NETWORK = { subnets: [], securityGroups: [], assignPublicIp: undefined };
const REVISION: ServiceRevision = {
  arn: "arn:aws:ecs:eu-west-1:123456789012:service-revision/prod/web/42",
  taskDefinitionArn: "web:2",
  ...{ launchType: "FARGATE", capacityProviders: [], platformVersion: undefined, network: NETWORK },
};
const task = (startedBy: string, taskDefinitionArn: string, createdAt: number) =>
  aTask({ arn: `${startedBy} ${createdAt}`, startedBy, taskDefinitionArn, createdAt });
const arnsOf = (...tasks: ReturnType<typeof task>[]) => tasksOf(REVISION, tasks).map(({ arn }) => arn);

it("tasks that were started by the revision's number are its own, whatever their definition", () => {
  expect(arnsOf(task("ecs-svc/41", "web:2", 3), task("ecs-svc/42", "web:2", 2))).toEqual(["ecs-svc/42 2"]);
});

it("without such a task those with its definition are, of the deployment that has started the newest", () => {
  const old = [task("ecs-svc/7", "web:1", 1), task("ecs-svc/8", "web:2", 2)];
  const young = [task("ecs-svc/9", "web:2", 3), task("ecs-svc/9", "web:2", 4)];
  expect(arnsOf(...old, ...young)).toEqual(["ecs-svc/9 3", "ecs-svc/9 4"]);
});

it("tasks of another definition are not", () => {
  expect(arnsOf(task("ecs-svc/7", "web:1", 1))).toEqual([]);
});
