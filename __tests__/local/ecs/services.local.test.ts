import {
  CreateExpressGatewayServiceCommand,
  DescribeExpressGatewayServiceCommand,
  ListServiceDeploymentsCommand,
  type ListServiceDeploymentsCommandOutput,
  type DeploymentConfiguration,
  CreateServiceCommand,
  DeleteServiceCommand,
  GetTaskProtectionCommand,
  UpdateTaskProtectionCommand,
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
  UpdateServiceCommand,
} from "@aws-sdk/client-ecs";
import type { Task } from "../../../local/task/task.ts";
import { until } from "../../helpers/until.ts";
import { waitForStatus, runTask, startWorld, type World } from "../with-local.ts";

let world: World;

const lines: string[] = [];

beforeAll(async () => {
  world = await startWorld({ log: (line) => lines.push(line) });
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
  await waitForStatus(task, "RUNNING");
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
    deployments: [{ status: "PRIMARY", id: task.plan.startedBy, runningCount: 1, rolloutState: "COMPLETED" }],
  });
});

it("the log says why a service's task has stopped, with the last line that it has printed", async () => {
  const { taskDefinition } = await world.ecs.send(
    new RegisterTaskDefinitionCommand({
      family: "flapping",
      containerDefinitions: [
        {
          name: "web",
          image: "python:3",
          memory: 64,
          command: ["sh", "-c", "echo up; echo in use >&2; exit 3"],
        },
      ],
    }),
  );
  const at = { cluster: "demo", serviceName: "flapping" };
  const serviceName = "flapping";
  await world.ecs.send(
    new CreateServiceCommand({ ...at, taskDefinition: taskDefinition?.taskDefinitionArn, desiredCount: 1 }),
  );
  const task = (): Task | undefined =>
    world.local.tasks.find(({ plan }) => plan.group === `service:${serviceName}`);
  await until(() => lines.some((line) => line.startsWith("service flapping:")));
  await world.ecs.send(new DeleteServiceCommand({ cluster: at.cluster, service: serviceName, force: true }));
  expect(lines).toContain(
    `service flapping: task ${task()?.id} stopped: Essential container in task exited (web: exit code 3, in use)`,
  );
});

