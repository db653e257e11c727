import { ExecuteCommandCommand } from "@aws-sdk/client-ecs";
import type { SessionTicket } from "../../local/gateway/gateway.ts";
import type { Task } from "../../local/task/task.ts";
import { until } from "../helpers/until.ts";
import { Client } from "./agent/rig.ts";
import { waitForStatus, runTask, type World } from "./with-local.ts";

/** A task that takes sessions, on the seed's cluster unless another is named. */
export async function execTask(world: World, cluster = world.made.cluster): Promise<Task> {
  const task = await runTask(world, "exec sleep 600", { cluster, enableExecuteCommand: true });
  await waitForStatus(task, "RUNNING");
  await until(() => [...task.agents.values()].every(({ connected }) => connected !== undefined));
  return task;
}

export async function ticketOf(world: World, task: Task, command: string): Promise<SessionTicket> {
  const { session } = await world.ecs.send(
    new ExecuteCommandCommand({
      cluster: task.plan.cluster.clusterName,
      task: task.id,
      container: task.containers[0]?.definition.name,
      command,
      interactive: true,
    }),
  );
  const { sessionId = "", streamUrl = "", tokenValue = "" } = session ?? {};
  return { sessionId, streamUrl, tokenValue };
}

export async function sessionOf(
  world: World,
  task: Task,
  command: string,
): Promise<{ client: Client; sessionId: string }> {
  const ticket = await ticketOf(world, task, command);
  return { client: await Client.connect(ticket), sessionId: ticket.sessionId };
}
