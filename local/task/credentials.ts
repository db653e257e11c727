import type { TemporaryKeys } from "../sts/keys.ts";
import type { Sts } from "../sts/sts.ts";
import type { Task } from "./task.ts";

/** Fargate's keys for a task are valid for six hours. */
const SESSION_SECONDS = 6 * 3_600;

/** The path of a task's role credentials. Like on Fargate, only the task knows it. */
export function credentialsPath(task: Task): string {
  return `/v2/credentials/${task.credentialsId}`;
}

/** New keys of the task role; undefined for a task without one. */
export async function roleKeys(
  { taskRoleArn, id }: Task,
  sts: Pick<Sts, "issue">,
): Promise<TemporaryKeys | undefined> {
  return taskRoleArn === undefined ? undefined : await sts.issue(taskRoleArn, id, SESSION_SECONDS);
}

/** New keys of the execution role; undefined for a task without one. */
export async function executionKeys(
  { executionRoleArn, id }: Task,
  sts: Pick<Sts, "issue">,
): Promise<TemporaryKeys | undefined> {
  return executionRoleArn === undefined ? undefined : await sts.issue(executionRoleArn, id, SESSION_SECONDS);
}

/** The answer of the credentials endpoint: the task role's credentials, from STS. Undefined for a path of no task. */
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
