import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Task } from "../task/task.ts";
import { type Deployment, sourceOf, type UnrecordedMembers } from "./deployments/deployment.ts";
import {
  checkDeployment,
  type DeploymentSteps,
  type RevisionSource,
  ServiceDeployment,
} from "./deployments/service-deployment.ts";
import { DeploymentCalls } from "./deployments/deployment-calls.ts";
import type { Ecs } from "./ecs.ts";
import { ExpressServices } from "./express.ts";
import { invalidParameter } from "./errors.ts";
import { Scheduler } from "./scheduler.ts";
import type { NetworkConfiguration, Service, TaskSet } from "../ecs-shapes.ts";

interface ServiceRequest extends UnrecordedMembers {
  readonly networkConfiguration?: NetworkConfiguration;
  readonly cluster?: string;
  readonly service?: string;
  readonly taskDefinition?: string;
  readonly forceNewDeployment?: boolean;
}

/** Members that DescribeServices leaves out when DescribeExpressGatewayService has them. Undefined members are not in the JSON. */
const TOLD_BY_CALL = { taskDefinition: undefined, networkConfiguration: undefined } as const;

/** The circuit breaker acts when this many tasks of a new revision have ended. AWS's smallest threshold is 3. */
const BREAKS_AT = 3;
const LOOK_EVERY_MS = 50;

/** The calls on services, and the deployments that they begin. */
export class Services {
  readonly #ecs: Ecs;
  readonly #deployments = new Map<string, Deployment>();
  readonly #records = new DeploymentCalls();
  readonly #scheduler: Scheduler;
  readonly #express: ExpressServices;

  constructor(ecs: Ecs) {
    this.#ecs = ecs;
    this.#express = new ExpressServices(ecs, (operation, request) => this.call(operation, request));
    this.#scheduler = new Scheduler(ecs, (serviceArn) => this.#deployments.get(serviceArn));
  }

  /** The calls on services, which pass through here on their way to moto and back. */
  static readonly operations = [
    ...["CreateService", "UpdateService", "DeleteService", "DescribeServices"],
    ...["UpdateServicePrimaryTaskSet", "DeleteTaskSet"],
    ...DeploymentCalls.operations,
    ...ExpressServices.operations,
  ];

  /** The deployments of all services, the oldest first. */
  get serviceDeployments(): readonly ServiceDeployment[] {
    return this.#records.all;
  }

