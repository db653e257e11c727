/** The members of ECS's shapes that the local Fargate reads, as they are on the wire: times are seconds since the epoch. */

export interface Tag {
  readonly key: string;
  readonly value: string;
}

export interface NameValue {
  readonly name: string;
  readonly value: string;
}

export interface HealthCheckDefinition {
  /** `CMD` and words, or `CMD-SHELL` and a line for the container's shell. */
  readonly command: readonly string[];
  /** Seconds. */
  readonly interval?: number;
  readonly timeout?: number;
  readonly retries?: number;
  readonly startPeriod?: number;
}

export interface ContainerDependency {
  readonly containerName: string;
  readonly condition: "START" | "COMPLETE" | "SUCCESS" | "HEALTHY";
}

export interface ContainerDefinition {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly entryPoint?: readonly string[];
  readonly environment?: readonly NameValue[];
  readonly essential?: boolean;
  readonly cpu?: number;
  readonly memory?: number;
  readonly memoryReservation?: number;
  readonly workingDirectory?: string;
  readonly user?: string;
  readonly stopTimeout?: number;
  readonly dependsOn?: readonly ContainerDependency[];
  readonly healthCheck?: HealthCheckDefinition;
  readonly linuxParameters?: { readonly initProcessEnabled?: boolean };
  readonly logConfiguration?: {
    readonly logDriver: string;
    readonly options?: Readonly<Record<string, string>>;
  };
}

export interface TaskDefinition {
  readonly taskDefinitionArn: string;
  readonly family: string;
  readonly revision: number;
  readonly status?: string;
  readonly containerDefinitions: readonly ContainerDefinition[];
  readonly networkMode?: string;
  readonly compatibilities?: readonly string[];
  readonly requiresCompatibilities?: readonly string[];
  readonly cpu?: string;
  readonly memory?: string;
  readonly taskRoleArn?: string;
  readonly executionRoleArn?: string;
  readonly ephemeralStorage?: { readonly sizeInGiB: number };
  readonly volumes?: readonly { readonly name: string; readonly configuredAtLaunch?: boolean }[];
}

export interface ContainerOverride {
  readonly name: string;
  readonly command?: readonly string[];
  readonly environment?: readonly NameValue[];
  readonly cpu?: number;
  readonly memory?: number;
}

export interface TaskOverride {
  readonly containerOverrides?: readonly ContainerOverride[];
  readonly cpu?: string;
  readonly memory?: string;
  readonly taskRoleArn?: string;
  readonly executionRoleArn?: string;
  readonly ephemeralStorage?: { readonly sizeInGiB: number };
}

export interface NetworkConfiguration {
  readonly awsvpcConfiguration?: {
    readonly subnets: readonly string[];
    readonly securityGroups?: readonly string[];
    readonly assignPublicIp?: "ENABLED" | "DISABLED";
  };
}

export interface CapacityProvider {
  readonly capacityProvider: string;
  readonly weight?: number;
  readonly base?: number;
}

/** The settings of a volume that a task definition leaves to the start of the task. */
export interface VolumeConfiguration {
  readonly name: string;
  readonly managedEBSVolume?: object;
}

export interface ExecuteCommandConfiguration {
  readonly kmsKeyId?: string;
  readonly logging?: "NONE" | "DEFAULT" | "OVERRIDE";
  readonly logConfiguration?: {
    readonly cloudWatchLogGroupName?: string;
    readonly cloudWatchEncryptionEnabled?: boolean;
    readonly s3BucketName?: string;
    readonly s3EncryptionEnabled?: boolean;
    readonly s3KeyPrefix?: string;
  };
}

export interface Cluster {
  readonly clusterArn: string;
  readonly clusterName: string;
  readonly status: string;
  readonly configuration?: { readonly executeCommandConfiguration?: ExecuteCommandConfiguration };
  /** moto gives null when there are none. */
  readonly capacityProviders?: readonly string[] | null;
}

/** A task set of a service with an EXTERNAL or CODE_DEPLOY deployment controller. */
export interface TaskSet extends Pick<
  Service,
  "taskDefinition" | "launchType" | "platformVersion" | "networkConfiguration"
> {
  readonly taskSetArn: string;
  readonly status: string;
  readonly capacityProviderStrategy?: readonly CapacityProvider[];
}

export interface Service {
  readonly serviceArn: string;
  readonly serviceName: string;
  readonly clusterArn: string;
  readonly status: string;
  readonly desiredCount: number;
  readonly taskDefinition: string;
  readonly launchType?: string;
  readonly platformVersion?: string;
  readonly networkConfiguration?: NetworkConfiguration;
  readonly deploymentController?: { readonly type: string };
  readonly taskSets?: readonly TaskSet[];
  readonly deployments?: readonly { readonly id: string; readonly status: string }[];
}
