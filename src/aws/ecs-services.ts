import * as sdk from "@aws-sdk/client-ecs";
import type {
  CapacityProvider,
  ConfiguredHook,
  Ecs,
  ExpressConfiguration,
  LaunchVolume,
  Network,
  Placement,
  Service,
} from "./ecs.ts";
import type { EcsRequester } from "./ecs-requester.ts";
import { serviceNotFound } from "./missing.ts";
import { requireMember } from "./required-member.ts";

/** The calls that describe a service. */
export function serviceCalls(ask: EcsRequester): Pick<Ecs, "describeService" | "describeExpressService"> {
  return {
    describeService: (cluster, service) => describeService(ask, cluster, service),
    describeExpressService: (serviceArn) => describeExpressService(ask, serviceArn),
  };
}

async function describeService(ask: EcsRequester, cluster: string, service: string): Promise<Service> {
  const names = { cluster, ecsService: service };
  const answer = await ask("DescribeServices", `service '${service}'`, names, (client, options) =>
    client.send(new sdk.DescribeServicesCommand({ cluster, services: [service] }), options),
  );
  const found = answer.services?.[0];
  if (found?.status === undefined || found.status === "INACTIVE") {
    const why = found?.status ?? answer.failures?.[0]?.reason ?? "MISSING";
    throw serviceNotFound(service, cluster, `ecs:DescribeServices says ${why}.`);
  }
  const tasks = primaryTaskSet(found) ?? withDeployment(found);
  return {
    arn: requireMember(found.serviceArn, "serviceArn"),
    isExpress: found.resourceManagementType === "ECS",
    name: requireMember(found.serviceName, "serviceName"),
    status: found.status,
    desiredCount: found.desiredCount ?? 0,
    runningCount: found.runningCount ?? 0,
    pendingCount: found.pendingCount ?? 0,
    taskDefinitionArn: tasks.taskDefinition,
    enableExecuteCommand: found.enableExecuteCommand ?? false,
    launchType: tasks.launchType,
    capacityProviders: providersFrom(tasks.capacityProviderStrategy),
    platformVersion: tasks.platformVersion,
    network: networkFrom(tasks.networkConfiguration?.awsvpcConfiguration),
    volumes: volumesFrom(primaryDeployment(found)?.volumeConfigurations),
    placement: placementFrom(found),
    pauseHooks: pauseHooksFrom(found.deploymentConfiguration),
    events: (found.events ?? []).flatMap(({ message }) => message ?? []),
  };
}

async function describeExpressService(
  ask: EcsRequester,
  serviceArn: string,
): Promise<ExpressConfiguration | undefined> {
  const answer = await ask(
    "DescribeExpressGatewayService",
    `service '${serviceArn}'`,
    {},
    (client, options) => client.send(new sdk.DescribeExpressGatewayServiceCommand({ serviceArn }), options),
  );
  // A deployment that shifts the traffic has the configurations of both revisions.
  const configurations = answer.service?.activeConfigurations ?? [];
  const [newest] = configurations.toSorted((a, b) => timeOf(b) - timeOf(a));
  if (newest === undefined) return undefined;
  const { subnets = [], securityGroups = [] } = newest.networkConfiguration ?? {};
  return {
    taskDefinitionArn: newest.taskDefinitionArn,
    network: { subnets, securityGroups },
    revisionArn: newest.serviceRevisionArn,
  };
}

function timeOf({ createdAt }: sdk.ExpressGatewayServiceConfiguration): number {
  return createdAt?.getTime() ?? 0;
}

/** What a service's new tasks are made from. */
type TaskSource = Pick<
  sdk.Service,
  "taskDefinition" | "launchType" | "capacityProviderStrategy" | "platformVersion" | "networkConfiguration"
>;

/**
 * What a service names itself, and else what its PRIMARY deployment names. An Express service names no task definition itself
 * (github.com/kayac/ecspresso/pull/902).
 */
