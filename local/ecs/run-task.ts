import { AwsError } from "../aws-error.ts";
import { requireCluster, type Ecs } from "./ecs.ts";
import { invalidParameter, noTaskRole } from "./errors.ts";
import type {
  CapacityProvider,
  Cluster,
  NetworkConfiguration,
  Tag,
  TaskDefinition,
  TaskOverride,
  VolumeConfiguration,
} from "../ecs-shapes.ts";
import { launchTypeOf } from "../task/placement.ts";
import { taskView } from "./task-view.ts";

export interface RunTaskRequest {
  readonly cluster?: string;
  readonly taskDefinition: string;
  readonly count?: number;
  readonly launchType?: string;
  readonly capacityProviderStrategy?: readonly CapacityProvider[];
  readonly platformVersion?: string;
  readonly networkConfiguration?: NetworkConfiguration;
  readonly overrides?: TaskOverride;
  readonly enableExecuteCommand?: boolean;
  readonly group?: string;
  readonly startedBy?: string;
  readonly volumeConfigurations?: readonly VolumeConfiguration[];
  readonly tags?: readonly Tag[];
  readonly propagateTags?: "TASK_DEFINITION" | "SERVICE" | "NONE";
  readonly clientToken?: string;
}

/** Fargate's limit for the overrides of one call, in characters of JSON. */
const longestOverrides = 8192;

export async function runTask(ecs: Ecs, request: RunTaskRequest): Promise<object> {
  const cluster = await requireCluster(ecs, request.cluster);
  const repeated = repetition(ecs, request);
  if (repeated !== undefined) return answer(ecs, repeated);

  const definition = await ecs.records.taskDefinition(request.taskDefinition);
  checkProviders(request, cluster);
  check(request, definition);
  const { overrides = {}, count = 1, enableExecuteCommand = false } = request;
  if (enableExecuteCommand && (overrides.taskRoleArn ?? definition.taskRoleArn) === undefined)
    throw noTaskRole();

  if (!ecs.mayLaunch(count)) throw new AwsError("ThrottlingException", "Rate exceeded");

  const capacityProvider = request.capacityProviderStrategy?.[0];
  const placement = { launchType: request.launchType, capacityProvider };
  const fitting = Math.min(count, mostOf(ecs, placement, Number(overrides.cpu ?? definition.cpu ?? 0)));
  const arns = Array.from({ length: fitting }, () => {
    const task = ecs.launch({
      cluster,
      definition,
      overrides,
      capacityProvider,
      launchType: request.launchType,
      platformVersion: platformVersion(request.platformVersion),
      network: request.networkConfiguration,
      group: request.group ?? `family:${definition.family}`,
      startedBy: request.startedBy,
      tags: request.tags ?? [],
      enableExecuteCommand,
    });
    return task.arn;
  });
  if (request.clientToken !== undefined) {
    ecs.tokens.set(request.clientToken, { request: JSON.stringify(request), arns });
  }
  return answer(ecs, arns, fitting < count ? [{ reason: NO_VCPUS }] : []);
}

/** ECS's words in `failures` (users' reports; the guide's page on service event messages has the same). */
const NO_VCPUS =
  "You’ve reached the limit on the number of vCPUs you can run concurrently. For more information, see the Troubleshooting section of the " +
  "Amazon ECS Developer Guide.";

/** How many more tasks of this many CPU units the account may run on Fargate. A task counts until it is STOPPED. */
function mostOf(
  { settings, tasks }: Ecs,
  placement: Parameters<typeof launchTypeOf>[0],
  units: number,
): number {
  if (launchTypeOf(placement) !== "FARGATE" || units === 0) return Infinity;
  const running = [...tasks.values()].filter(
    ({ plan, lastStatus }) => lastStatus !== "STOPPED" && launchTypeOf(plan) === "FARGATE",
  );
  const held = running.reduce(
    (sum, { plan }) => sum + Number(plan.overrides.cpu ?? plan.definition.cpu ?? 0),
    0,
  );
  return Math.max(0, Math.floor((settings.vcpus * 1024 - held) / units));
}

