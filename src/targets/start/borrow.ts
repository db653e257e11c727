import type { Ecs, LaunchVolume, Placement, Service } from "../../aws/ecs.ts";
import { type Failure, isDenied } from "../../errors.ts";
import { badInput } from "../../inputs/refusals.ts";
import type { DefinitionReference, NewTaskSource, StartInputs } from "../../inputs/inputs.ts";
import type { Log } from "../../log.ts";
import { type Capacity, isOnFargate } from "./capacity.ts";

/** How a new task is started, and what it runs on. */
export interface LaunchInputs extends StartInputs, Capacity {
  /** The volumes of the service; those that the task definition has are the task's, too. */
  readonly volumes: readonly LaunchVolume[];
  /** That of the service. Undefined leaves it to ECS. */
  readonly platformVersion: string | undefined;
  /** That of the service, for a task that runs on the service's instances. */
  readonly placement: Placement;
}

/**
 * Completes the inputs of a new task by the service's network, platform version, volumes, placement, and capacity providers or launch type.
 * What the inputs set stays. The definition that is made for an image alone is for Fargate unless the inputs name capacity providers of
 * instances, so its task takes no capacity of a service that runs elsewhere. Without a service the task runs on Fargate, or on the
 * capacity providers of the inputs.
 */
export function borrow(
  start: StartInputs,
  service: Service | undefined,
  source: NewTaskSource,
): LaunchInputs {
  if (service === undefined)
    return { ...start, launchType: "FARGATE", platformVersion: undefined, volumes: [], placement: {} };
  const { network, platformVersion, volumes } = service;
  const own = { capacityProviders: service.capacityProviders, launchType: service.launchType ?? "FARGATE" };
  const capacity = capacityOf(start, own, source);
  // A platform version and a public address are Fargate's alone.
  const leavesFargate = isOnFargate(own) && !isOnFargate(capacity);
  return {
    ...start,
    ...capacity,
    subnets: start.subnets.length > 0 ? start.subnets : network.subnets,
    securityGroups: start.securityGroups.length > 0 ? start.securityGroups : network.securityGroups,
    assignPublicIp: start.assignPublicIp ?? (leavesFargate ? undefined : network.assignPublicIp),
    platformVersion: leavesFargate ? undefined : platformVersion,
    volumes,
    // Constraints speak of the service's own instances.
    placement: capacity === own ? service.placement : {},
  };
}

function capacityOf({ capacityProviders }: StartInputs, own: Capacity, source: NewTaskSource): Capacity {
  if (capacityProviders.length > 0) return { ...own, capacityProviders };
  return source.kind === "image" && !isOnFargate(own)
    ? { capacityProviders: [], launchType: "FARGATE" }
    : own;
}

/**
 * The task definition by the name that ECS knows, or by its path when it is a file. Fails with
 * `bad-input` when it is the service's own definition and the service has none.
 */
export function nameDefinition(source: DefinitionReference, service: Service | undefined): string {
  if (source.kind === "task-definition") return source.taskDefinition;
  if (service === undefined)
    throw new Error("a service's own task definition is asked for without a service");
  if (service.taskDefinitionArn === undefined) throw noDefinition(service);
  return service.taskDefinitionArn;
}

/**
 * The service, with what an Express service does not tell by DescribeServices: its task definition and its network are then those of its
 * own call, and whether its tasks have public addresses is what its revision says. `given`: the input `assign-public-ip`. Each call that is
 * not needed is not made, since it needs a right of its own.
 */
export async function completeExpress(
  service: Service,
  given: StartInputs["assignPublicIp"],
  { ecs, log }: ExpressContext,
): Promise<Service> {
  const { network, taskDefinitionArn } = service;
  const isWhole = taskDefinitionArn !== undefined && network.subnets.length > 0;
  if (!service.isExpress || isWhole) return service;
  const own = await ecs.describeExpressService(service.arn);
  if (own === undefined) return service;
  const hasNetwork = network.subnets.length > 0;
  const assignPublicIp =
    hasNetwork || given !== undefined
      ? network.assignPublicIp
      : await hasPublicAddresses(service, own.revisionArn, { ecs, log });
  return {
    ...service,
    taskDefinitionArn: taskDefinitionArn ?? own.taskDefinitionArn,
    network: hasNetwork ? network : { ...own.network, assignPublicIp },
  };
}

interface ExpressContext {
  readonly ecs: Pick<Ecs, "describeExpressService" | "describeServiceRevision">;
  readonly log: Pick<Log, "info">;
}

/** Whether the service's tasks have public addresses; undefined when its revision does not say so, which the log tells. */
async function hasPublicAddresses(
  { name }: Service,
  revisionArn: string | undefined,
  { ecs, log }: ExpressContext,
): Promise<boolean | undefined> {
  let why = "Its revision does not say so.";
  try {
    const revision = revisionArn === undefined ? undefined : await ecs.describeServiceRevision(revisionArn);
    if (revision?.network.assignPublicIp !== undefined) return revision.network.assignPublicIp;
  } catch (error) {
    if (!isDenied(error)) throw error;
    why = error.failed;
  }
  log.info(
    `Whether the tasks of the Express service '${name}' have public addresses is not known, so the new task gets none; the input 'assign-public-ip' decides it. ${why}`,
  );
  return undefined;
}

function noDefinition({ name, isExpress }: Service): Failure {
  return badInput(
    "service",
    "a service whose task definition a new task can take",
    isExpress
      ? `'${name}', an Express service for which neither its primary deployment nor ecs:DescribeExpressGatewayService names one`
      : `'${name}', for which ECS names none: it has no PRIMARY task set and no primary deployment`,
    "Wait for its deployment, or set the input 'task-definition'.",
  );
}
