import { UpdateServiceCommand } from "@aws-sdk/client-ecs";
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