it("a service needs no security groups", async () => {
  const { service } = await world.ecs.send(
    new CreateServiceCommand({
      ...{ cluster: "demo", serviceName: "plain", taskDefinition: world.made.taskDefinition },
      ...{ desiredCount: 0, launchType: "FARGATE" },
      networkConfiguration: { awsvpcConfiguration: { subnets: [...world.made.subnets] } },
    }),
  );
  expect(service?.serviceName).toBe("plain");
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

it("a protected task survives scale-in and a deployment, until its protection is given back or has run out", async () => {
  const update = (more: object) =>
    world.ecs.send(new UpdateServiceCommand({ cluster: "demo", service: "web", ...more }));
  const protect = async (task: Task | undefined, minutes?: number) =>
    await world.ecs.send(
      new UpdateTaskProtectionCommand({
        ...{ cluster: "demo", tasks: [task?.arn ?? ""], protectionEnabled: minutes !== undefined },
        ...(minutes !== undefined && { expiresInMinutes: minutes }),
      }),
    );
  await update({ desiredCount: 1 });
  await until(() => wanted().length === 1);
  const [first] = wanted();
  // Jobs that begin in one task protect it in the same moment.
  const atOnce = await Promise.all(Array.from({ length: 8 }, () => protect(first, 1)));
  expect(atOnce.flatMap(({ failures }) => failures)).toEqual([]);
  const { protectedTasks } = await protect(first, 1);
  const of = { cluster: "demo", tasks: [first?.arn ?? ""] };
  expect((await world.ecs.send(new GetTaskProtectionCommand(of))).protectedTasks).toEqual(protectedTasks);
  expect(protectedTasks).toEqual([
    { taskArn: first?.arn, protectionEnabled: true, expirationDate: expect.any(Date) as Date },
  ]);
  await update({ forceNewDeployment: true });
  const [kept, second] = wanted();
  expect([kept, wanted().length]).toEqual([first, 2]);
  // One more protected task than the service wants.
  expect((await protect(second, 1)).failures).toMatchObject([{ reason: "DEPLOYMENT_BLOCKED" }]);
  expect((await protect(first, 2)).failures).toEqual([]);
  await protect(first);
  expect([first?.stopCode, wanted()]).toEqual(["ServiceSchedulerInitiated", [second]]);
  await protect(second, 1);
  await update({ desiredCount: 0 });
  expect(wanted()).toEqual([second]);
  if (second !== undefined) second.protectedUntil = Date.now() + 100;
  // Its end comes without a call.
  await update({ desiredCount: 0 });
  await until(() => second?.stopCode === "ServiceSchedulerInitiated");
});

it("only the tasks of services can be protected, for 1 to 2,880 minutes, two hours unless given", async () => {
  const lone = await runTask(world, "exec sleep 60");
  const of = { cluster: "demo", protectionEnabled: true };
  const ask = (tasks: string[], more: object = {}) =>
    world.ecs.send(new UpdateTaskProtectionCommand({ ...of, tasks, ...more }));
  expect((await ask([lone.arn])).failures).toMatchObject([{ arn: lone.arn, reason: "TASK_NOT_VALID" }]);
  expect((await ask(["0".repeat(32)])).failures).toMatchObject([{ reason: "MISSING" }]);
  for (const expiresInMinutes of [0, 2_881])
    await expect(ask([lone.arn], { expiresInMinutes })).rejects.toThrow("between 1 and 2880");
  await lone.destroy();
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

it("ListServiceDeployments tells twenty at a time unless asked for more, and those of a status", async () => {
  const { ecs } = world;
  const of = { cluster: "demo", service: "web" };
  for (let n = 0; n < 21; n += 1)
    await ecs.send(new UpdateServiceCommand({ ...of, forceNewDeployment: true }));
  const arns: (string | undefined)[] = [];
  const pages: (number | undefined)[] = [];
  let nextToken: string | undefined;
  do {
    const page: ListServiceDeploymentsCommandOutput = await ecs.send(
      new ListServiceDeploymentsCommand({ ...of, ...(nextToken && { nextToken }) }),
    );
    pages.push(page.serviceDeployments?.length);
    arns.push(...(page.serviceDeployments ?? []).map(({ serviceDeploymentArn }) => serviceDeploymentArn));
    nextToken = page.nextToken;
  } while (nextToken);
  const all = await ecs.send(new ListServiceDeploymentsCommand({ ...of, maxResults: 100 }));
  expect(pages.slice(0, -1).every((length) => length === 20)).toBe(true);
  expect([pages.length > 1, new Set(arns).size]).toEqual([true, all.serviceDeployments?.length]);
  const successful = await ecs.send(
    new ListServiceDeploymentsCommand({ ...of, status: ["SUCCESSFUL"], maxResults: 100 }),
  );
  expect(new Set(successful.serviceDeployments?.map(({ status }) => status))).toEqual(
    new Set(["SUCCESSFUL"]),
  );
});

it.each<[string, DeploymentConfiguration]>([
  [
    "a pause hook at a stage that takes Lambda functions alone",
    { lifecycleHooks: [{ targetType: "PAUSE", lifecycleStages: ["PRODUCTION_TRAFFIC_SHIFT"] }] },
  ],
  ["BLUE_GREEN without bakeTimeInMinutes", { strategy: "BLUE_GREEN" }],
])("a service takes no %s", async (_, deploymentConfiguration) => {
  const update = new UpdateServiceCommand({ cluster: "demo", service: "web", deploymentConfiguration });
  await expect(world.ecs.send(update)).rejects.toMatchObject({ name: "InvalidParameterException" });
});

it("an Express service names its task definition in its deployment and in its own call, and not itself", async () => {
  const role = (name: string): string => `arn:aws:iam::${world.local.accountId}:role/${name}`;
  const { service: made } = await world.ecs.send(
    new CreateExpressGatewayServiceCommand({
      ...{ cluster: "demo", serviceName: "express", primaryContainer: { image: "example/app:1" } },
      ...{ executionRoleArn: role("demo-execution"), infrastructureRoleArn: role("demo-infrastructure") },
      networkConfiguration: { subnets: [...world.made.subnets] },
    }),
  );
  const { services } = await world.ecs.send(
    new DescribeServicesCommand({ cluster: "demo", services: ["express"] }),
  );
  const { service } = await world.ecs.send(
    new DescribeExpressGatewayServiceCommand({ serviceArn: made?.serviceArn ?? "" }),
  );
  const [found] = services ?? [];
  const definition = service?.activeConfigurations?.[0]?.taskDefinitionArn;
  expect(definition).toMatch(/:task-definition\/demo-express:1$/);
  expect(found).toMatchObject({
    resourceManagementType: "ECS",
    deployments: [{ taskDefinition: definition }],
  });
  expect([found?.taskDefinition, found?.networkConfiguration]).toEqual([undefined, undefined]);
});
