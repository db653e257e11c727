import type { RegisteredDefinition, RegistrableDefinition, TaskDefinition } from "./task-definition.ts";
import type { ProtectionCalls } from "./ecs-protection.ts";
import type { Task } from "./task.ts";

/**
 * The calls of ECS. `cluster` is a name or an ARN, `task` an ID or an ARN. Each call fails with a `Failure` whose
 * message names the IAM action and the resource, or with the abort signal's reason.
 */
export interface Ecs extends ProtectionCalls {
  /** Fails with `cluster-not-found`, also for a cluster that was deleted. */
  describeCluster(cluster: string): Promise<Cluster>;
  /** Undefined when ECS knows no such task: never there, forgotten, or too new to be seen yet. */
  describeTask(cluster: string, task: string): Promise<Task | undefined>;
  /** Those of `tasks` that ECS knows, in any order. `tasks` may be of any length. */
  describeTasks(cluster: string, tasks: readonly string[]): Promise<readonly Task[]>;
  /** ARNs of the tasks whose desired status is RUNNING. */
  listTasks(cluster: string, filter: TaskFilter): Promise<readonly string[]>;
  /** Fails with `service-not-found`, also for a service that was deleted. */
  describeService(cluster: string, service: string): Promise<Service>;
  /** What the newest configuration of an Express service says of its tasks; undefined when it has none. */
  describeExpressService(serviceArn: string): Promise<ExpressConfiguration | undefined>;
  /** Fails with `task-definition-not-found`. */
  describeTaskDefinition(taskDefinition: string): Promise<TaskDefinition>;
  /** The families whose names begin with `prefix` and that have an active revision. */
  listDefinitionFamilies(prefix: string): Promise<readonly string[]>;
  registerTaskDefinition(definition: RegistrableDefinition): Promise<RegisteredDefinition>;
  /** A definition that is inactive or deleted already is no failure. */
  deregisterTaskDefinition(arn: string): Promise<void>;
  /** Deletes a deregistered definition; tasks that were started from it run on. */
  deleteTaskDefinition(arn: string): Promise<void>;
  /**
   * Starts up to ten tasks. ECS's own refusals are values of the answer, because their messages need the caller's
   * context.
   */
  runTask(request: RunTaskRequest): Promise<RunTaskAnswer>;
  /** `reason` becomes the task's stoppedReason. A task that is gone already is no failure. */
  stopTask(cluster: string, task: string, reason: string): Promise<void>;
  /** The answer `notConnected` means that the container's exec agent takes no session now. It may take one later. */
  executeCommand(request: ExecuteCommandRequest): Promise<ExecuteCommandAnswer>;
  /** The deployments of a service, the newest first: those in one of `statuses`, or all. */
  listServiceDeployments(
    cluster: string,
    service: string,
    statuses?: readonly string[],
  ): Promise<readonly DeploymentBrief[]>;
  /** Undefined when ECS knows no such deployment. */
  describeServiceDeployment(arn: string): Promise<ServiceDeployment | undefined>;
  /** Undefined when ECS knows no such revision. */
  describeServiceRevision(arn: string): Promise<ServiceRevision | undefined>;
  /**
   * `refused`: ECS's own words, when the hook does not wait for a verdict. `repeated`: the call was made more than once, so ECS may have
   * taken an earlier one whose answer was lost.
   */
  continueServiceDeployment(
    verdict: HookVerdict,
  ): Promise<"taken" | { readonly refused: string; readonly repeated?: boolean }>;
}

export interface Cluster {
  readonly arn: string;
  readonly status: string;
  readonly exec: ExecConfiguration;
  /** The names of the capacity providers that are associated with the cluster. RunTask takes no others. */
  readonly capacityProviders: readonly string[];
  /** What a task gets when its RunTask call names neither capacity providers nor a launch type. */
  readonly defaultCapacityProviders: readonly CapacityProvider[];
}

/** How a cluster encrypts and logs its ECS Exec sessions. */
export interface ExecConfiguration {
  /** DEFAULT: the log configuration of each container. OVERRIDE: the cluster's own, in the members below. */
  readonly logging: "NONE" | "DEFAULT" | "OVERRIDE";
  readonly kmsKeyId: string | undefined;
  readonly cloudWatchLogGroup: string | undefined;
  readonly cloudWatchEncryption: boolean;
  readonly s3Bucket: string | undefined;
  readonly s3Prefix: string | undefined;
  readonly s3Encryption: boolean;
}

/** ECS refuses `startedBy` together with another filter. */
export type TaskFilter =
  | { readonly service: string }
  | { readonly startedBy: string }
  /** The family of the task definition. */
  | { readonly family: string };

export interface Service {
  readonly arn: string;
  readonly name: string;
  /** Whether ECS manages the service's resources. Such a service need not name what its tasks run on. */
  readonly isExpress: boolean;
  readonly status: string;
  readonly desiredCount: number;
  readonly runningCount: number;
  readonly pendingCount: number;
  /**
   * When the service has task sets, this and the launch type, capacity providers, platform version and network are
   * those of its PRIMARY task set. Else what the service does not name is that of its PRIMARY deployment.
   */
  readonly taskDefinitionArn: string | undefined;
  readonly enableExecuteCommand: boolean;
  /** FARGATE, EC2, EXTERNAL or MANAGED_INSTANCES. It has no meaning when there are capacity providers. */
  readonly launchType: string | undefined;
  readonly capacityProviders: readonly CapacityProvider[];
  readonly platformVersion: string | undefined;
  /** Has no subnets when the service's tasks don't use network mode awsvpc. */
  readonly network: Network;
  /** The volumes that are configured when a task starts, as RunTask takes them. */
  readonly volumes: readonly LaunchVolume[];
  readonly placement: Placement;
  /** The pause hooks of its next deployment. */
  readonly pauseHooks: readonly ConfiguredHook[];
  /** ECS's own texts, the newest first. */
  readonly events: readonly string[];
}

