import { runCommand } from "../container/command.ts";
import { Container } from "../container/container.ts";
import { randomBuffer } from "../random.ts";
import type { ContainerOptions } from "../scenario.ts";
import { accessDenied, AwsError } from "./aws-error.ts";
import type { Base } from "./base.ts";
import type { Gateway } from "./gateway.ts";
import { CLUSTER, CLUSTER_ARN, CONTAINER, DEFINITION_ARN, taskArn } from "./names.ts";
import type { Bucket } from "./s3.ts";

/** From the end of a task's containers to STOPPED. */
const DEPROVISIONING_MS = 2_000;

/** A task with one container. */
export interface Task {
  readonly id: string;
  readonly arn: string;
  readonly container: Container;
  lastStatus: string;
  desiredStatus: string;
  stopCode: string | undefined;
  stoppedReason: string | undefined;
  exitCode: number | undefined;
}

type Input = Readonly<Record<string, unknown>>;

/** The control plane of ECS, for tasks that run when the world begins. */
export class Ecs {
  readonly tasks: readonly Task[];
  readonly #base: Base;
  readonly #gateway: Gateway;

  constructor(base: Base, gateway: Gateway, bucket: Bucket, containers: readonly ContainerOptions[]) {
    this.#base = base;
    this.#gateway = gateway;
    const random = base.random("tasks");
    this.tasks = containers.map((options, index): Task => {
      const id = randomBuffer(random, 16).toString("hex");
      const runtimeId = `${id}-${1_000_000_000 + index}`;
      const container = new Container(base, gateway, bucket, {
        ...{ index, id, runtimeId, options },
        run: runCommand,
      });
      const task: Task = {
        ...{ id, arn: taskArn(id), container, lastStatus: "RUNNING", desiredStatus: "RUNNING" },
        ...{ stopCode: undefined, stoppedReason: undefined, exitCode: undefined },
      };
      container.onPid1 = (code) => this.#ended(task, code);
      return task;
    });
  }

  /** The answer of an operation. Fails as ECS does. */
  answer(owner: string, operation: string, input: Input): unknown {
    switch (operation) {
      case "DescribeClusters":
        return { clusters: [describeCluster()], failures: [] };
      case "DescribeTasks":
        return this.#describeTasks(input);
      case "DescribeTaskDefinition":
        throw accessDenied("ecs:DescribeTaskDefinition", String(input["taskDefinition"]));
      case "ExecuteCommand":
        return this.#executeCommand(owner, input);
      case "StopTask":
        return this.#stopTask(input);
      default:
        throw new Error(`the world has no ecs:${operation}`);
    }
  }

  /** A task ends by itself or by ECS: TERM to PID 1, then the end of all processes. */
  stop(task: Task, stopCode: string, reason: string): void {
    if (task.desiredStatus === "STOPPED") return;
    task.desiredStatus = "STOPPED";
    task.lastStatus = "DEACTIVATING";
    task.stopCode = stopCode;
    task.stoppedReason = reason;
    this.#base.timeline.note("world", `task ${task.id.slice(-6)} is stopped: ${stopCode}`);
    task.container.term();
  }

  #ended(task: Task, exitCode: number): void {
    task.exitCode = exitCode;
    task.desiredStatus = "STOPPED";
    task.lastStatus = "DEPROVISIONING";
    task.stopCode ??= "EssentialContainerExited";
    task.stoppedReason ??= "Essential container in task exited";
    this.#base.time.after(this.#base.host, DEPROVISIONING_MS, () => {
      task.lastStatus = "STOPPED";
      this.#base.timeline.note("world", `task ${task.id.slice(-6)} is STOPPED`);
    });
  }

  #find(given: unknown): Task | undefined {
    return this.tasks.find(({ id, arn }) => id === given || arn === given);
  }

  #describeTasks({ tasks }: Input): unknown {
    const given = tasks as readonly string[];
    const found = given.map((each) => this.#find(each)).filter((each) => each !== undefined);
    const failures = given
      .filter((each) => this.#find(each) === undefined)
      .map((arn) => ({ arn, reason: "MISSING" }));
    return { tasks: found.map(describeTask), failures };
  }

  #executeCommand(owner: string, { task: given, command, interactive }: Input): unknown {
    const task = this.#find(given);
    if (interactive !== true)
      throw new AwsError(
        "InvalidParameterException",
        400,
        "Interactive is the only mode supported currently.",
      );
    if (task === undefined)
      throw new AwsError("InvalidParameterException", 400, "The referenced task was not found.");
    if (task.lastStatus !== "RUNNING")
      throw new AwsError(
        "InvalidParameterException",
        400,
        "The execute command failed because the task is not running.",
      );
    const { agent } = task.container;
    if (agent.isDead)
      throw new AwsError(
        "TargetNotConnectedException",
        400,
        "The execute command failed due to an internal error. Try again later.",
      );
    const { record, token } = this.#gateway.begin(owner, agent, String(command));
    return {
      ...{ clusterArn: CLUSTER_ARN, taskArn: task.arn, containerName: CONTAINER, interactive: true },
      session: { sessionId: record.id, streamUrl: this.#gateway.streamUrl(record.id), tokenValue: token },
    };
  }

  #stopTask({ task: given, reason }: Input): unknown {
    const task = this.#find(given);
    if (task === undefined)
      throw new AwsError("InvalidParameterException", 400, "The referenced task was not found.");
    this.stop(task, "UserInitiated", String(reason));
    return { task: describeTask(task) };
  }
}

function describeCluster(): unknown {
  return {
    ...{ clusterArn: CLUSTER_ARN, clusterName: CLUSTER, status: "ACTIVE" },
    configuration: { executeCommandConfiguration: { logging: "NONE" } },
  };
}

function describeTask(task: Task): unknown {
  const { container } = task;
  // The container of a task that is being stopped runs until its PID 1 ends.
  const isOver = task.exitCode !== undefined;
  return {
    ...{ taskArn: task.arn, clusterArn: CLUSTER_ARN, taskDefinitionArn: DEFINITION_ARN },
    ...{ lastStatus: task.lastStatus, desiredStatus: task.desiredStatus, enableExecuteCommand: true },
    ...{ launchType: "FARGATE", platformVersion: "1.4.0", cpu: "1024", memory: "2048", group: "family:app" },
    ...(task.stopCode !== undefined && { stopCode: task.stopCode, stoppedReason: task.stoppedReason }),
    createdAt: new Date(1_767_200_000_000),
    startedAt: new Date(1_767_200_030_000),
    containers: [
      {
        ...{ name: CONTAINER, image: "app:1", runtimeId: container.runtimeId },
        lastStatus: isOver ? "STOPPED" : "RUNNING",
        ...(task.exitCode !== undefined && { exitCode: task.exitCode }),
        managedAgents: [{ name: "ExecuteCommandAgent", lastStatus: isOver ? "STOPPED" : "RUNNING" }],
      },
    ],
  };
}
