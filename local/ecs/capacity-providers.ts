import type { Ecs } from "./ecs.ts";

interface CapacityProvidersRequest {
  readonly capacityProviders?: readonly string[];
}

const OF_FARGATE = ["FARGATE", "FARGATE_SPOT"];

/** Shows Fargate's capacity providers, which every account has, and those that moto has recorded. */
export async function describeCapacityProviders(
  { records, settings: { region, accountId } }: Ecs,
  request: CapacityProvidersRequest,
): Promise<object> {
  const named = request.capacityProviders ?? OF_FARGATE;
  const others = named.filter((name) => !OF_FARGATE.includes(name));
  const answer = await records.call("DescribeCapacityProviders", { ...request, capacityProviders: others });
  const { capacityProviders, ...more } = answer as { readonly capacityProviders: readonly object[] };
  const ofFargate = OF_FARGATE.filter((name) => named.includes(name)).map((name) => ({
    capacityProviderArn: `arn:aws:ecs:${region}:${accountId}:capacity-provider/${name}`,
    ...{ name, status: "ACTIVE", tags: [] },
  }));
  return { ...more, capacityProviders: [...ofFargate, ...capacityProviders] };
}
