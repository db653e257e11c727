import { runCommand } from "../../container/command.ts";
import { Container } from "../../container/container.ts";
import type { EcsOptions, HookOptions, ServiceOptions } from "../../ecs-options.ts";
import { type Random, pick } from "../../random.ts";
import type { ContainerOptions } from "../../scenario.ts";
import { accessDenied } from "../aws-error.ts";
import type { Base } from "../base.ts";
import type { Gateway } from "../gateway.ts";
import { CLUSTER_ARN, FAMILY, SERVICE, SERVICE_ARN } from "../names.ts";
import type { Bucket } from "../s3.ts";
import type { Definitions } from "./definitions.ts";
import { configurationOf, Deployment } from "./deployments.ts";
import { lead, NEW, RUNNING } from "./life.ts";
import { newIdentity, nextName } from "./run-task.ts";
import { Task } from "./task.ts";

/** The scheduler starts a task in the place of one that has ended after this time. */
const REPLACED_MS = 2_000;
/** How often a deployment looks whether it may stop old tasks. */
const LOOK_MS = 5_000;
/** How often a deployment looks whether its tasks run. */
const STARTED_LOOK_MS = 1_000;
const FOREVER_MS = 30 * 86_400_000;
const OWNER = "service";

type Members = Readonly<Record<string, unknown>>;

export interface ServiceContext {
  readonly options: EcsOptions;
  readonly service: ServiceOptions;
  readonly like: ContainerOptions;
  readonly definitions: Definitions;
  readonly gateway: Gateway;
  readonly bucket: Bucket;
  readonly tasks: Task[];
}

/** The one service of the cluster: it keeps a number of tasks, deploys, and scales in. It stops no protected task. */
export class Service {
  readonly #base: Base;
  readonly #with: ServiceContext;
  readonly #random: Random;
  #desired: number;
  /** The number of the newest deployment. Each task belongs to one. */
  #deployment = 1;
  readonly #deploymentOf = new Map<Task, number>();
  /** Those that pause at a hook, the oldest first. */
  readonly deployments: Deployment[] = [];
  /** The numbers of those whose tasks end, so that no task takes the place of one of theirs. */
  readonly #ending = new Set<number>();

