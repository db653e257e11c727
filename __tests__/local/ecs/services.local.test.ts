import {
  DeleteServiceCommand,
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  UpdateServiceCommand,
} from "@aws-sdk/client-ecs";
import type { Task } from "../../../local/task/task.ts";
import { until } from "../../helpers/until.ts";
import { reached, startWorld, type World } from "../with-local.ts";

let world: World;

beforeAll(async () => {
  world = await startWorld();
});

afterAll(async () => {
  await world.local.stop();
});

const wanted = (): Task[] => world.local.tasks.filter((task) => task.desiredStatus === "RUNNING");

async function listed(serviceName: string): Promise<string[] | undefined> {
  return (await world.ecs.send(new ListTasksCommand({ cluster: world.made.cluster, serviceName }))).taskArns;
}

it("a service's task runs, and is listed under its name", async () => {
  const [task] = wanted();
  if (task === undefined) throw new Error("no task");
  await reached(task, "RUNNING");
  expect(await listed("web")).toEqual([task.arn]);
  expect(task.plan.group).toBe("service:web");
  expect(task.plan.startedBy).toMatch(/^ecs-svc\/\d+$/);
  const { services } = await world.ecs.send(
    new DescribeServicesCommand({ cluster: "demo", services: ["web"] }),
  );
  expect(services?.[0]).toMatchObject({
    runningCount: 1,
    pendingCount: 0,
    enableExecuteCommand: true,
    deployments: [{ status: "PRIMARY", id: task.plan.startedBy, runningCount: 1 }],
  });
});

it("a task that ends is replaced", async () => {
  const [task] = wanted();
  task?.containers[0]?.signal("SIGKILL");
  await task?.ended;
  await until(() => wanted().length === 1);
  expect(wanted()[0]?.arn).not.toBe(task?.arn);
});

it("UpdateService starts more tasks, replaces tasks, and stops tasks", async () => {
  const update = (more: object) =>
    world.ecs.send(new UpdateServiceCommand({ cluster: "demo", service: "web", ...more }));
  await update({ desiredCount: 2 });
  const two = wanted();
  expect(two).toHaveLength(2);
  await update({ forceNewDeployment: true });
  expect(wanted()).toHaveLength(2);
  expect(two.map(({ stopCode }) => stopCode)).toEqual([
    "ServiceSchedulerInitiated",
    "ServiceSchedulerInitiated",
  ]);
  await update({ desiredCount: 0 });
  expect(await listed("web")).toEqual([]);
});

it("UpdateService takes the latest revision of a family as it is then, and no later one", async () => {
  const register = async (): Promise<string> => {
    const { taskDefinition: latest } = await world.ecs.send(
      new DescribeTaskDefinitionCommand({ taskDefinition: "demo" }),
    );
    const { containerDefinitions, taskRoleArn, executionRoleArn, cpu, memory } = latest ?? {};
    const made = await world.ecs.send(
      new RegisterTaskDefinitionCommand({
        ...{ family: "demo", networkMode: "awsvpc", requiresCompatibilities: ["FARGATE"] },
        ...{ containerDefinitions, taskRoleArn, executionRoleArn, cpu, memory },
      }),
    );
    return made.taskDefinition?.taskDefinitionArn ?? "";
  };
  const second = await register();
  const { service } = await world.ecs.send(
    new UpdateServiceCommand({ cluster: "demo", service: "web", taskDefinition: "demo", desiredCount: 1 }),
  );
  expect(service?.taskDefinition).toBe(second);

  await register();
  const [task] = wanted();
  task?.stop("UserInitiated", "by the test");
  await task?.ended;
  await until(() => wanted().length === 1);
  expect(wanted()[0]?.plan.definition.taskDefinitionArn).toBe(second);
  await world.ecs.send(new UpdateServiceCommand({ cluster: "demo", service: "web", desiredCount: 0 }));
});

it("a deleted or unknown service has no tasks to list", async () => {
  await world.ecs.send(new DeleteServiceCommand({ cluster: "demo", service: "web", force: true }));
  for (const name of ["web", "nothing"]) {
    await expect(listed(name)).rejects.toMatchObject({
      name: "ServiceNotFoundException",
      message: "Service not found.",
    });
  }
});
