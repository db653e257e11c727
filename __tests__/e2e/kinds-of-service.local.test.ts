import { CreateServiceCommand, RegisterTaskDefinitionCommand } from "@aws-sdk/client-ecs";
import { Aws, definition, withoutInit } from "../helpers/local.ts";
import { makeExpress } from "../helpers/service.ts";
import { itInSoak } from "../helpers/every-nth.ts";

let aws: Aws;

beforeAll(async () => {
  aws = await Aws.start();
});
afterAll(() => aws.stop());

const taskOf = (arn: string | undefined) => aws.world.local.tasks.find((task) => task.arn === arn);

it("a task like an Express service's starts from the definition and in the network of its deployment", async () => {
  const { local, made } = aws.world;
  await makeExpress(aws);
  const before = local.requests.length;
  const result = await aws.step({ service: "express", start: "true", run: "echo hello" });
  expect(result.outputs).toMatchObject({ outcome: "succeeded", stdout: "hello" });
  const plan = taskOf(result.outputs["task-arn"])?.plan;
  expect(plan?.network?.awsvpcConfiguration).toEqual({
    ...{ subnets: made.subnets, securityGroups: made.securityGroups, assignPublicIp: "ENABLED" },
  });
  const calls = local.requests.slice(before).map(({ operation }) => operation);
  expect(calls).not.toContain("DescribeExpressGatewayService");
});

itInSoak("a task like that of a service with a volume has such a volume, too", async () => {
  const { ecs, local, made } = aws.world;
  const volumes = [{ name: "data", configuredAtLaunch: true }];
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      ...definition("with-volume", [withoutInit], local.accountId),
      volumes,
    }),
  );
  await ecs.send(
    new CreateServiceCommand({
      ...{ cluster: made.cluster, serviceName: "volume", taskDefinition: "with-volume", desiredCount: 0 },
      ...{
        launchType: "FARGATE",
        networkConfiguration: { awsvpcConfiguration: { subnets: [...made.subnets] } },
      },
      volumeConfigurations: [
        {
          name: "data",
          managedEBSVolume: { sizeInGiB: 20, roleArn: `arn:aws:iam::${local.accountId}:role/ebs` },
        },
      ],
    }),
  );
  const result = await aws.step({ service: "volume", start: "true", run: "echo hello" });
  expect(result.outputs).toMatchObject({ outcome: "succeeded", stdout: "hello" });
});
