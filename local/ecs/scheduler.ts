import { setTimeout as sleep } from "node:timers/promises";
import type { Task } from "../task/task.ts";
import { type Deployment, sourceOf } from "./deployments/deployment.ts";
import type { RevisionSource } from "./deployments/service-deployment.ts";
import { requireCluster, type Ecs } from "./ecs.ts";
import { platformVersion } from "./run-task.ts";
import type { Service } from "./shapes.ts";

/** Milliseconds before a task that ended is replaced, so that a task that always fails does not keep the machine busy. */
const replacementDelay = 200;

/** The service scheduler: keeps the desired number of tasks running for each service that moto records. */
export class Scheduler {
  readonly #ecs: Ecs;
  readonly #deploymentOf: (serviceArn: string) => Deployment | undefined;
  /** Services with surplus tasks that are protected. */
  readonly #kept = new Map<string, Service>();
  /** The look at a service that is under way. */
  #look: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(ecs: Ecs, deploymentOf: (serviceArn: string) => Deployment | undefined) {
    this.#ecs = ecs;
    this.#deploymentOf = deploymentOf;
  }

  /** One look after the other: two at once would both start what is missing. */
  reconcile(service: Service): Promise<void> {
    const look = this.#look.then(() => this.#lookAt(service));
    this.#look = look.catch(() => undefined);
    return look;
  }

  async #lookAt(service: Service): Promise<void> {
    const deployment = this.#deploymentOf(service.serviceArn);
    if (this.#closed || deployment === undefined) return;
    const wanted = service.status === "ACTIVE" && sourceOf(service) !== undefined ? service.desiredCount : 0;
    if (service.status !== "ACTIVE") deployment.record.supersede();
    const active = [...(deployment.keeps === undefined ? [] : [deployment.keeps])];
    if (deployment.isStarted) active.push(deployment);
    const running = this.tasks(service).filter((task) => task.desiredStatus === "RUNNING");
    const ownOf = ({ id }: Deployment): readonly Task[] =>
      running
        .filter(({ plan }) => plan.startedBy === id)
        .toSorted((a, b) => Number(b.isProtected) - Number(a.isProtected));
    const strangers = running.filter(({ plan }) => !active.some(({ id }) => plan.startedBy === id));
    const surplus = [...strangers, ...active.flatMap((each) => ownOf(each).slice(wanted))];
    const kept = surplus.filter((task) => service.status === "ACTIVE" && task.isProtected);
    if (kept.length > 0) this.#keep(service, kept);
    for (const task of surplus.filter((one) => !kept.includes(one))) endTask(task, deployment);
    for (const each of active) {
      const missing = wanted - ownOf(each).length;
      const source = each === deployment ? sourceOf(service) : each.record.target.source;
      if (missing > 0 && source !== undefined) await this.#launch(service, each, source, missing);
    }
  }

  async #launch(
    service: Service,
    { id, unrecorded }: Deployment,
    source: RevisionSource,
    count: number,
  ): Promise<void> {
    const strategy = source.capacityProviderStrategy ?? unrecorded.capacityProviderStrategy;
    const cluster = await requireCluster(this.#ecs, service.clusterArn);
    const definition = await this.#ecs.records.taskDefinition(source.taskDefinition);
    for (let missing = count; missing > 0; missing -= 1) {
      const task = this.#ecs.launch({
        cluster,
        definition,
        overrides: {},
        launchType: source.launchType,
        capacityProvider: strategy?.[0],
        platformVersion: platformVersion(source.platformVersion),
        network: source.networkConfiguration,
        group: `service:${service.serviceName}`,
        startedBy: id,
        tags: [],
        enableExecuteCommand: unrecorded.enableExecuteCommand ?? false,
      });
      void task.ended.then(() => this.#replace(service));
    }
  }

  /** Looks again when the protection of these tasks ends, which ECS doesn't tell, or when a call changes it. */
  #keep(service: Service, tasks: readonly Task[]): void {
    this.#kept.set(service.serviceArn, service);
    const first = Math.min(...tasks.map(({ protectedUntil = 0 }) => protectedUntil));
    setTimeout(() => void this.protectionChanged(), Math.max(0, first - Date.now())).unref();
  }

  async #replace({ clusterArn, serviceName }: Service): Promise<void> {
    await sleep(replacementDelay, undefined, { ref: false });
    if (this.#closed) return;
    try {
      await this.reconcile(await this.#ecs.records.service(clusterArn, serviceName));
    } catch (error) {
      this.#ecs.settings.log(
        `service ${serviceName}: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  /** Stops what no protection keeps any more. */
  async protectionChanged(): Promise<void> {
    const kept = [...this.#kept.values()];
    this.#kept.clear();
    for (const service of kept)
      await this.reconcile(await this.#ecs.records.service(service.clusterArn, service.serviceName));
  }

  /** From now on no task is replaced. */
  close(): void {
    this.#closed = true;
  }

  /** All tasks of the service, those that have ended included. */
  tasks(service: Service): Task[] {
    return [...this.#ecs.tasks.values()].filter(
      ({ plan }) =>
        plan.group === `service:${service.serviceName}` && plan.cluster.clusterArn === service.clusterArn,
    );
  }
}

function endTask(task: Task, { id }: Deployment): void {
  task.stop("ServiceSchedulerInitiated", `Scaling activity initiated by (deployment ${id})`);
}
