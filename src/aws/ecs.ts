import type { RegistrableDefinition, TaskDefinition } from "./task-definition.ts";
import type { Task } from "./task.ts";

/**
 * Our calls of ECS. `cluster` is a name or an ARN, `task` an ID or an ARN. Each fails with a `Failure` whose
 * message names the IAM action and the resource, or with the abort signal's reason.
 */
export interface Ecs {
  /** Fails with `cluster-not-found`, also for a cluster that is being deleted. */
  describeCluster(cluster: string): Promise<Cluster>;
  /** Undefined where ECS knows no such task: never there, forgotten, or too new to be seen yet. */
  describeTask(cluster: string, task: string): Promise<Task | undefined>;
  /** Those of `tasks` that ECS knows, in any order and number. */
  describeTasks(cluster: string, tasks: readonly string[]): Promise<readonly Task[]>;
  /** ARNs of the tasks that are meant to run. */
  listTasks(cluster: string, filter: TaskFilter): Promise<readonly string[]>;
  /** Fails with `service-not-found`, also for a service that was deleted. */
  describeService(cluster: string, service: string): Promise<Service>;
  /** Fails with `task-definition-not-found`. */
  describeTaskDefinition(taskDefinition: string): Promise<TaskDefinition>;
  registerTaskDefinition(definition: RegistrableDefinition): Promise<TaskDefinition>;
  /** One that is inactive already is no failure. */
  deregisterTaskDefinition(arn: string): Promise<void>;
  /** Starts up to ten tasks. ECS's own refusals come back as values, since their words need the context. */
  runTask(request: RunTaskRequest): Promise<RunTaskAnswer>;
  /** `reason` becomes the task's stoppedReason. A task that is gone already is no failure. */
  stopTask(cluster: string, task: string, reason: string): Promise<void>;
  /** Not connected: the container's exec agent takes no session now, and may a moment later. */
  executeCommand(request: ExecuteCommandRequest): Promise<ExecuteCommandAnswer>;
}

export interface Cluster {
  readonly arn: string;
  readonly name: string;
  readonly status: string;
  readonly exec: ExecConfiguration;
}

/** How a cluster encrypts and logs its ECS Exec sessions. */
export interface ExecConfiguration {
  /** DEFAULT is the log configuration of each container, OVERRIDE the cluster's own, as below. */
  readonly logging: "NONE" | "DEFAULT" | "OVERRIDE";
  readonly kmsKeyId: string | undefined;
  readonly cloudWatchLogGroup: string | undefined;
  readonly cloudWatchEncryption: boolean;
  readonly s3Bucket: string | undefined;
  readonly s3Prefix: string | undefined;
  readonly s3Encryption: boolean;
}

/** ECS takes `startedBy` as the only filter. */
export type TaskFilter =
  | { readonly service: string }
  | { readonly startedBy: string }
  /** Of the task definition. */
  | { readonly family: string };

export interface Service {
  readonly arn: string;
  readonly name: string;
  readonly status: string;
  readonly desiredCount: number;
  readonly runningCount: number;
  readonly pendingCount: number;
  /** Like launch type, capacity providers, platform version and network that of its PRIMARY task set, where it has task sets. */
  readonly taskDefinitionArn: string;
  readonly enableExecuteCommand: boolean;
  /** FARGATE, EC2 or EXTERNAL; means nothing where there are capacity providers. */
  readonly launchType: string | undefined;
  readonly capacityProviders: readonly CapacityProvider[];
  readonly platformVersion: string | undefined;
  /** Without subnets where the service's tasks have no network of their own. */
  readonly network: Network;
  /** Newest first, ECS's own words. */
  readonly events: readonly string[];
}

/** A place that tasks run in: FARGATE and FARGATE_SPOT are AWS's own. */
export interface CapacityProvider {
  readonly name: string;
  /** Its share of the tasks, beside the others' weights. */
  readonly weight: number;
  /** As many tasks before the weights count. */
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
  /** Empty: launch type FARGATE. */
  readonly capacityProviders: readonly CapacityProvider[];
  readonly platformVersion: string | undefined;
  readonly enableExecuteCommand: true;
  readonly network: Network;
  /** As RunTask takes it. */
  readonly overrides: Readonly<Record<string, unknown>>;
  readonly startedBy: string;
  readonly clientToken: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly propagateTags: "TASK_DEFINITION" | undefined;
}

/** Of several tasks ECS may start some and refuse the rest. */
export interface RunTaskAnswer {
  readonly tasks: readonly Task[];
  /** E.g. `RESOURCE:ENI`, with a detail in words where ECS gives one. */
  readonly refusals: readonly { readonly reason: string; readonly detail: string | undefined }[];
}

export interface ExecuteCommandRequest {
  readonly cluster: string;
  readonly task: string;
  readonly container: string;
  readonly command: string;
}

/** A session that waits for its client. The token is secret, and good for a short while only. */
export interface SessionTicket {
  readonly sessionId: string;
  /** To be used byte for byte. */
  readonly streamUrl: string;
  readonly token: string;
}

export type ExecuteCommandAnswer =
  | { readonly session: SessionTicket }
  /** In AWS's own words; `throttled` when AWS took the call only after turning it away for its rate. */
  | { readonly notConnected: string; readonly throttled: boolean };
