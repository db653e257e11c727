import { callQueryApi, textsOf } from "../query-api.ts";
import type { Task } from "./task.ts";

/** Where a task finds its role's credentials; secret from other tasks, as the real path is. */
export function credentialsPath(task: Task): string {
  return `/v2/credentials/${task.attachmentId}`;
}

/** The task role's credentials for a path, from STS; undefined when no task has that path. */
export async function credentials(
  tasks: Iterable<Task>,
  path: string,
  sts: { endpoint: string; region: string },
): Promise<object | undefined> {
  for (const task of tasks) {
    const { taskRoleArn } = task;
    if (taskRoleArn === undefined || credentialsPath(task) !== path) continue;
    const xml = await callQueryApi(sts.endpoint, sts.region, "sts", {
      Action: "AssumeRole",
      Version: "2011-06-15",
      RoleArn: taskRoleArn,
      RoleSessionName: task.id,
    });
    const [AccessKeyId] = textsOf(xml, "AccessKeyId");
    const [SecretAccessKey] = textsOf(xml, "SecretAccessKey");
    const [Token] = textsOf(xml, "SessionToken");
    const Expiration = new Date(Date.now() + 6 * 3_600_000).toISOString();
    return { RoleArn: taskRoleArn, AccessKeyId, SecretAccessKey, Token, Expiration };
  }
  return undefined;
}
