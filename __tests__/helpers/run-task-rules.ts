/** What the API reference of RunTask and the developer guide say of its request, as far as it depends on the kind of service. */

export interface Definition {
  readonly networkMode: string;
  readonly requiresCompatibilities: readonly string[];
  readonly cpu?: string;
  readonly memory?: string;
  readonly volumes?: readonly { readonly name: string; readonly configuredAtLaunch?: boolean }[] | undefined;
  /** GPUs of its container. */
  readonly gpus?: number;
}

export interface RunTask {
  readonly taskDefinition: string;
  readonly count: number;
  readonly launchType?: string;
  readonly capacityProviderStrategy?: readonly { readonly capacityProvider: string }[];
  readonly platformVersion?: string;
  readonly overrides?: object;
  readonly networkConfiguration?: {
    readonly awsvpcConfiguration?: {
      readonly subnets: readonly string[];
      readonly securityGroups?: readonly string[];
      readonly assignPublicIp?: string;
    };
  };
  readonly placementConstraints?: readonly object[];
  readonly placementStrategy?: readonly object[];
  readonly volumeConfigurations?: readonly {
    readonly name: string;
    readonly managedEBSVolume?: {
      readonly tagSpecifications?: readonly { readonly propagateTags?: string }[];
    };
  }[];
}

/** Why RunTask refuses the request; undefined when it takes it. */
export function runTaskFault(run: RunTask, definition: Definition): string | undefined {
  return [placement, network, volumes]
    .map((rule) => rule(run, definition))
    .find((fault) => fault !== undefined);
}

function placement(run: RunTask, { requiresCompatibilities }: Definition): string | undefined {
  const { launchType, capacityProviderStrategy: strategy, platformVersion } = run;
  if (launchType !== undefined && strategy !== undefined) return "both a launch type and a strategy";
  if (strategy !== undefined && (strategy.length === 0 || strategy.length > 20))
    return "strategy: 1 to 20 providers";
  if (launchType === "MANAGED_INSTANCES") return "omit the launchType for managed instances";
  const ofFargate = strategy?.filter(({ capacityProvider }) =>
    /^FARGATE(_SPOT)?$/.test(capacityProvider),
  ).length;
  if (strategy !== undefined && ofFargate !== 0 && ofFargate !== strategy.length) return "a mix of providers";
  // Without either the cluster's default strategy counts. That of this cluster is one of managed instances.
  const isFargate = launchType === "FARGATE" || (strategy !== undefined && ofFargate === strategy.length);
  const { placementConstraints = [], placementStrategy = [] } = run;
  if (isFargate && placementConstraints.length + placementStrategy.length > 0)
    return "placement constraints and strategies are not supported on Fargate";
  if (placementConstraints.length > 10 || placementStrategy.length > 5) return "too many of them";
  if (isFargate && !requiresCompatibilities.includes("FARGATE"))
    return "does not support launch_type FARGATE";
  if (!isFargate && requiresCompatibilities.every((one) => one === "FARGATE"))
    return "supports FARGATE alone";
  return !isFargate && platformVersion !== undefined ? "a platform version is Fargate's" : undefined;
}

function network(run: RunTask, { networkMode }: Definition): string | undefined {
  const configured = run.networkConfiguration?.awsvpcConfiguration;
  if (networkMode !== "awsvpc") return configured && `no network in mode ${networkMode}`;
  if (configured === undefined)
    return "Network Configuration must be provided when networkMode 'awsvpc' is specified.";
  return configured.subnets.length === 0 ? "subnets can not be empty" : undefined;
}

function volumes({ volumeConfigurations = [] }: RunTask, definition: Definition): string | undefined {
  const atLaunch = (definition.volumes ?? []).filter(({ configuredAtLaunch }) => configuredAtLaunch === true);
  const stranger = volumeConfigurations.some(({ name }) => !atLaunch.some((one) => one.name === name));
  if (stranger) return "Volume configuration provided but no matching configuredAtLaunch volume found";
  const missing = atLaunch.some(({ name }) => !volumeConfigurations.some((one) => one.name === name));
  if (missing) return "a volume that is configured at launch has no configuration";
  const tags = volumeConfigurations.flatMap(
    ({ managedEBSVolume }) => managedEBSVolume?.tagSpecifications ?? [],
  );
  return tags.some(({ propagateTags }) => propagateTags === "SERVICE") ? "propagateTags: SERVICE" : undefined;
}