  async call(operation: string, request: ServiceRequest): Promise<object> {
    if (DeploymentCalls.operations.includes(operation))
      return await this.#records.call(operation, request, (cluster, service) =>
        this.#ecs.records.service(cluster ?? "default", service),
      );
    if (ExpressServices.operations.includes(operation)) return await this.#express.call(operation, request);
    checkDeployment(request.deploymentConfiguration);
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
      await this.#scheduler.reconcile(service);
      return answer;
    }
    if (answer.service === undefined) {
      return { ...answer, services: (answer.services ?? []).map((service) => this.#view(service)) };
    }
    const { service } = answer;
    this.#deploy(service, request);
    await this.#scheduler.reconcile(service);
    return { ...answer, service: this.#view(service) };
  }

  /** The two counts of the task's service that decide whether one more of its tasks may be protected. */
  async protection(task: Task): Promise<{ readonly desiredCount: number; readonly protectedCount: number }> {
    const { plan } = task;
    const name = plan.group.replace("service:", "");
    const { desiredCount } = await this.#ecs.records.service(plan.cluster.clusterArn, name);
    const tasks = [...this.#ecs.tasks.values()].filter(
      (one) => one.plan.group === plan.group && one.plan.cluster.clusterArn === plan.cluster.clusterArn,
    );
    // Another call may have protected this task since the caller looked at it.
    const others = tasks.filter((one) => one !== task && one.isProtected && one.desiredStatus === "RUNNING");
    return { desiredCount, protectedCount: others.length };
  }

  /** Stops the surplus tasks that are no longer protected. */
  async reconcileAfterProtectionChange(): Promise<void> {
    await this.#scheduler.reconcileAfterProtectionChange();
  }

  /** From now on no task is replaced. */
  close(): void {
    this.#scheduler.close();
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
   * The request in a form that moto takes. A family becomes the ARN of its latest revision: moto's UpdateService would keep the
   * family, and the next replacement of a task would run a later revision. Pause hooks are left out, since moto refuses them. A
   * network without security groups, which means the VPC's default one, gets an empty list.
   */
  async #pinned(given: ServiceRequest): Promise<ServiceRequest> {
    const network = given.networkConfiguration?.awsvpcConfiguration;
    const request = {
      ...{ ...given, deploymentConfiguration: undefined, volumeConfigurations: undefined },
      ...(network && { networkConfiguration: { awsvpcConfiguration: { securityGroups: [], ...network } } }),
    };
    if (request.taskDefinition === undefined) return request;
    const { taskDefinitionArn } = await this.#ecs.records.taskDefinition(request.taskDefinition);
    return { ...request, taskDefinition: taskDefinitionArn };
  }

  #deploy(service: Service, request: ServiceRequest): void {
    const before = this.#deployments.get(service.serviceArn);
    const { enableExecuteCommand, capacityProviderStrategy, deploymentConfiguration } = request;
    const { volumeConfigurations } = request;
    const unrecorded: UnrecordedMembers = {
      ...before?.unrecorded,
      ...(enableExecuteCommand !== undefined && { enableExecuteCommand }),
      ...(capacityProviderStrategy !== undefined && { capacityProviderStrategy }),
      ...(deploymentConfiguration !== undefined && { deploymentConfiguration }),
      ...(volumeConfigurations !== undefined && { volumeConfigurations }),
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
    // A deployment that has not ended keeps the tasks of an older one. Then the older one is the source.
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
      await this.#scheduler.reconcile(await now());
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
    await this.#scheduler.reconcile(service);
  }

  /** Waits until all tasks of the deployment run. False when its circuit breaker acts. */
  async #areRunning(
    { id, unrecorded }: Deployment,
    now: () => Promise<Service>,
    over: AbortSignal,
  ): Promise<boolean> {
    const breaker = unrecorded.deploymentConfiguration?.deploymentCircuitBreaker;
    for (;;) {
      over.throwIfAborted();
      const service = await now();
      const tasks = this.#scheduler.tasks(service).filter(({ plan }) => plan.startedBy === id);
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

  #view(service: Service): object {
    const deployment = this.#deployments.get(service.serviceArn);
    const tasks = this.#scheduler.tasks(service).filter((task) => task.desiredStatus === "RUNNING");
    const runningCount = tasks.filter((task) => task.lastStatus === "RUNNING").length;
    const counts = { runningCount, pendingCount: tasks.length - runningCount };
    const { volumeConfigurations, ...unrecorded } = deployment?.unrecorded ?? {};
    const isExpress = this.#express.has(service.serviceArn);
    const { expressTold } = this.#ecs.settings;
    const told = isExpress && expressTold === "call" ? TOLD_BY_CALL : {};
    return {
      ...service,
      ...unrecorded,
      ...counts,
      resourceManagementType: isExpress ? "ECS" : "CUSTOMER",
      ...(deployment && {
        currentServiceDeployment: deployment.record.arn,
        currentServiceRevisions: [{ arn: deployment.record.target.arn }],
      }),
      // An Express service does not name its task definition (github.com/kayac/ecspresso/pull/902).
      ...(isExpress && TOLD_BY_CALL),
      deployments: service.deployments?.map((entry) =>
        entry.status === "PRIMARY"
          ? {
              ...entry,
              ...counts,
              ...(volumeConfigurations && { volumeConfigurations }),
              id: deployment?.id ?? entry.id,
              rolloutState: rolloutState(service, counts),
              ...told,
            }
          : entry,
      ),
    };
  }
}

function rolloutState(
  { desiredCount }: Service,
  { runningCount, pendingCount }: { readonly runningCount: number; readonly pendingCount: number },
): string {
  return runningCount === desiredCount && pendingCount === 0 ? "COMPLETED" : "IN_PROGRESS";
}
