import type { NewRevision } from "../../../src/targets/resolve-context.ts";
import { tasksOf } from "../../../src/targets/tasks/service-tasks.ts";
import { aTask } from "../../helpers/tasks.ts";

const NETWORK = { subnets: [], securityGroups: [], assignPublicIp: undefined };
const WHERE = { launchType: "FARGATE", capacityProviders: [], platformVersion: undefined, network: NETWORK };
const revision = (number: number): string =>
  `arn:aws:ecs:eu-west-1:123456789012:service-revision/prod/web/${number}`;
/** Revision 42 replaces revision 41. */
const REVISION: NewRevision = {
  arn: revision(42),
  taskDefinitionArn: "web:2",
  ...{ ...WHERE, volumes: [] },
  since: 100,
  sources: [{ arn: revision(41), taskDefinitionArn: "web:1" }],
};
const task = (startedBy: string, taskDefinitionArn: string, createdAt: number | undefined) =>
  aTask({ arn: `${startedBy} ${createdAt}`, startedBy, taskDefinitionArn, createdAt });
const arnsOf = (tasks: readonly ReturnType<typeof task>[], more: Partial<NewRevision> = {}) =>
  tasksOf({ ...REVISION, ...more }, tasks).map(({ arn }) => arn);
/** The same definition, as after `update-service --force-new-deployment`. */
const FORCED = { sources: [{ arn: revision(41), taskDefinitionArn: "web:2" }] };

it("tasks with the revision's number are its own, whatever their definition", () => {
  expect(arnsOf([task("ecs-svc/41", "web:2", 103), task("ecs-svc/42", "web:2", 102)])).toEqual([
    "ecs-svc/42 102",
  ]);
});

it("when tasks have the former revision's number, none without the new number is the new revision's", () => {
  expect(arnsOf([task("ecs-svc/41", "web:2", 50), task("ecs-svc/41", "web:2", 150)], FORCED)).toEqual([]);
});

describe("when the numbers don't decide", () => {
  const old = task("ecs-svc/7", "web:2", 50);
  const oldAgain = task("ecs-svc/7", "web:2", 150);
  const young = task("ecs-svc/9", "web:2", 101);

  it("tasks with its definition are its own when no former revision has that", () => {
    expect(arnsOf([task("ecs-svc/7", "web:1", 150), young])).toEqual(["ecs-svc/9 101"]);
  });

  it("with one definition for both, tasks are its own when their deployment has no older task, also when the former one starts another", () => {
    expect(arnsOf([old, young, oldAgain], FORCED)).toEqual(["ecs-svc/9 101"]);
  });

  it.each([
    ["has none", [old, oldAgain]],
    ["may have none, since the former one may have started all its tasks again", [oldAgain]],
    ["is one of two without an older task", [young, oldAgain]],
    ["is one of three", [old, young, task("ecs-svc/8", "web:2", 120)]],
    ["has tasks of an unknown age", [old, task("ecs-svc/9", "web:2", undefined)]],
  ])("nothing is guessed when the new revision %s", (_, tasks) => {
    expect(arnsOf(tasks, FORCED)).toEqual([]);
  });

  it("nothing is guessed when a former revision, which ECS does not know any more, may have its definition", () => {
    expect(arnsOf([young], { sources: [{ arn: revision(41), taskDefinitionArn: undefined }] })).toEqual([]);
  });
});
