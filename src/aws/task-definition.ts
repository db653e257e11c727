import type {
  ContainerDefinition as SdkContainer,
  Tag,
  TaskDefinition as SdkDefinition,
} from "@aws-sdk/client-ecs";
import { knownMembers } from "./members.ts";
import { requireMember } from "./required-member.ts";

/** The members of a task definition that decide how and where the job can run. */
export interface TaskDefinition extends DefinitionContent {
  readonly arn: string;
  readonly family: string;
  /** False for a deregistered definition, which can still be described but starts no task. */
  readonly active: boolean;
  /** Milliseconds since the epoch. */
  readonly registeredAt: number | undefined;
  /** The paths of members in ECS's answer that this SDK does not know. No other member of this value has them. */
  readonly unread: readonly string[];
}

/** What RegisterTaskDefinition has answered. */
export interface RegisteredDefinition extends TaskDefinition {
  /** The call was made more than once. It has no client token, so a call whose answer was lost has registered a revision, too. */
  readonly repeated?: true;
}

/** A task definition, also one that is not registered yet. */
export interface DefinitionContent {
  /** A file may lack it. ECS then refuses the definition. */
  readonly family: string | undefined;
  readonly networkMode: string | undefined;
  readonly taskRoleArn: string | undefined;
  readonly executionRoleArn: string | undefined;
  readonly pidMode: string | undefined;
  /** The id of the run of this action that registered it; undefined for any other definition. */
  readonly registeredBy: string | undefined;
  /** LINUX or WINDOWS_SERVER_…; undefined when the definition does not say, which means Linux. */
  readonly operatingSystem: string | undefined;
  /** X86_64 or ARM64; undefined when the definition does not say, which means X86_64. */
  readonly architecture: string | undefined;
  /** In the order of the definition. */
  readonly containers: readonly ContainerDefinition[];
  /** Every member that RegisterTaskDefinition takes and this SDK knows, as ECS returns it; without tags. */
  readonly registrable: RegistrableDefinition;
  /** Without AWS's own tags, which begin with `aws:`. */
  readonly tags: Readonly<Record<string, string>>;
}

/** A task definition as RegisterTaskDefinition takes it. */
export type RegistrableDefinition = Readonly<Record<string, unknown>>;

export interface ContainerDefinition {
  readonly name: string;
  readonly image: string | undefined;
  readonly essential: boolean;
  /** Empty when the image's ENTRYPOINT applies. */
  readonly entryPoint: readonly string[];
  readonly readonlyRootFilesystem: boolean;
  readonly initProcessEnabled: boolean;
  /** Names only, because values may be secret. */
  readonly environmentNames: readonly string[];
  /** The values of NO_PROXY and no_proxy, which are not secret, when the definition has them in plain text. */
  readonly noProxy: Readonly<Record<string, string>>;
  /** The paths at which the container has a writable volume. */
  readonly writableMounts: readonly string[];
  /** The containers that this one waits for before it starts, each with START, COMPLETE, SUCCESS or HEALTHY. */
  readonly waitsFor: readonly { readonly container: string; readonly condition: string }[];
  readonly hasHealthCheck: boolean;
  /** The container's own log, when that is in CloudWatch. */
  readonly awslogs: AwsLogs | undefined;
}

/** A Docker label of the first container. A tag would need a right of its own. */
export const RUN_LABEL = "fargate-exec.run";

/** The definition with the run's id in its label, by which the run finds it again. */
export function labelWithRun(definition: RegistrableDefinition, run: string): RegistrableDefinition {
  const [first, ...others] = definition["containerDefinitions"] as readonly SdkContainer[];
  if (first === undefined) return definition;
  const labels = { ...first.dockerLabels, [RUN_LABEL]: run };
  return { ...definition, containerDefinitions: [{ ...first, dockerLabels: labels }, ...others] };
}

export interface AwsLogs {
  readonly group: string;
  readonly region: string | undefined;
  readonly streamPrefix: string | undefined;
  /** Whether the log driver makes a group that is missing. */
  readonly createsGroup: boolean;
}

export function taskDefinitionFrom(
  definition: SdkDefinition,
  tags: readonly Tag[] = [],
  unread: readonly string[] = [],
): TaskDefinition {
  return {
    ...contentOf(definition, tags),
    arn: requireMember(definition.taskDefinitionArn, "taskDefinitionArn"),
    family: requireMember(definition.family, "family"),
    active: definition.status === undefined || definition.status === "ACTIVE",
    registeredAt: definition.registeredAt?.getTime(),
    unread,
  };
}

export function contentOf(definition: SdkDefinition, tags: readonly Tag[] = []): DefinitionContent {
  const own = tags.flatMap(({ key, value = "" }) =>
    key === undefined || /^aws:/i.test(key) ? [] : [[key, value] as const],
  );
  return {
    family: definition.family,
    networkMode: definition.networkMode,
    taskRoleArn: definition.taskRoleArn,
    executionRoleArn: definition.executionRoleArn,
    pidMode: definition.pidMode,
    registeredBy: definition.containerDefinitions?.[0]?.dockerLabels?.[RUN_LABEL],
    operatingSystem: definition.runtimePlatform?.operatingSystemFamily,
    architecture: definition.runtimePlatform?.cpuArchitecture,
    containers: definition.containerDefinitions?.map(containerFrom) ?? [],
    registrable: knownMembers("RegisterTaskDefinition", definition),
    tags: Object.fromEntries(own),
  };
}

/** The variables that name the hosts to reach without a proxy, in the order in which the exec agent reads them (Go's net/http). */
export const NO_PROXY_NAMES: readonly string[] = ["NO_PROXY", "no_proxy"];

/** Those of `variables` that have one of these names. */
export function noProxyIn(
  variables: readonly (readonly [string, string])[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(variables.filter(([name]) => NO_PROXY_NAMES.includes(name)));
}

function containerFrom(container: SdkContainer): ContainerDefinition {
  const environment = [...(container.environment ?? []), ...(container.secrets ?? [])];
  return {
    name: container.name ?? "without a name",
    image: container.image,
    // ECS's default.
    essential: container.essential ?? true,
    entryPoint: container.entryPoint ?? [],
    readonlyRootFilesystem: container.readonlyRootFilesystem ?? false,
    initProcessEnabled: container.linuxParameters?.initProcessEnabled ?? false,
    environmentNames: environment.flatMap(({ name }) => name ?? []),
    noProxy: noProxyIn(
      (container.environment ?? []).map(({ name = "", value = "" }) => [name, value] as const),
    ),
    writableMounts: (container.mountPoints ?? []).flatMap(({ containerPath, readOnly }) =>
      containerPath === undefined || readOnly ? [] : containerPath,
    ),
    waitsFor: (container.dependsOn ?? []).flatMap(({ containerName, condition }) =>
      containerName === undefined || condition === undefined ? [] : { container: containerName, condition },
    ),
    hasHealthCheck: container.healthCheck !== undefined,
    awslogs: awslogsFrom(container),
  };
}

function awslogsFrom({ logConfiguration }: SdkContainer): AwsLogs | undefined {
  const options = logConfiguration?.options;
  const group = options?.["awslogs-group"];
  if (logConfiguration?.logDriver !== "awslogs" || group === undefined) return undefined;
  return {
    group,
    region: options?.["awslogs-region"],
    streamPrefix: options?.["awslogs-stream-prefix"],
    createsGroup: options?.["awslogs-create-group"] === "true",
  };
}