/** The version that a task gets: `LATEST` is resolved when the task starts. */
export function platformVersion(asked: string | undefined): string {
  return asked === undefined || asked === "LATEST" ? "1.4.0" : asked;
}

function answer(ecs: Ecs, arns: readonly string[], failures: readonly object[] = []): object {
  const tasks = arns.map((arn) => ecs.tasks.get(arn)).filter((task) => task !== undefined);
  return { tasks: tasks.map((task) => taskView(task, { tags: true })), failures };
}

/** The tasks of an earlier call with the same client token; undefined without one. Throws when the earlier request differs. */
function repetition(ecs: Ecs, request: RunTaskRequest): readonly string[] | undefined {
  const before = request.clientToken === undefined ? undefined : ecs.tokens.get(request.clientToken);
  if (before === undefined) return undefined;
  if (before.request === JSON.stringify(request)) return before.arns;
  throw new AwsError(
    "ConflictException",
    "The specified clientToken is already in use by another request.",
    400,
    {
      resourceIds: before.arns,
    },
  );
}

function checkProviders(
  { capacityProviderStrategy = [] }: RunTaskRequest,
  { capacityProviders }: Cluster,
): void {
  const known = capacityProviders ?? [];
  if (capacityProviderStrategy.every(({ capacityProvider }) => known.includes(capacityProvider))) return;
  throw invalidParameter(
    "The specified capacity provider strategy cannot contain a capacity provider that is not associated with the " +
      "cluster. Associate the capacity provider with the cluster or specify a valid capacity provider and try again.",
  );
}

function check(request: RunTaskRequest, definition: TaskDefinition): void {
  const { count = 1, overrides, startedBy = "" } = request;
  if (count < 1 || count > 10) throw invalidParameter("count should be between 1 and 10");
  if (startedBy.length > 128) throw invalidParameter("startedBy length should be less than or equal to 128");
  if (request.launchType !== undefined && request.capacityProviderStrategy !== undefined) {
    throw invalidParameter(
      "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.",
    );
  }
  if (
    definition.networkMode === "awsvpc" &&
    request.networkConfiguration?.awsvpcConfiguration === undefined
  ) {
    throw invalidParameter("Network Configuration must be provided when networkMode 'awsvpc' is specified.");
  }
  if (request.launchType === "FARGATE" && !(definition.compatibilities ?? []).includes("FARGATE")) {
    throw invalidParameter("Task definition does not support launch_type FARGATE.");
  }
  if (overrides !== undefined && JSON.stringify(overrides).length > longestOverrides) {
    throw invalidParameter(`Container Overrides length must be at most ${longestOverrides}`);
  }
  checkVolumes(request, definition);
  const names = definition.containerDefinitions.map(({ name }) => name);
  const stranger = overrides?.containerOverrides?.find(({ name }) => !names.includes(name));
  if (stranger !== undefined) {
    throw invalidParameter(
      `Override for container named ${stranger.name} is not a container in the TaskDefinition.`,
    );
  }
}

/** The first text is ECS's, from reports of users; that for a missing configuration is not known. */
function checkVolumes({ volumeConfigurations = [] }: RunTaskRequest, { volumes = [] }: TaskDefinition): void {
  const atLaunch = volumes.filter(({ configuredAtLaunch }) => configuredAtLaunch === true);
  if (volumeConfigurations.some(({ name }) => !atLaunch.some((volume) => volume.name === name)))
    throw invalidParameter("Volume configuration provided but no matching configuredAtLaunch volume found.");
  const missing = atLaunch.find(({ name }) => !volumeConfigurations.some((volume) => volume.name === name));
  if (missing !== undefined)
    throw invalidParameter(
      `No volume configuration provided for the configuredAtLaunch volume ${missing.name}.`,
    );
}