function withDeployment(found: sdk.Service): TaskSource {
  const deployed = primaryDeployment(found);
  const isPlaced = found.launchType !== undefined || (found.capacityProviderStrategy ?? []).length > 0;
  const { launchType, capacityProviderStrategy } = isPlaced ? found : (deployed ?? {});
  return {
    taskDefinition: found.taskDefinition ?? deployed?.taskDefinition,
    launchType,
    capacityProviderStrategy,
    platformVersion: found.platformVersion ?? deployed?.platformVersion,
    networkConfiguration: found.networkConfiguration ?? deployed?.networkConfiguration,
  };
}

function primaryDeployment({ deployments = [] }: sdk.Service): sdk.Deployment | undefined {
  return deployments.find(({ status }) => status === "PRIMARY");
}

/**
 * The task set that defines the tasks of a service with an EXTERNAL or CODE_DEPLOY deployment controller. Such a
 * service has no `deployments`, and its other members are absent or still those of its creation.
 */
function primaryTaskSet({ taskSets = [], deploymentController }: sdk.Service): sdk.TaskSet | undefined {
  if ((deploymentController?.type ?? "ECS") === "ECS") return undefined;
  return taskSets.find(({ status }) => status === "PRIMARY");
}

/** The defaults are those of the API reference, "DeploymentLifecycleHookTimeoutConfiguration". */
export function pauseHooksFrom({
  lifecycleHooks = [],
}: Pick<sdk.DeploymentConfiguration, "lifecycleHooks"> = {}): readonly ConfiguredHook[] {
  return lifecycleHooks
    .filter(({ targetType }) => targetType === "PAUSE")
    .map(({ lifecycleStages = [], timeoutConfiguration: { timeoutInMinutes, action } = {} }) => ({
      stages: lifecycleStages,
      minutes: timeoutInMinutes ?? 1_440,
      timeoutAction: action ?? "ROLLBACK",
    }));
}

export function providersFrom(
  strategy: readonly sdk.CapacityProviderStrategyItem[] = [],
): readonly CapacityProvider[] {
  return strategy.map((item) => ({
    name: requireMember(item.capacityProvider, "capacityProvider"),
    weight: item.weight ?? 0,
    base: item.base ?? 0,
  }));
}

export function networkFrom(network: sdk.AwsVpcConfiguration | undefined): Network {
  const { subnets = [], securityGroups = [], assignPublicIp } = network ?? {};
  return {
    subnets,
    securityGroups,
    assignPublicIp: assignPublicIp === undefined ? undefined : assignPublicIp === "ENABLED",
  };
}

/** Constraints and strategy, which have the same shape in a service and in RunTask. */
function placementFrom({ placementConstraints = [], placementStrategy = [] }: sdk.Service): Placement {
  return {
    ...(placementConstraints.length > 0 && { placementConstraints }),
    ...(placementStrategy.length > 0 && { placementStrategy }),
  };
}

/** A service's volumes as RunTask takes them. A service can pass its own tags on to a volume, RunTask can't. */
export function volumesFrom(
  volumes: readonly sdk.ServiceVolumeConfiguration[] = [],
): readonly LaunchVolume[] {
  return volumes.map(({ name, managedEBSVolume: volume }) => ({
    name: requireMember(name, "name"),
    ...(volume && { managedEBSVolume: { ...volume, tagSpecifications: tagsFrom(volume) } }),
  }));
}

/** RunTask refuses `propagateTags: SERVICE`, since there is no service (API reference: RunTask). */
function tagsFrom({
  tagSpecifications,
}: sdk.ServiceManagedEBSVolumeConfiguration): sdk.EBSTagSpecification[] | undefined {
  const kept: sdk.EBSTagSpecification[] = [];
  for (const { propagateTags, ...specification } of tagSpecifications ?? [])
    if (propagateTags !== "SERVICE") kept.push({ ...specification, propagateTags });
    else if ((specification.tags ?? []).length > 0) kept.push(specification);
  return kept.length > 0 ? kept : undefined;
}
