import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Task } from "../task/task.ts";
import { requireCluster, type Ecs } from "./ecs.ts";
import { invalidParameter } from "./errors.ts";
import { platformVersion } from "./run-task.ts";
import type { CapacityProvider, Service, TaskSet } from "./shapes.ts";

/** The members of CreateService and UpdateService that moto does not keep. */
interface UnrecordedMembers {
  readonly enableExecuteCommand?: boolean;
  readonly capacityProviderStrategy?: readonly CapacityProvider[];
}

interface ServiceRequest extends UnrecordedMembers {
  readonly taskDefinition?: string;
  readonly forceNewDeployment?: boolean;
}

interface Deployment {
  readonly unrecorded: UnrecordedMembers;
  /** `ecs-svc/…`, new with each deployment: the `startedBy` of its tasks. */
  readonly id: string;
}

/** Milliseconds before a task that ended is replaced, so that a task that always fails does not keep the machine busy. */
const replacementDelay = 200;

/** The service scheduler: keeps the desired number of tasks running for each service that moto records. */
export class Services {
  readonly #ecs: Ecs;
  readonly #deployments = new Map<string, Deployment>();
  /** Services with surplus tasks that are protected. */
  readonly #kept = new Map<string, Service>();
  #closed = false;

  constructor(ecs: Ecs) {
    this.#ecs = ecs;
  }

  /** The calls on services, which pass through here on their way to moto and back. */
  static readonly operations = [
    ...["CreateService", "UpdateService", "DeleteService", "DescribeServices"],
    ...["UpdateServicePrimaryTaskSet", "DeleteTaskSet"],
  ];

  async call(operation: string, request: ServiceRequest): Promise<object> {
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
   * keeps the name in UpdateService, so that a later revision would be deployed by the next replacement of a task.
   */
  async #pinned(request: ServiceRequest): Promise<ServiceRequest> {
    if (request.taskDefinition === undefined) return request;
    const { taskDefinitionArn } = await this.#ecs.records.taskDefinition(request.taskDefinition);
    return { ...request, taskDefinition: taskDefinitionArn };
  }

  #deploy(service: Service, request: ServiceRequest): void {
    const before = this.#deployments.get(service.serviceArn);
    const { enableExecuteCommand, capacityProviderStrategy } = request;
    const changes = {
      ...(enableExecuteCommand !== undefined && { enableExecuteCommand }),
      ...(capacityProviderStrategy !== undefined && { capacityProviderStrategy }),
    };
    const renewed =
      before === undefined || request.taskDefinition !== undefined || request.forceNewDeployment === true;
    const id = renewed ? `ecs-svc/${randomInt(10 ** 9, 10 ** 10)}${randomInt(10 ** 8, 10 ** 9)}` : before.id;
    this.#deployments.set(service.serviceArn, { unrecorded: { ...before?.unrecorded, ...changes }, id });
  }

  async #reconcile(service: Service): Promise<void> {
    const deployment = this.#deployments.get(service.serviceArn);
    if (this.#closed || deployment === undefined) return;
    const source = sourceOf(service);
    const wanted = service.status === "ACTIVE" && source !== undefined ? service.desiredCount : 0;
    const running = this.#tasks(service).filter((task) => task.desiredStatus === "RUNNING");
    const current = running
      .filter(({ plan }) => plan.startedBy === deployment.id)
      .toSorted((a, b) => Number(b.isProtected) - Number(a.isProtected));
    const surplus = [...running.filter((task) => !current.includes(task)), ...current.slice(wanted)];
    const isActive = service.status === "ACTIVE";
    const kept = surplus.filter((task) => isActive && task.isProtected);
    if (kept.length > 0) this.#keep(service, kept);
    for (const task of surplus.filter((one) => !kept.includes(one))) {
      task.stop("ServiceSchedulerInitiated", `Scaling activity initiated by (deployment ${deployment.id})`);
    }
    if (current.length >= wanted || source === undefined) return;
    const strategy = source.capacityProviderStrategy ?? deployment.unrecorded.capacityProviderStrategy;
    const cluster = await requireCluster(this.#ecs, service.clusterArn);
    const definition = await this.#ecs.records.taskDefinition(source.taskDefinition);
    for (let missing = wanted - current.length; missing > 0; missing -= 1) {
      const task = this.#ecs.launch({
        cluster,
        definition,
        overrides: {},
        launchType: source.launchType,
        capacityProvider: strategy?.[0],
        platformVersion: platformVersion(source.platformVersion),
        network: source.networkConfiguration,
        group: `service:${service.serviceName}`,
        startedBy: deployment.id,
        tags: [],
        enableExecuteCommand: deployment.unrecorded.enableExecuteCommand ?? false,
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
