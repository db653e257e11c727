import { CreateExpressGatewayServiceCommand, UpdateServiceCommand } from "@aws-sdk/client-ecs";
import type { Task } from "../../local/task/task.ts";
import type { Aws } from "./local.ts";
import { eventually } from "./until.ts";

/** The tasks of the seed's service, those that have stopped included. */
export function serviceTasks({ world: { local, made } }: Aws): readonly Task[] {
  return local.tasks.filter(({ plan }) => plan.group === `service:${made.service}`);
}

/** Sets the desired count of the seed's service. Resolves once that many of its tasks take sessions. */
export async function scaleService(aws: Aws, desiredCount: number): Promise<void> {
  const { ecs, made } = aws.world;
  await ecs.send(new UpdateServiceCommand({ cluster: made.cluster, service: made.service, desiredCount }));
  const isReady = ({ lastStatus, agents }: Task): boolean =>
    lastStatus === "RUNNING" && [...agents.values()].every(({ connected }) => connected);
  await eventually(() => serviceTasks(aws).filter(isReady).length, desiredCount);
}

/** Makes an Express service. Its definition is in the family `demo-express`. */
export async function makeExpress({ world: { ecs, local, made } }: Aws): Promise<void> {
  const role = (name: string): string => `arn:aws:iam::${local.accountId}:role/${name}`;
  await ecs.send(
    new CreateExpressGatewayServiceCommand({
      ...{ cluster: made.cluster, serviceName: "express", primaryContainer: { image: "example/app:1" } },
      ...{ executionRoleArn: role("demo-execution"), taskRoleArn: role("demo-task") },
      infrastructureRoleArn: role("demo-infrastructure"),
      networkConfiguration: { subnets: [...made.subnets], securityGroups: [...made.securityGroups] },
    }),
  );
}
