import { partitionOf } from "./partitions.ts";

/** The services that a step calls so rarely that it needs no client of the SDK for them. */
export type RareService = "ec2" | "ecr" | "iam" | "sts";

export interface EndpointChoice {
  /** `AWS_USE_FIPS_ENDPOINT`, or its line in the shared configuration. */
  readonly fips: boolean;
  /** `AWS_USE_DUALSTACK_ENDPOINT`, likewise. */
  readonly dualStack: boolean;
}

/**
 * The host of a service and the region for its signatures, by the endpoint rule sets that AWS publishes with its
 * SDKs. EC2, ECR and STS have an endpoint for each region, IAM one for each partition. GovCloud's plain endpoints are FIPS
 * endpoints.
 */
export function queryEndpoint(
  service: RareService,
  region: string,
  { fips, dualStack }: EndpointChoice,
): { readonly host: string; readonly region: string } {
  const { name, dnsSuffix, dualStackDnsSuffix, globalRegion } = partitionOf(region);
  const domain = dualStack ? dualStackDnsSuffix : dnsSuffix;
  const gov = name === "aws-us-gov";
  if (service === "ecr") {
    const label = fips ? "ecr-fips" : "ecr";
    return { host: `${dualStack ? label : `api.${label}`}.${region}.${domain}`, region };
  }
  if (service !== "iam") {
    const label = fips && !(gov && !dualStack) ? `${service}-fips` : service;
    return { host: `${label}.${region}.${domain}`, region };
  }
  const iam = fips && !gov ? "iam-fips" : "iam";
  switch (name) {
    case "aws":
      return { host: dualStack ? `${iam}.global.${domain}` : `${iam}.${domain}`, region: globalRegion };
    case "aws-cn":
      return { host: `${iam}.${dualStack ? "global" : "cn-north-1"}.${domain}`, region: "cn-north-1" };
    case "aws-us-gov":
      return { host: `${iam}.us-gov.${domain}`, region: globalRegion };
    default:
      return {
        host: dualStack ? `${iam}.${domain}` : `${iam}.${globalRegion}.${domain}`,
        region: globalRegion,
      };
  }
}
