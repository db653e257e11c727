import { runCommand } from "../../container/command.ts";
import { Container } from "../../container/container.ts";
import type { EcsOptions } from "../../ecs-options.ts";
import { randomBuffer } from "../../random.ts";
import type { ContainerOptions } from "../../scenario.ts";
import { accessDenied, AwsError } from "../aws-error.ts";
import type { Base } from "../base.ts";
import type { Gateway } from "../gateway.ts";
import { CLUSTER_ARN, CONTAINER, FAMILY, SERVICE, SERVICE_ARN, taskArn } from "../names.ts";
import type { Bucket } from "../s3.ts";
import { Definitions } from "./definitions.ts";
import { answerOnDeployments } from "./deployment-calls.ts";
import { describeCluster, describeTask } from "./describe.ts";
import { RUNNING } from "./life.ts";
import { Service } from "./service.ts";
import { TaskStarter } from "./run-task.ts";
import { Task } from "./task.ts";

/** Tasks that run when the world begins have done so for a year. */
const LONG_AGO_MS = 365 * 86_400_000;

type Input = Readonly<Record<string, unknown>>;

/** The control plane of ECS. */
export class Ecs {
  /** Every task of the world, those that have ended included. */
  readonly tasks: Task[];
  readonly definitions: Definitions;
  readonly #base: Base;
  readonly #gateway: Gateway;
  readonly #options: EcsOptions | undefined;
  readonly #starter: TaskStarter | undefined;
  /** Undefined when the cluster has no service. */
  readonly service: Service | undefined;

  constructor(
    base: Base,
    gateway: Gateway,
    bucket: Bucket,
    containers: readonly ContainerOptions[],
    options?: EcsOptions,
  ) {
    this.#base = base;
    this.#gateway = gateway;
    this.#options = options;
    this.definitions = new Definitions(base, options);
    const random = base.random("tasks");
    this.tasks = containers.map((each, index): Task => {
      const id = randomBuffer(random, 16).toString("hex");
      const runtimeId = `${id}-${1_000_000_000 + index}`;
      const name = `container ${index}`;
      const container = new Container(base, gateway, bucket, {
        ...{ name, id, runtimeId, options: each },
        run: runCommand,
      });
      const createdAt = base.time.now - LONG_AGO_MS;
      const task = new Task(
        base,
        {
          ...{ name, id, arn: taskArn(id), createdAt, group: `family:${FAMILY}` },
          definition: this.definitions.find(FAMILY),
        },
        { ...RUNNING, startedAt: createdAt },
      );
      task.container = container;
      container.onPid1 = (code) => task.ended(code);
      return task;
    });
    if (options === undefined) return;
    const like = containers[options.like];
    if (like === undefined) throw new Error(`the scenario has no container ${options.like} for new tasks`);
    const { definitions, tasks } = this;
    const parts = { options, like, definitions, gateway, bucket, tasks };
    this.#starter = new TaskStarter(base, parts);
    if (options.service !== undefined)
      this.service = new Service(base, { ...parts, service: options.service });
  }

