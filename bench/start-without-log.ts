import {
  DescribeTaskDefinitionCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
} from "@aws-sdk/client-ecs";
import type { SeedNames } from "../local/seed.ts";
import type { LocalFargate } from "../local/start.ts";

/** Starts a task of the seed's definition without a log configuration, so that neither its container nor its sessions are logged. */
export async function startWithoutLog(
  local: Pick<LocalFargate, "url" | "region" | "admin">,
  { cluster, taskDefinition, subnets }: SeedNames,
): Promise<void> {
  const ecs = new ECSClient({ endpoint: local.url, region: local.region, credentials: local.admin });
  const { taskDefinition: { containerDefinitions = [], ...known } = {} } = await ecs.send(
    new DescribeTaskDefinitionCommand({ taskDefinition }),
  );
  const { taskRoleArn, cpu, memory, networkMode } = known;
  const family = `${taskDefinition}-unlogged`;
  await ecs.send(
    new RegisterTaskDefinitionCommand({
      ...{ family, taskRoleArn, cpu, memory, networkMode, requiresCompatibilities: ["FARGATE"] },
      containerDefinitions: containerDefinitions.map((each) => ({ ...each, logConfiguration: undefined })),
    }),
  );
  const networkConfiguration = { awsvpcConfiguration: { subnets: [...subnets] } };
  const running = { enableExecuteCommand: true, launchType: "FARGATE", networkConfiguration } as const;
  await ecs.send(new RunTaskCommand({ cluster, taskDefinition: family, ...running }));
}
