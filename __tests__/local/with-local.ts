import { ECSClient, RunTaskCommand, type RunTaskCommandInput } from "@aws-sdk/client-ecs";
import type { LocalOptions } from "../../local/options.ts";
import type { Keys } from "../../local/keys.ts";
import { seed, type SeedNames } from "../../local/seed.ts";
import { startLocalFargate, type LocalFargate } from "../../local/start.ts";
import type { TaskStatus } from "../../local/task/lifecycle.ts";
import type { Task } from "../../local/task/task.ts";
import { until } from "../helpers/until.ts";

export interface World {
  readonly local: LocalFargate;
  readonly made: SeedNames;
  readonly ecs: ECSClient;
}

/** A seeded local Fargate and a client of it, for the tests of one file. */
export async function startWorld(options: LocalOptions = {}): Promise<World> {
  const local = await startLocalFargate({ stopTimeout: 500, ...options });
  return { local, made: await seed(local), ecs: new ECSClient(clientConfig(local)) };
}

/** The settings of a client with all rights, for setting things up and checking them. */
export function clientConfig(local: LocalFargate): {
  endpoint: string;
  region: string;
  credentials: Keys;
  maxAttempts: number;
} {
  return { endpoint: local.url, region: local.region, credentials: local.admin, maxAttempts: 1 };
}

/** Runs one task of the seed's definition, with `sleep 600` unless a script is given, and returns its record. */
export async function runTask(
  { local, made, ecs }: World,
  script = "exec sleep 600",
  more: Partial<RunTaskCommandInput> = {},
): Promise<Task> {
  const answer = await ecs.send(
    new RunTaskCommand({
      cluster: made.cluster,
      taskDefinition: made.taskDefinition,
      networkConfiguration: { awsvpcConfiguration: { subnets: [...made.subnets] } },
      overrides: { containerOverrides: [{ name: "app", command: ["/bin/sh", "-c", script] }] },
      ...more,
    }),
  );
  const arn = answer.tasks?.[0]?.taskArn;
  const task = local.tasks.find((one) => one.arn === arn);
  if (task === undefined) throw new Error("RunTask started nothing");
  return task;
}

export async function waitForStatus(task: Task, status: TaskStatus): Promise<void> {
  await until(() => task.history.includes(status));
}