  /** The answer of an operation. Fails as ECS does. */
  answer(owner: string, operation: string, input: Input): unknown {
    switch (operation) {
      case "DescribeClusters":
        return { clusters: [describeCluster(this.#base.options.sessionLogs)], failures: [] };
      case "DescribeTasks":
        return this.#describeTasks(input);
      case "ListTasks":
        return this.#listTasks(input);
      case "ExecuteCommand":
        return this.#executeCommand(owner, input);
      case "RunTask":
        return this.#runTask(owner, input);
      case "StopTask":
        return this.#stopTask(owner, input);
      case "DescribeServices":
        return this.#describeServices(input);
      case "GetTaskProtection":
      case "UpdateTaskProtection":
        return this.service?.protect(owner, operation, input) ?? { failures: [] };
      default:
        return (
          answerOnDeployments(this.service, { owner, operation, lag: this.#lag }, input) ??
          this.#answerOnDefinitions(owner, operation, input)
        );
    }
  }

  #answerOnDefinitions(owner: string, operation: string, input: Input): unknown {
    const { definitions } = this;
    switch (operation) {
      case "DescribeTaskDefinition":
        return definitions.describe(input["taskDefinition"]);
      case "RegisterTaskDefinition":
        return definitions.register(owner, input);
      case "DeregisterTaskDefinition":
        return definitions.deregister(input["taskDefinition"]);
      case "DeleteTaskDefinitions":
        return definitions.delete(input["taskDefinitions"] as readonly unknown[]);
      case "ListTaskDefinitionFamilies":
        return definitions.families((input["familyPrefix"] ?? "") as string);
      default:
        throw new Error(`the world has no ecs:${operation}`);
    }
  }

  get #lag(): number {
    return this.#options?.lag ?? 0;
  }

  #find(given: unknown): Task | undefined {
    return this.tasks.find(({ identity: { id, arn } }) => id === given || arn === given);
  }

  #describeTasks({ tasks }: Input): unknown {
    const given = tasks as readonly string[];
    const seen = given.map((name) => {
      const task = this.#find(name);
      const state = task?.seen(this.#lag);
      return { name, described: task && state && describeTask(task, state) };
    });
    return {
      tasks: seen.flatMap(({ described }) => described ?? []),
      failures: seen.flatMap(({ name, described }) =>
        described === undefined ? { arn: name, reason: "MISSING" } : [],
      ),
    };
  }

  #describeServices({ services }: Input): unknown {
    const names = services as readonly string[];
    const isOurs = (name: string): boolean =>
      this.service !== undefined && (name === SERVICE || name === SERVICE_ARN);
    return {
      services: names.some(isOurs) ? [this.service?.describe()] : [],
      failures: names.flatMap((name) => (isOurs(name) ? [] : { arn: name, reason: "MISSING" })),
    };
  }

  #listTasks({ startedBy, family, serviceName, desiredStatus = "RUNNING" }: Input): unknown {
    const group = serviceName === undefined ? undefined : `service:${serviceName as string}`;
    const listed = this.tasks.filter(
      (task) =>
        task.seen(this.#lag)?.desiredStatus === desiredStatus &&
        (startedBy === undefined || task.identity.startedBy === startedBy) &&
        (family === undefined || task.identity.definition.family === family) &&
        (group === undefined || task.identity.group === group),
    );
    return { taskArns: listed.map(({ identity: { arn } }) => arn) };
  }

  #runTask(owner: string, input: Input): unknown {
    if (this.#starter === undefined) throw accessDenied("ecs:RunTask", String(input["taskDefinition"]));
    const { tasks, failures } = this.#starter.run(owner, input);
    return { tasks: tasks.map((task) => describeTask(task, task.state)), failures };
  }

  #executeCommand(owner: string, { task: given, command, interactive }: Input): unknown {
    const refuse = (message: string): never => {
      throw new AwsError("InvalidParameterException", 400, message);
    };
    if (interactive !== true) refuse("Interactive is the only mode supported currently.");
    const task = this.#find(given) ?? refuse("The referenced task was not found.");
    const { container, state, identity } = task;
    // ECS says the same of a task that does not run as of an agent that does not.
    if (state.lastStatus !== "RUNNING" || state.agentStatus !== "RUNNING" || container === undefined)
      return refuse(
        "The execute command failed because execute command was not enabled when the task was run or the execute command agent isn't running. Wait and try again or run a new task with execute command enabled and try again.",
      );
    const { agent } = container;
    if (agent.isDead || task.connectedAt > this.#base.time.now)
      throw new AwsError(
        "TargetNotConnectedException",
        400,
        "The execute command failed due to an internal error. Try again later.",
      );
    const { record, token } = this.#gateway.begin(owner, agent, String(command));
    return {
      ...{ clusterArn: CLUSTER_ARN, taskArn: identity.arn, containerName: CONTAINER, interactive: true },
      session: { sessionId: record.id, streamUrl: this.#gateway.streamUrl(record.id), tokenValue: token },
    };
  }

  #stopTask(owner: string, { task: given, reason }: Input): unknown {
    const task = this.#find(given);
    if (task === undefined)
      throw new AwsError("InvalidParameterException", 400, "The referenced task was not found.");
    task.stop(owner, "UserInitiated", String(reason));
    return { task: describeTask(task, task.state) };
  }
}
