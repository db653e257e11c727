import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Task } from "../task/task.ts";
import { requireCluster, type Ecs } from "./ecs.ts";
import { invalidParameter } from "./errors.ts";
import { platformVersion } from "./run-task.ts";
import {
  type DeploymentConfiguration,
  type DeploymentSteps,
  type RevisionSource,
  ServiceDeployment,
} from "./deployments/service-deployment.ts";
import { ServiceDeployments } from "./deployments/service-deployments.ts";
import type { CapacityProvider, Service, TaskSet } from "./shapes.ts";

/** The members of CreateService and UpdateService that moto does not keep. */
interface UnrecordedMembers {
  readonly enableExecuteCommand?: boolean;
  readonly capacityProviderStrategy?: readonly CapacityProvider[];
  readonly deploymentConfiguration?: DeploymentConfiguration | undefined;
}

interface ServiceRequest extends UnrecordedMembers {
  readonly cluster?: string;
  readonly service?: string;
  readonly taskDefinition?: string;
  readonly forceNewDeployment?: boolean;
}

interface Deployment {
  readonly unrecorded: UnrecordedMembers;
  /** `ecs-svc/…`, new with each deployment: the `startedBy` of its tasks. */
  readonly id: string;
  readonly record: ServiceDeployment;
  /** The deployment whose tasks stay beside those of this one, until this one has gone through its stages. */
  readonly keeps?: Deployment | undefined;
  /** Whether its own tasks are to run. */
  readonly isStarted: boolean;
}

/** So many tasks of a new revision may end before the circuit breaker acts. AWS's least is 3. */
const BREAKS_AT = 3;
const LOOK_EVERY_MS = 50;

/** Milliseconds before a task that ended is replaced, so that a task that always fails does not keep the machine busy. */
const replacementDelay = 200;