/** What an Express service says of its tasks. Whether they have public addresses is told by its revision alone. */
export interface ExpressConfiguration extends Pick<Service, "taskDefinitionArn"> {
  readonly network: Pick<Network, "subnets" | "securityGroups">;
  readonly revisionArn: string | undefined;
}

/** Which instances a task may run on, and which of them is chosen, as RunTask takes it. Empty on Fargate. */
export interface Placement {
  readonly placementConstraints?: readonly object[];
  readonly placementStrategy?: readonly object[];
}

/** The settings of a volume that a task definition leaves to the start of the task (`configuredAtLaunch`). */
export interface LaunchVolume {
  readonly name: string;
  /** As RunTask takes it. */
  readonly managedEBSVolume?: Readonly<Record<string, unknown>> | undefined;
}

/** A pause hook in the configuration of a service or a deployment. */
export interface ConfiguredHook {
  /** The lifecycle stages at which it pauses the deployment. */
  readonly stages: readonly string[];
  /** How long it waits for a verdict. */
  readonly minutes: number;
  /** What ECS does after that: CONTINUE or ROLLBACK. */
  readonly timeoutAction: string;
}

/** A capacity provider. FARGATE and FARGATE_SPOT are AWS's own. */
export interface CapacityProvider {
  readonly name: string;
  /** Its share of the tasks, relative to the other weights. */
  readonly weight: number;
  /** The number of tasks that it gets before the weights count. */
  readonly base: number;
}

export interface Network {
  readonly subnets: readonly string[];
  readonly securityGroups: readonly string[];
  readonly assignPublicIp: boolean | undefined;
}

export interface RunTaskRequest {
  readonly cluster: string;
  readonly taskDefinition: string;
  /** From 1 to 10. */
  readonly count: number;
  /** When this is empty, `launchType` counts. */
  readonly capacityProviders: readonly CapacityProvider[];
  /** FARGATE, EC2, EXTERNAL or MANAGED_INSTANCES. */
  readonly launchType: string;
  readonly platformVersion: string | undefined;
  readonly enableExecuteCommand: true;
  /** Without subnets the task gets no network of its own, as in the network modes of instances other than awsvpc. */
  readonly network: Network;
  /** As RunTask takes it. */
  readonly overrides: Readonly<Record<string, unknown>>;
  /** Further members, as RunTask takes them. One that is above, too, replaces it. */
  readonly more: Readonly<Record<string, unknown>>;
  readonly startedBy: string;
  readonly clientToken: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly propagateTags: "TASK_DEFINITION" | undefined;
}

/** ECS may start some of several tasks and refuse the others. */
export interface RunTaskAnswer {
  readonly tasks: readonly Task[];
  /** A reason such as `RESOURCE:ENI`, with a detail in words when ECS gives one. */
  readonly refusals: readonly { readonly reason: string; readonly detail: string | undefined }[];
}

export interface ExecuteCommandRequest {
  readonly cluster: string;
  readonly task: string;
  readonly container: string;
  readonly command: string;
}

/** A session that waits for its client. The token is secret, and valid for a short time only. */
export interface SessionTicket {
  readonly sessionId: string;
  /** Use it byte for byte. */
  readonly streamUrl: string;
  readonly token: string;
}

export type ExecuteCommandAnswer =
  | { readonly session: SessionTicket }
  /** In AWS's own words. `throttled`: the SDK had to repeat the call, as it does when AWS throttles the account. */
  | { readonly notConnected: string; readonly throttled: boolean };

export interface DeploymentBrief {
  readonly arn: string;
  /**
   * PENDING, IN_PROGRESS, STOP_REQUESTED, ROLLBACK_REQUESTED, ROLLBACK_IN_PROGRESS; at the end SUCCESSFUL, STOPPED,
   * ROLLBACK_SUCCESSFUL or ROLLBACK_FAILED.
   */
  readonly status: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/** A deployment of a service. */
export interface ServiceDeployment extends DeploymentBrief {
  readonly serviceArn: string;
  readonly statusReason: string | undefined;
  /** The lifecycle stage, such as POST_SCALE_UP. */
  readonly stage: string | undefined;
  /** The target revision. */
  readonly revisionArn: string | undefined;
  /** The revisions that ran when the deployment began. */
  readonly sourceRevisionArns: readonly string[];
  readonly pauseHooks: readonly ConfiguredHook[];
  /** The pause hooks that the deployment has reached. */
  readonly hooks: readonly PauseHook[];
}

export interface PauseHook {
  /** A new one each time that the deployment reaches the hook. */
  readonly id: string;
  /** AWAITING_ACTION, IN_PROGRESS, SUCCEEDED, FAILED or TIMED_OUT. */
  readonly status: string;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number | undefined;
  /** What ECS does then: CONTINUE or ROLLBACK. */
  readonly timeoutAction: string | undefined;
}

/** What ECS deploys for a service. */
export interface ServiceRevision extends Pick<
  Service,
  "launchType" | "capacityProviders" | "platformVersion" | "network" | "volumes"
> {
  /** `…:service-revision/<cluster>/<service>/<number>` */
  readonly arn: string;
  readonly taskDefinitionArn: string;
}

export interface HookVerdict {
  readonly deployment: string;
  /** The id of a pause hook. */
  readonly hook: string;
  readonly action: "CONTINUE" | "ROLLBACK";
}