  constructor(base: Base, context: ServiceContext) {
    this.#base = base;
    this.#with = context;
    this.#random = base.random("service");
    this.#desired = context.service.tasks;
    for (let count = 0; count < this.#desired; count += 1) this.#addRunning();
  }

  describe(): unknown {
    const alive = this.#alive;
    const runs = alive.filter(({ state }) => state.lastStatus === "RUNNING").length;
    const network = { awsvpcConfiguration: { subnets: ["subnet-0a1b2c3d"], assignPublicIp: "DISABLED" } };
    const { arn } = this.#with.definitions.find(FAMILY);
    const of = { taskDefinition: arn, launchType: "FARGATE", networkConfiguration: network };
    return {
      ...{ ...of, serviceArn: SERVICE_ARN, serviceName: SERVICE, clusterArn: CLUSTER_ARN, status: "ACTIVE" },
      ...{ desiredCount: this.#desired, runningCount: runs, pendingCount: alive.length - runs },
      ...{ enableExecuteCommand: true, platformVersion: "LATEST", events: [], loadBalancers: [] },
      deployments: [{ ...of, id: this.#idOf(this.#deployment), status: "PRIMARY" }],
      ...(this.#hook !== undefined && { deploymentConfiguration: configurationOf(this.#hook) }),
    };
  }

  /** New tasks take the place of all that run now. */
  deploy(): void {
    this.#deployment += 1;
    this.#base.timeline.note("world", `the service begins deployment ${this.#deployment}`);
    if (this.#hook !== undefined) {
      this.#deployByStages(this.#deployment, this.#hook);
      return;
    }
    for (let count = 0; count < this.#desired; count += 1) this.#add();
    this.#stopOld(this.#deployment);
  }

  /** The number of the deployment that has started this task; undefined for a task of no service. */
  deploymentOf(task: Task): number | undefined {
    return this.#deploymentOf.get(task);
  }

  get #hook(): HookOptions | undefined {
    return this.#with.service.hook;
  }

  #idOf(number: number): string {
    return `ecs-svc/${this.#hook?.isNumbered === false ? 7_000_000 + number : number}`;
  }

  #deployByStages(number: number, hook: HookOptions): void {
    for (const each of this.deployments) {
      if (!each.isOver) this.#ending.add(each.number);
      each.supersede();
    }
    const sources = new Set(this.#alive.flatMap((task) => this.#deploymentOf.get(task) ?? []));
    const deployment = new Deployment(this.#base, { number, sources: [...sources] }, hook, {
      scaleUp: (act) => {
        for (let count = 0; count < this.#desired; count += 1) this.#add(number);
        this.#whenRunning(deployment, act);
      },
      finish: () => {
        for (const each of this.#deploymentOf.values()) if (each !== number) this.#ending.add(each);
        this.#stopOld(number);
      },
      goBack: (act) => {
        this.#ending.add(number);
        this.#stopNew(number, act);
      },
    });
    this.deployments.push(deployment);
  }

  #aliveOf(number: number): readonly Task[] {
    return this.#alive.filter((task) => this.#deploymentOf.get(task) === number);
  }

  /** Calls `act` when as many tasks of the deployment run as the service has. */
  #whenRunning(deployment: Deployment, act: () => void): void {
    this.#base.time.after(this.#base.host, STARTED_LOOK_MS, () => {
      if (deployment.isOver) return;
      const running = this.#aliveOf(deployment.number).filter(({ state }) => state.lastStatus === "RUNNING");
      if (running.length >= this.#desired) act();
      else this.#whenRunning(deployment, act);
    });
  }

  /** Stops the tasks of a deployment that goes back, those that are protected later. */
  #stopNew(number: number, act: () => void): void {
    const left = this.#aliveOf(number);
    for (const task of left) if (!this.#isProtected(task)) this.#stop(task);
    if (left.length === 0) act();
    else this.#base.time.after(this.#base.host, LOOK_MS, () => this.#stopNew(number, act));
  }

  /** One task less. False when there is only one. */
  scaleIn(): boolean {
    if (this.#desired <= 1) return false;
    this.#desired -= 1;
    this.#base.timeline.note("world", `the service scales in to ${this.#desired}`);
    const surplus = this.#alive.filter((task) => !this.#isProtected(task));
    if (this.#alive.length > this.#desired && surplus.length > 0) this.#stop(pick(this.#random, surplus));
    return true;
  }

  /** UpdateTaskProtection and GetTaskProtection. */
  protect(owner: string, operation: string, input: Members): unknown {
    if (!this.#with.service.mayProtect) throw accessDenied(`ecs:${operation}`, "*");
    const { protectionEnabled, expiresInMinutes = 120 } = input;
    const given = (input["tasks"] ?? []) as readonly string[];
    const answers = given.map((name) => {
      const task = this.#with.tasks.find(({ identity: { id, arn } }) => id === name || arn === name);
      if (task === undefined) return { failure: { arn: name, reason: "MISSING" } };
      if (!this.#deploymentOf.has(task)) return { failure: { arn: name, reason: "TASK_NOT_VALID" } };
      if (operation === "UpdateTaskProtection") {
        const at = this.#base.time.now;
        const until = protectionEnabled === true ? at + Number(expiresInMinutes) * 60_000 : undefined;
        task.protections.push({ by: owner, at, until });
      }
      const until = this.#isProtected(task) ? task.protections.at(-1)?.until : undefined;
      return { protectedTask: { taskArn: name, ...describeProtection(until) } };
    });
    return {
      protectedTasks: answers.flatMap(({ protectedTask }) => protectedTask ?? []),
      failures: answers.flatMap(({ failure }) => failure ?? []),
    };
  }

  get #alive(): readonly Task[] {
    return [...this.#deploymentOf.keys()].filter(({ state }) => state.desiredStatus === "RUNNING");
  }

  #isProtected({ protections }: Task): boolean {
    return (protections.at(-1)?.until ?? 0) > this.#base.time.now;
  }

  #stop(task: Task): void {
    task.stop(
      "service",
      "ServiceSchedulerInitiated",
      `Scaling activity initiated by deployment ecs-svc/${this.#deployment}`,
    );
  }

  /** Stops the tasks of older deployments as soon as the new ones run, and those that are protected after that. */
  #stopOld(deployment: number): void {
    this.#base.time.after(this.#base.host, LOOK_MS, () => {
      if (deployment !== this.#deployment) return;
      const old = this.#alive.filter((task) => this.#deploymentOf.get(task) !== deployment);
      const ready = this.#alive.length - old.length;
      const running = this.#alive.filter(
        (task) => this.#deploymentOf.get(task) === deployment && task.state.lastStatus === "RUNNING",
      );
      if (running.length >= Math.min(ready, this.#desired))
        for (const task of old) if (!this.#isProtected(task)) this.#stop(task);
      if (old.length > 0) this.#stopOld(deployment);
    });
  }

  #identity(age: number, number = this.#deployment): Task["identity"] {
    const { definitions, tasks } = this.#with;
    const made = newIdentity(this.#random, this.#base);
    return {
      ...{ ...made, name: nextName(tasks, OWNER), createdAt: made.createdAt - age },
      ...{ definition: definitions.find(FAMILY), group: `service:${SERVICE}` },
      startedBy: this.#idOf(number),
    };
  }

  #addRunning(): void {
    const { gateway, bucket, like } = this.#with;
    const identity = this.#identity(86_400_000);
    const { id, name } = identity;
    const task = new Task(this.#base, identity, { ...RUNNING, startedAt: identity.createdAt });
    const runtimeId = `${id}-1000000000`;
    task.container = new Container(this.#base, gateway, bucket, {
      ...{ name, id, runtimeId, options: like, run: runCommand },
    });
    task.container.onPid1 = (code) => task.ended(code);
    this.#keep(task, this.#deployment);
  }

  #add(number = this.#deployment): void {
    const { gateway, bucket, like, options } = this.#with;
    const task = new Task(this.#base, this.#identity(0, number), NEW);
    this.#keep(task, number);
    const firstProcess = {
      ...{ endsAfter: FOREVER_MS, exitCode: 0, stopsIn: like.stopsIn, mostPutOff: undefined, isHeld: false },
    };
    void lead(this.#base, task, { options, like, firstProcess, gateway, bucket });
  }

  /** Takes a task into the service, and another one in its place once it has ended. */
  #keep(task: Task, number: number): void {
    this.#with.tasks.push(task);
    this.#deploymentOf.set(task, number);
    task.onStop = () =>
      this.#base.time.after(this.#base.host, REPLACED_MS, () => {
        if (this.#hook === undefined) {
          if (this.#alive.length < this.#desired) this.#add();
        } else if (!this.#ending.has(number) && this.#aliveOf(number).length < this.#desired)
          this.#add(number);
      });
  }
}

function describeProtection(until: number | undefined): Members {
  return until === undefined
    ? { protectionEnabled: false }
    : { protectionEnabled: true, expirationDate: new Date(until) };
}
