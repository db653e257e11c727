import { awsDomain } from "./failures.ts";

export interface EndpointChoice {
  /** `AWS_USE_FIPS_ENDPOINT`, or its line in the shared configuration. */
  readonly fips: boolean;
  /** `AWS_USE_DUALSTACK_ENDPOINT`, likewise. */
  readonly dualStack: boolean;
}

/**
 * Where the two services are and which region signs for them, by the endpoint rule sets that AWS publishes with its
 * SDKs. EC2 is regional; IAM has one endpoint a partition, whose region signs. GovCloud's plain endpoints are FIPS.
 */
export function queryEndpoint(
  service: "ec2" | "iam",
  region: string,
  { fips, dualStack }: EndpointChoice,
): { readonly host: string; readonly region: string } {
  const china = region.startsWith("cn-");
  const gov = region.startsWith("us-gov-");
  const name = fips && !(gov && !dualStack) ? `${service}-fips` : service;
  const domain = dualStack ? (china ? "api.amazonwebservices.com.cn" : "api.aws") : awsDomain(region);
  if (service === "ec2") return { host: `${name}.${region}.${domain}`, region };
  if (gov) return { host: `iam.us-gov.${domain}`, region: "us-gov-west-1" };
  if (china)
    return { host: dualStack ? `iam.global.${domain}` : `iam.cn-north-1.${domain}`, region: "cn-north-1" };
  return { host: dualStack ? `${name}.global.${domain}` : `${name}.${domain}`, region: "us-east-1" };
}
