import { queryEndpoint } from "../../src/aws/query-endpoint.ts";

const plain = { fips: false, dualStack: false };
const fips = { fips: true, dualStack: false };
const dualStack = { fips: false, dualStack: true };
const both = { fips: true, dualStack: true };

it.each([
  ["ec2", "eu-central-1", plain, "ec2.eu-central-1.amazonaws.com", "eu-central-1"],
  ["ec2", "us-east-1", fips, "ec2-fips.us-east-1.amazonaws.com", "us-east-1"],
  ["ec2", "us-east-1", dualStack, "ec2.us-east-1.api.aws", "us-east-1"],
  ["ec2", "us-east-1", both, "ec2-fips.us-east-1.api.aws", "us-east-1"],
  ["ec2", "us-gov-west-1", fips, "ec2.us-gov-west-1.amazonaws.com", "us-gov-west-1"],
  ["ec2", "cn-north-1", plain, "ec2.cn-north-1.amazonaws.com.cn", "cn-north-1"],
  ["ec2", "cn-north-1", dualStack, "ec2.cn-north-1.api.amazonwebservices.com.cn", "cn-north-1"],
  ["ecr", "eu-central-1", plain, "api.ecr.eu-central-1.amazonaws.com", "eu-central-1"],
  ["ecr", "us-east-1", fips, "api.ecr-fips.us-east-1.amazonaws.com", "us-east-1"],
  ["ecr", "us-gov-west-1", fips, "api.ecr-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"],
  ["ecr", "us-east-1", dualStack, "ecr.us-east-1.api.aws", "us-east-1"],
  ["ecr", "us-east-1", both, "ecr-fips.us-east-1.api.aws", "us-east-1"],
  ["ecr", "cn-north-1", plain, "api.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1"],
  ["sts", "eu-central-1", plain, "sts.eu-central-1.amazonaws.com", "eu-central-1"],
  ["sts", "us-east-1", fips, "sts-fips.us-east-1.amazonaws.com", "us-east-1"],
  ["sts", "us-gov-west-1", fips, "sts.us-gov-west-1.amazonaws.com", "us-gov-west-1"],
  ["sts", "cn-north-1", dualStack, "sts.cn-north-1.api.amazonwebservices.com.cn", "cn-north-1"],
  ["iam", "eu-central-1", plain, "iam.amazonaws.com", "us-east-1"],
  ["iam", "us-west-2", fips, "iam-fips.amazonaws.com", "us-east-1"],
  ["iam", "us-west-2", dualStack, "iam.global.api.aws", "us-east-1"],
  ["iam", "us-west-2", both, "iam-fips.global.api.aws", "us-east-1"],
  ["iam", "us-gov-east-1", plain, "iam.us-gov.amazonaws.com", "us-gov-west-1"],
  ["iam", "us-gov-east-1", fips, "iam.us-gov.amazonaws.com", "us-gov-west-1"],
  ["iam", "us-gov-east-1", dualStack, "iam.us-gov.api.aws", "us-gov-west-1"],
  ["iam", "cn-northwest-1", plain, "iam.cn-north-1.amazonaws.com.cn", "cn-north-1"],
  ["iam", "cn-northwest-1", dualStack, "iam.global.api.amazonwebservices.com.cn", "cn-north-1"],
  ["ec2", "eusc-de-east-1", plain, "ec2.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"],
  ["ec2", "eusc-de-east-1", dualStack, "ec2.eusc-de-east-1.api.amazonwebservices.eu", "eusc-de-east-1"],
  ["iam", "eusc-de-east-1", plain, "iam.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"],
  ["iam", "us-iso-west-1", plain, "iam.us-iso-east-1.c2s.ic.gov", "us-iso-east-1"],
  ["iam", "us-iso-west-1", fips, "iam-fips.us-iso-east-1.c2s.ic.gov", "us-iso-east-1"],
  ["iam", "us-isob-east-1", plain, "iam.us-isob-east-1.sc2s.sgov.gov", "us-isob-east-1"],
] as const)("%s in %s, %j, is at %s and signed for %s", (service, region, choice, host, signed) => {
  expect(queryEndpoint(service, region, choice)).toEqual({ host, region: signed });
});
