import { setTimeout as sleep } from "node:timers/promises";
import type { Task } from "../task/task.ts";
import { type Deployment, sourceOf } from "./deployments/deployment.ts";
import type { RevisionSource } from "./deployments/service-deployment.ts";
import { requireCluster, type Ecs } from "./ecs.ts";
import { platformVersion } from "./run-task.ts";
import type { Service } from "../ecs-shapes.ts";

/** Milliseconds before an ended task is replaced, so that a task that always fails does not keep the machine busy. */
const replacementDelay = 200;

/** The service scheduler: keeps the desired number of tasks running for each service that moto records. */
export class Scheduler {
  readonly #ecs: Ecs;
  readonly #deploymentOf: (serviceArn: string) => Deployment | undefined;
  /** The services that have more tasks than their desired count, because some of the surplus tasks are protected. */
  readonly #kept = new Map<string, Service>();
  /** The last reconciliation, which may still be under way. */
  #lastReconciliation: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(ecs: Ecs, deploymentOf: (serviceArn: string) => Deployment | undefined) {
    this.#ecs = ecs;
    this.#deploymentOf = deploymentOf;
  }

  /**
   * Starts or stops tasks until the service has its desired count. Calls run one after the other, because two at once would both
   * start the missing tasks.
   */
  reconcile(service: Service): Promise<void> {
    const reconciled = this.#lastReconciliation.then(() => this.#reconcileNow(service));
    this.#lastReconciliation = reconciled.catch(() => undefined);
    return reconciled;
  }

  async #reconcileNow(service: Service): Promise<void> {
    const deployment = this.#deploymentOf(service.serviceArn);
    if (this.#closed || deployment === undefined) return;
    const isActive = service.status === "ACTIVE";
    if (!isActive) deployment.record.supersede();
    const wanted = isActive && sourceOf(service) !== undefined ? service.desiredCount : 0;
    const deployments = [deployment.keeps, deployment.isStarted ? deployment : undefined].filter(
      (one) => one !== undefined,
    );
    // Protected tasks come first, so that the unprotected ones are the surplus.
    const running = this.tasks(service)
      .filter((task) => task.desiredStatus === "RUNNING")
      .toSorted((a, b) => Number(b.isProtected) - Number(a.isProtected));
    const tasksOf = new Map(
      deployments.map(({ id }) => [id, running.filter(({ plan }) => plan.startedBy === id)]),
    );
    const tasksOfOldDeployments = running.filter(({ plan }) => !tasksOf.has(plan.startedBy ?? ""));
    const surplus = [...tasksOfOldDeployments, ...[...tasksOf.values()].flatMap((own) => own.slice(wanted))];
    const kept = surplus.filter((task) => isActive && task.isProtected);
    if (kept.length > 0) this.#reconcileAtExpiry(service, kept);
    for (const task of surplus) if (!kept.includes(task)) endTask(task, deployment);
    for (const each of deployments) {
      const missing = wanted - (tasksOf.get(each.id)?.length ?? 0);
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
      void task.ended.then(() => {
        this.#logEnd(service, task);
        return this.#replace(service);
      });
    }
  }

  /**
   * Remembers a service with protected surplus tasks, and reconciles it when the first protection expires. Nothing announces an expiry,
   * so a timer does it. A call that changes a protection reconciles it earlier.
   */
  #reconcileAtExpiry(service: Service, tasks: readonly Task[]): void {
    this.#kept.set(service.serviceArn, service);
    const firstExpiry = Math.min(...tasks.map(({ protectedUntil = 0 }) => protectedUntil));
    const reconcile = (): Promise<void> =>
      this.#logFailure(service.serviceName, () => this.reconcileAfterProtectionChange());
    setTimeout(() => void reconcile(), Math.max(0, firstExpiry - Date.now())).unref();
  }

  async #replace({ clusterArn, serviceName }: Service): Promise<void> {
    await sleep(replacementDelay, undefined, { ref: false });
    await this.#logFailure(serviceName, async () => {
      await this.reconcile(await this.#ecs.records.service(clusterArn, serviceName));
    });
  }

  /** Logs why a task has stopped that the service still wants. ECS shows that in the console, where this service has none. */
  #logEnd({ serviceName }: Service, task: Task): void {
    if (this.#closed || task.stopCode === "ServiceSchedulerInitiated") return;
    const ends = task.containers.map(({ definition, exitCode, reason, lastLine }) => {
      const words = [exitCode === undefined ? undefined : `exit code ${exitCode}`, reason, lastLine];
      return `${definition.name}: ${words.filter((one) => one !== undefined && one !== "").join(", ")}`;
    });
    const why = task.stoppedReason ?? "";
    this.#ecs.settings.log(`service ${serviceName}: task ${task.id} stopped: ${why} (${ends.join("; ")})`);
  }

  /** Runs a timer's work. No caller waits for it, so its failure goes to the log. */
  async #logFailure(serviceName: string, act: () => Promise<void>): Promise<void> {
    if (this.#closed) return;
    try {
      await act();
    } catch (error) {
      this.#ecs.settings.log(
        `service ${serviceName}: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  /** Reconciles the services in `#kept`, which stops the surplus tasks that are no longer protected. */
  async reconcileAfterProtectionChange(): Promise<void> {
    const kept = [...this.#kept.values()];
    this.#kept.clear();
    for (const service of kept)
      await this.reconcile(await this.#ecs.records.service(service.clusterArn, service.serviceName));
  }

  /** After this the scheduler begins no further reconciliation. */
  close(): void {
    this.#closed = true;
  }

  /** All tasks of the service, including those that have ended. */
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
