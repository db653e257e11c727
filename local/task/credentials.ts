import type { TemporaryKeys } from "../sts/keys.ts";
import type { Sts } from "../sts/sts.ts";
import type { Task } from "./task.ts";

/** Those of a task are good for six hours. */
const SESSION_SECONDS = 6 * 3_600;

/** Where a task finds its role's credentials; secret from other tasks, as the real path is. */
export function credentialsPath(task: Task): string {
  return `/v2/credentials/${task.attachmentId}`;
}

/** New keys of a task's role; undefined where it has none. */
export async function roleKeys(
  { taskRoleArn, id }: Task,
  sts: Pick<Sts, "issue">,
): Promise<TemporaryKeys | undefined> {
  return taskRoleArn === undefined ? undefined : await sts.issue(taskRoleArn, id, SESSION_SECONDS);
}

/** New keys of the role by which Fargate itself acts for a task; undefined where it has none. */
export async function executionKeys(
  { executionRoleArn, id }: Task,
  sts: Pick<Sts, "issue">,
): Promise<TemporaryKeys | undefined> {
  return executionRoleArn === undefined ? undefined : await sts.issue(executionRoleArn, id, SESSION_SECONDS);
}

/** The task role's credentials for a path, from STS; undefined when no task has that path. */
export async function credentials(
  tasks: Iterable<Task>,
  path: string,
  sts: Pick<Sts, "issue">,
): Promise<object | undefined> {
  for (const task of tasks) {
    if (credentialsPath(task) !== path) continue;
    const keys = await roleKeys(task, sts);
    if (keys === undefined) continue;
    return {
      RoleArn: keys.roleArn,
      AccessKeyId: keys.accessKeyId,
      SecretAccessKey: keys.secretAccessKey,
      Token: keys.sessionToken,
      Expiration: new Date(keys.expiration).toISOString(),
    };
  }
  return undefined;
}
