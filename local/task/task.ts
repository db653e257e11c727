import { randomBytes, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { NetworkConfiguration, Tag } from "../ecs-shapes.ts";
import type { ScriptedJob } from "../agent/scripted-container.ts";
import type { Settings } from "../settings.ts";
import { Container } from "./container.ts";
import type { ContainerHandle } from "../agent/container-handle.ts";
import { startInOrder, UnmetDependency } from "./dependencies.ts";
import type { IsolatedProcess, IsolateOptions } from "./isolate.ts";
import type { StopCode, TaskStatus, TaskTime } from "./lifecycle.ts";
import type { NetworkInterface } from "./network.ts";
import { ManagedAgent, type Agent } from "./managed-agent.ts";
import { applyOverrides } from "./apply-overrides.ts";
import { hasInterface, launchTypeOf } from "./placement.ts";
import { processless } from "./processless.ts";
import type { TaskPlan } from "./task-plan.ts";

/** The services that every task uses. */
export interface Platform {
  readonly settings: Settings;
  nextIp(): string;
  /** The job of the next task if that task has no processes; undefined for a task that really runs. */
  nextScript(): ScriptedJob | undefined;
  createInterface(network: NetworkConfiguration["awsvpcConfiguration"]): Promise<NetworkInterface>;
  /** Whether the task role lets an exec agent register with the message gateway. */
  mayConnect(task: Task): Promise<boolean>;
  makeAgent(handle: ContainerHandle, task: Task): Agent;
  /** Starts a container's command. */
  isolate(options: IsolateOptions): Promise<IsolatedProcess>;
  /** The environment that Fargate adds, for the container with this runtime id. */
  environment(task: Task, runtimeId: string): Readonly<Record<string, string>>;
  /** Opens a container's log. Rejects with Fargate's text when the log can't be set up. */
  output(task: Task, container: Container): Promise<(chunk: Buffer) => void>;
}

/** Names of the variables that lead to the task role's credentials. */
const credentialVariables = ["AWS_CONTAINER_CREDENTIALS_FULL_URI"];

/** A task, from PROVISIONING to STOPPED. Its containers really run, unless it has a `script`. */
export class Task {
  readonly plan: TaskPlan;
  /** The present tags, which TagResource may have changed. */
  tags: readonly Tag[];
  readonly id = randomBytes(16).toString("hex");
  readonly arn: string;
  readonly containers: readonly Container[];
  readonly agents: ReadonlyMap<Container, ManagedAgent>;
  readonly ip: string;
  readonly hostname: string;
  readonly attachmentId = randomUUID();
  /** A secret of the task. DescribeTasks shows the other ids to everybody with that right. */
  readonly credentialsId = randomUUID();
  /** The job of its containers if they have no processes. */
  readonly script: ScriptedJob | undefined;
  /** Set from the end of PROVISIONING on. */
  interface: NetworkInterface | undefined;
  readonly times: Partial<Record<TaskTime, number>> = { createdAt: Date.now() };
  /** Each status so far, in order. */
  readonly history: TaskStatus[] = ["PROVISIONING"];
  /** When its protection from scale-in and deployments ends, in milliseconds since the epoch; undefined without one. */
  protectedUntil: number | undefined;
  stopCode: StopCode | undefined;
  stoppedReason: string | undefined;
  /** Resolves once it is STOPPED. */
  readonly ended: Promise<void>;
  readonly #platform: Platform;
  readonly #stopping = new AbortController();
  #destroyed = false;
  #abrupt = false;

  constructor(plan: TaskPlan, platform: Platform) {
    this.plan = plan;
    this.tags = plan.tags;
    this.#platform = platform;
    const { region, accountId, hideCredentialsFromExec } = platform.settings;
    const { clusterName } = plan.cluster;
    this.arn = `arn:aws:ecs:${region}:${accountId}:task/${clusterName}/${this.id}`;
    this.ip = platform.nextIp();
    this.script = platform.nextScript();
    const domain = region === "us-east-1" ? "ec2.internal" : `${region}.compute.internal`;
    this.hostname = `ip-${this.ip.replaceAll(".", "-")}.${domain}`;
    this.containers = plan.definition.containerDefinitions.map((definition) => {
      const arn = `arn:aws:ecs:${region}:${accountId}:container/${clusterName}/${this.id}/${randomUUID()}`;
      return new Container(applyOverrides(definition, plan.overrides), arn, {
        taskArn: this.arn,
        taskId: this.id,
        isOnFargate: launchTypeOf(plan) === "FARGATE",
        clusterName,
        hostname: this.hostname,
        ip: this.ip,
        images: platform.settings.images,
        isolate: (options) =>
          this.script === undefined ? platform.isolate(options) : Promise.resolve(processless()),
        healthInterval: platform.settings.delays.health,
        platformEnv: (runtimeId) => platform.environment(this, runtimeId),
        hiddenFromExec: hideCredentialsFromExec ? credentialVariables : [],
      });
    });
    this.agents = new Map(
      plan.enableExecuteCommand ? this.containers.map((container) => [container, new ManagedAgent()]) : [],
    );
    this.ended = this.#live();
  }

  get lastStatus(): TaskStatus {
    return this.history.at(-1) ?? "PROVISIONING";
  }

  get desiredStatus(): "RUNNING" | "STOPPED" {
    return this.stopCode === undefined ? "RUNNING" : "STOPPED";
  }

  get isProtected(): boolean {
    return (this.protectedUntil ?? 0) > Date.now();
  }

  get taskRoleArn(): string | undefined {
    return this.#roleArn(this.plan.overrides.taskRoleArn ?? this.plan.definition.taskRoleArn);
  }

  get executionRoleArn(): string | undefined {
    return this.#roleArn(this.plan.overrides.executionRoleArn ?? this.plan.definition.executionRoleArn);
  }

  /** The ARN of a role. ECS also takes the name of a role of the same account. */
  #roleArn(role: string | undefined): string | undefined {
    const { accountId } = this.#platform.settings;
    return role === undefined || role.startsWith("arn:") ? role : `arn:aws:iam::${accountId}:role/${role}`;
  }

  /** Asks the task to stop. The first code and reason are kept. `abrupt`: the host is lost, and all processes with it. */
  stop(code: StopCode, reason: string, { abrupt = false } = {}): void {
    if (this.stopCode !== undefined) return;
    this.#abrupt = abrupt;
    this.stopCode = code;
    this.stoppedReason = reason;
    this.times.stoppingAt = Date.now();
    this.#stopping.abort();
  }

  /** Whether the whole local Fargate is being stopped, so that moto may be gone already. */
  get destroyed(): boolean {
    return this.#destroyed;
  }

  /** Kills everything at once, without the delays, and resolves when all processes are gone. */
  async destroy(): Promise<void> {
    this.#destroyed = true;
    this.stop("UserInitiated", "The local Fargate was stopped");
    await Promise.all(this.containers.map((container) => container.kill()));
    await this.ended;
  }

  async #live(): Promise<void> {
    try {
      await this.#start();
    } catch (error) {
      if (!this.#stopping.signal.aborted) {
        // A fault of this machine also becomes the stopped reason, since the user looks there.
        this.stop(
          "TaskFailedToStart",
          error instanceof UnmetDependency ? error.message : this.#complain(error),
        );
      }
    }
    await this.#end();
  }

  async #start(): Promise<void> {
    const { provisioning, pull, activating } = this.#platform.settings.delays;
    await this.#pause(provisioning);
    if (hasInterface(this.plan))
      this.interface = await this.#platform.createInterface(this.plan.network?.awsvpcConfiguration);
    this.times.connectivityAt = Date.now();
    this.#enter("PENDING");
    this.times.pullStartedAt = Date.now();
    await this.#pause(pull);
    const pulled = await Promise.all(this.containers.map((container) => container.pull()));
    const failed = pulled.find((why) => why !== undefined);
    if (failed !== undefined) {
      this.stop("TaskFailedToStart", failed);
      return;
    }
    this.times.pullStoppedAt = Date.now();
    const isStarted = await startInOrder(
      this.containers,
      (container) => this.#startContainer(container),
      this.#stopping.signal,
    );
    if (!isStarted) return;
    this.#enter("ACTIVATING");
    await this.#pause(activating);
    this.times.startedAt = Date.now();
    this.#enter("RUNNING");
    await new Promise<void>((resolve) => {
      if (this.#stopping.signal.aborted) resolve();
      else this.#stopping.signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  async #startContainer(container: Container): Promise<boolean> {
    const agent = this.agents.get(container);
    let output: (chunk: Buffer) => void;
    try {
      output = await this.#platform.output(this, container);
    } catch (error) {
      this.stop("TaskFailedToStart", container.fail(error instanceof Error ? error.message : String(error)));
      return false;
    }
    const started = await container.start(output, () => {
      void agent?.stop();
      if (container.essential) this.stop("EssentialContainerExited", "Essential container in task exited");
    });
    if (!started) {
      this.stop("TaskFailedToStart", "Task failed to start");
      return false;
    }
    if (container.handle !== undefined && agent !== undefined) {
      void agent.start(container.handle, this.#platform.settings.delays, {
        mayConnect: () => this.#platform.mayConnect(this),
        make: (handle) => this.#platform.makeAgent(handle, this),
      });
    }
    return true;
  }

  async #end(): Promise<void> {
    const { delays, stopTimeout } = this.#platform.settings;
    if (this.lastStatus === "RUNNING") {
      this.#enter("DEACTIVATING");
      await this.#linger(delays.deactivating);
    }
    this.#enter("STOPPING");
    await Promise.all(
      this.containers.map((container) =>
        this.#destroyed || this.#abrupt
          ? container.kill()
          : container.stop(stopTimeout ?? (container.definition.stopTimeout ?? 30) * 1000),
      ),
    );
    await Promise.all([...this.agents.values()].map((agent) => agent.stop(agent.reason)));
    for (const container of this.containers) container.lastStatus = "STOPPED";
    this.times.executionStoppedAt = Date.now();
    this.#enter("DEPROVISIONING");
    if (!this.#destroyed) await this.interface?.release().catch((error: unknown) => this.#complain(error));
    await this.#linger(delays.deprovisioning);
    this.times.stoppedAt = Date.now();
    this.#enter("STOPPED");
  }

  #complain(error: unknown): string {
    const reason = error instanceof Error ? error.message : String(error);
    this.#platform.settings.log(`task ${this.id}: ${reason}`);
    return reason;
  }

  #enter(status: TaskStatus): void {
    this.history.push(status);
    this.#platform.settings.log(`task ${this.id} ${status}`);
  }

  /** Waits on the way to RUNNING. Rejects when the task is told to stop. */
  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stopping.signal });
  }

  async #linger(ms: number): Promise<void> {
    if (!this.#destroyed) await sleep(ms);
  }
}