/** The service scheduler: keeps the desired number of tasks running for each service that moto records. */
export class Services {
  readonly #ecs: Ecs;
  readonly #deployments = new Map<string, Deployment>();
  /** Services with surplus tasks that are protected. */
  readonly #kept = new Map<string, Service>();
  readonly #records = new ServiceDeployments();
  /** The look at a service that is under way. */
  #look: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(ecs: Ecs) {
    this.#ecs = ecs;
  }

  /** The calls on services, which pass through here on their way to moto and back. */
  static readonly operations = [
    ...["CreateService", "UpdateService", "DeleteService", "DescribeServices"],
    ...["UpdateServicePrimaryTaskSet", "DeleteTaskSet"],
    ...ServiceDeployments.operations,
  ];

  /** Those of all services, the oldest first. */
  get serviceDeployments(): readonly ServiceDeployment[] {
    return this.#records.all;
  }

  async call(operation: string, request: ServiceRequest): Promise<object> {
    if (ServiceDeployments.operations.includes(operation))
      return await this.#records.call(operation, request, (cluster, service) =>
        this.#ecs.records.service(cluster ?? "default", service),
      );
    if (operation === "CreateService") await this.#checkTaskRole(request);
    const answer = (await this.#ecs.records.call(operation, await this.#pinned(request))) as {
      service?: Service;
      services?: Service[];
      taskSet?: TaskSet;
    };
    if (answer.taskSet !== undefined) {
      const [, clusterName = "", serviceName = ""] = answer.taskSet.taskSetArn.split("/");
      const service = await this.#ecs.records.service(clusterName, serviceName);
      // From now on the service's tasks are those of another task set.
      this.#deploy(service, { forceNewDeployment: true });
      await this.#reconcile(service);
      return answer;
    }
    if (answer.service === undefined) {
      return { ...answer, services: (answer.services ?? []).map((service) => this.#view(service)) };
    }
    const { service } = answer;
    this.#deploy(service, request);
    await this.#reconcile(service);
    return { ...answer, service: this.#view(service) };
  }

  /** What decides whether one more task of this task's service may be protected. */
  async protection(task: Task): Promise<{ readonly desiredCount: number; readonly protectedCount: number }> {
    const { plan } = task;
    const name = plan.group.replace("service:", "");
    const { desiredCount } = await this.#ecs.records.service(plan.cluster.clusterArn, name);
    const tasks = [...this.#ecs.tasks.values()].filter(
      (one) => one.plan.group === plan.group && one.plan.cluster.clusterArn === plan.cluster.clusterArn,
    );
    const protectedTasks = tasks.filter((one) => one.isProtected && one.desiredStatus === "RUNNING");
    return { desiredCount, protectedCount: protectedTasks.length };
  }

  /** Stops what no protection keeps any more. */
  async protectionChanged(): Promise<void> {
    const kept = [...this.#kept.values()];
    this.#kept.clear();
    for (const service of kept)
      await this.#reconcile(await this.#ecs.records.service(service.clusterArn, service.serviceName));
  }

  /** Stops the scheduler: no further task is replaced. */
  close(): void {
    this.#closed = true;
  }

  async #checkTaskRole(request: ServiceRequest): Promise<void> {
    if (request.enableExecuteCommand !== true || request.taskDefinition === undefined) return;
    const { taskRoleArn } = await this.#ecs.records.taskDefinition(request.taskDefinition);
    if (taskRoleArn !== undefined) return;
    throw invalidParameter(
      "The service couldn't be created because a valid taskRoleArn is not being used. " +
        "Specify a valid task role in your task definition and try again.",
    );
  }

  /**
   * The request with the task definition's ARN. A family stands for its latest revision at the time of the call, while moto
   * keeps the name in UpdateService, so that a later revision would be deployed by the next replacement of a task. Moto takes no
   * pause hooks.
   */
  async #pinned(given: ServiceRequest): Promise<ServiceRequest> {
    const request = { ...given, deploymentConfiguration: undefined };
    if (request.taskDefinition === undefined) return request;
    const { taskDefinitionArn } = await this.#ecs.records.taskDefinition(request.taskDefinition);
    return { ...request, taskDefinition: taskDefinitionArn };
  }

  #deploy(service: Service, request: ServiceRequest): void {
    const before = this.#deployments.get(service.serviceArn);
    const { enableExecuteCommand, capacityProviderStrategy, deploymentConfiguration } = request;
    const unrecorded: UnrecordedMembers = {
      ...before?.unrecorded,
      ...(enableExecuteCommand !== undefined && { enableExecuteCommand }),
      ...(capacityProviderStrategy !== undefined && { capacityProviderStrategy }),
      ...(deploymentConfiguration !== undefined && { deploymentConfiguration }),
    };
    const isNew =
      before === undefined || request.taskDefinition !== undefined || request.forceNewDeployment === true;
    if (!isNew) this.#deployments.set(service.serviceArn, { ...before, unrecorded });
    else this.#begin(service, unrecorded, before);
  }

  /** Begins a deployment. Only one with pause hooks keeps the old tasks beside the new ones. */
  #begin(service: Service, unrecorded: UnrecordedMembers, before: Deployment | undefined): void {
    const number = `${randomInt(10 ** 9, 10 ** 10)}${randomInt(10 ** 8, 10 ** 9)}`;
    before?.record.supersede();
    // A deployment that has not ended leaves the tasks of the one before it.
    const source = before?.keeps ?? before;
    const configuration = unrecorded.deploymentConfiguration ?? {};
    const target = {
      arn: `${service.serviceArn.replace(":service/", ":service-revision/")}/${number}`,
      source: this.#sourceOf(service, unrecorded),
    };
    const minuteMs = this.#ecs.settings.delays.hookMinute;
    const revisions = { target, source: source?.record.target };
    const record = new ServiceDeployment(service, revisions, configuration, { minuteMs });
    const isStaged = source !== undefined && (configuration.lifecycleHooks ?? []).length > 0;
    const keeps = isStaged ? { ...source, keeps: undefined } : undefined;
    const deployment = { unrecorded, id: `ecs-svc/${number}`, record, keeps, isStarted: !isStaged };
    this.#records.all.push(record);
    this.#deployments.set(service.serviceArn, deployment);
    void record.run(this.#stepsOf(service, deployment, isStaged));
  }

  #stepsOf(service: Service, deployment: Deployment, isStaged: boolean): DeploymentSteps {
    const { serviceArn, clusterArn, serviceName } = service;
    const now = (): Promise<Service> => this.#ecs.records.service(clusterArn, serviceName);
    const change = async (changed: Deployment): Promise<void> => {
      // Another deployment has come in between.
      if (this.#deployments.get(serviceArn)?.id !== deployment.id) return;
      this.#deployments.set(serviceArn, changed);
      await this.#reconcile(await now());
    };
    return {
      scaleUp: async (over) => {
        if (!isStaged) return true;
        await change({ ...deployment, isStarted: true });
        return await this.#areRunning(deployment, now, over);
      },
      finish: async () => {
        if (isStaged) await change({ ...deployment, isStarted: true, keeps: undefined });
      },
      rollBack: async () => {
        const { keeps } = deployment;
        if (keeps === undefined) return;
        const { taskDefinition } = keeps.record.target.source;
        const request = { cluster: clusterArn, service: serviceName, taskDefinition };
        await this.#ecs.records.call("UpdateService", request);
        await this.#restore(await now(), deployment, keeps);
      },
    };
  }

  async #restore(service: Service, deployment: Deployment, former: Deployment): Promise<void> {
    if (this.#deployments.get(service.serviceArn)?.id !== deployment.id) return;
    this.#deployments.set(service.serviceArn, former);
    await this.#reconcile(service);
  }

  /** Waits until all tasks of the deployment run. False where its circuit breaker acts. */
  async #areRunning(
    { id, unrecorded }: Deployment,
    now: () => Promise<Service>,
    over: AbortSignal,
  ): Promise<boolean> {
    const breaker = unrecorded.deploymentConfiguration?.deploymentCircuitBreaker;
    for (;;) {
      over.throwIfAborted();
      const service = await now();
      const tasks = this.#tasks(service).filter(({ plan }) => plan.startedBy === id);
      const alive = tasks.filter(({ desiredStatus }) => desiredStatus === "RUNNING");
      if (alive.filter(({ lastStatus }) => lastStatus === "RUNNING").length >= service.desiredCount)
        return true;
      if (breaker?.enable === true && tasks.length - alive.length >= BREAKS_AT) return false;
      await sleep(LOOK_EVERY_MS, undefined, { ref: false, signal: over });
    }
  }

  #sourceOf(service: Service, { capacityProviderStrategy }: UnrecordedMembers): RevisionSource {
    const source = sourceOf(service) ?? service;
    return { ...(capacityProviderStrategy && { capacityProviderStrategy }), ...source };
  }

  /** One look after the other: two at once would both start what is missing. */
  #reconcile(service: Service): Promise<void> {
    const look = this.#look.then(() => this.#lookAt(service));
    this.#look = look.catch(() => undefined);
    return look;
  }

  async #lookAt(service: Service): Promise<void> {
    const deployment = this.#deployments.get(service.serviceArn);
    if (this.#closed || deployment === undefined) return;
    const wanted = service.status === "ACTIVE" && sourceOf(service) !== undefined ? service.desiredCount : 0;
    if (service.status !== "ACTIVE") deployment.record.supersede();
    const active = [...(deployment.keeps === undefined ? [] : [deployment.keeps])];
    if (deployment.isStarted) active.push(deployment);
    const running = this.#tasks(service).filter((task) => task.desiredStatus === "RUNNING");
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
      await this.#reconcile(await this.#ecs.records.service(clusterArn, serviceName));
    } catch (error) {
      this.#ecs.settings.log(
        `service ${serviceName}: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  #view(service: Service): object {
    const deployment = this.#deployments.get(service.serviceArn);
    const tasks = this.#tasks(service).filter((task) => task.desiredStatus === "RUNNING");
    const runningCount = tasks.filter((task) => task.lastStatus === "RUNNING").length;
    const counts = { runningCount, pendingCount: tasks.length - runningCount };
    return {
      ...service,
      ...deployment?.unrecorded,
      ...counts,
      deployments: service.deployments?.map((entry) =>
        entry.status === "PRIMARY" ? { ...entry, ...counts, id: deployment?.id ?? entry.id } : entry,
      ),
    };
  }

  #tasks(service: Service): Task[] {
    return [...this.#ecs.tasks.values()].filter(
      ({ plan }) =>
        plan.group === `service:${service.serviceName}` && plan.cluster.clusterArn === service.clusterArn,
    );
  }
}

/**
 * The source of a service's tasks: its PRIMARY task set where its deployment controller makes task sets, else the
 * service.
 */
function sourceOf(service: Service): Omit<TaskSet, "taskSetArn" | "status"> | undefined {
  if ((service.deploymentController?.type ?? "ECS") === "ECS") return { ...service };
  return service.taskSets?.find(({ status }) => status === "PRIMARY");
}

function endTask(task: Task, { id }: Deployment): void {
  task.stop("ServiceSchedulerInitiated", `Scaling activity initiated by (deployment ${id})`);
}
