import { readFileSync } from "node:fs";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { ECSClient } from "@aws-sdk/client-ecs";
import { KMSClient } from "@aws-sdk/client-kms";
import { S3Client } from "@aws-sdk/client-s3";
import { SSMClient } from "@aws-sdk/client-ssm";
import { partitionOf } from "../../src/aws/partitions.ts";
import { queryEndpoint } from "../../src/aws/query-endpoint.ts";
import { wrongStreamUrl } from "../../src/session/transport/stream-url.ts";

const BUCKET = "example-ci-staging";
const plain = { Bucket: BUCKET, UseFIPS: false, UseDualStack: false };

/** The host of a service by the SDK's endpoint data. This action calls EC2, ECR, IAM and STS without the SDK, by data of its own. */
const HOSTS: Readonly<Record<string, (region: string) => string>> = {
  ecs: (region) => new ECSClient({ region }).config.endpointProvider({ ...plain, Region: region }).url.host,
  ssm: (region) => new SSMClient({ region }).config.endpointProvider({ ...plain, Region: region }).url.host,
  kms: (region) => new KMSClient({ region }).config.endpointProvider({ ...plain, Region: region }).url.host,
  logs: (region) =>
    new CloudWatchLogsClient({ region }).config.endpointProvider({ ...plain, Region: region }).url.host,
  s3: (region) => new S3Client({ region }).config.endpointProvider({ ...plain, Region: region }).url.host,
  ...Object.fromEntries(
    (["ec2", "ecr", "iam", "sts"] as const).map((service) => [
      service,
      (region: string) => queryEndpoint(service, region, { fips: false, dualStack: false }).host,
    ]),
  ),
};

const [, table = ""] = readFileSync("docs/requirements.md", "utf8").split("\n## By partition\n");
const [header = [], , ...rows] = table
  .split("\n")
  .filter((line) => line.startsWith("|"))
  .map((line) => line.split("|").map((cell) => cell.trim().replaceAll("`", "")));
const partitions = header.slice(2, -1);
const cells = rows.flatMap(([, service = "", ...hosts]) =>
  partitions.map((partition, at) => ({ service, partition, host: hosts[at] ?? "" })),
);

const REGIONS = [
  ...["us-east-1", "eu-west-1", "eu-central-1", "ap-southeast-4", "me-central-1", "il-central-1"],
  ...["cn-north-1", "cn-northwest-1", "us-gov-east-1", "us-gov-west-1", "eusc-de-east-1"],
];

it.each(cells)("$service in $partition is at $host", ({ service, partition, host }) => {
  const regions = REGIONS.filter((region) => partitionOf(region).name === partition);
  expect(regions.length).toBeGreaterThan(0);
  for (const region of regions) {
    const named = host.replace("<region>", region).replace("<bucket>", BUCKET);
    // ECS names the gateway in its answer; this action accepts AWS's own name.
    if (service === "ssmmessages") expect(wrongStreamUrl(`wss://${named}/x`, region, [])).toBeUndefined();
    else expect(HOSTS[service]?.(region)).toBe(named);
  }
});

it("the table has every service that the sources name", () => {
  expect([...new Set(cells.map(({ service }) => service))].sort()).toEqual(
    [...Object.keys(HOSTS), "ssmmessages"].sort(),
  );
  expect(partitions).toEqual(["aws", "aws-cn", "aws-us-gov", "aws-eusc"]);
});
