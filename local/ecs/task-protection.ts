import { clusterName, findTask, requireCluster, type Ecs } from "./ecs.ts";
import { invalidParameter } from "./errors.ts";
import type { Services } from "./services.ts";
import type { Task } from "../task/task.ts";

export interface ProtectionRequest {
  readonly cluster?: string;
  readonly tasks?: readonly string[];
  readonly protectionEnabled?: boolean;
  readonly expiresInMinutes?: number;
}

/** The minutes when a request gives none (API reference, UpdateTaskProtection). */
const DEFAULT_MINUTES = 120;
const MOST_MINUTES = 2_880;
const MOST_TASKS = 10;

/** GetTaskProtection and UpdateTaskProtection. */
export async function taskProtection(
  ecs: Ecs,
  services: Services,
  operation: string,
  request: ProtectionRequest,
): Promise<object> {
  await requireCluster(ecs, request.cluster);
  const { tasks: references = [], expiresInMinutes = DEFAULT_MINUTES } = request;
  const isUpdate = operation === "UpdateTaskProtection";
  if (references.length > MOST_TASKS) throw invalidParameter(`Tasks cannot be more than ${MOST_TASKS}.`);
  // AWS's own words for this error are not known.
  if (expiresInMinutes < 1 || expiresInMinutes > MOST_MINUTES)
    throw invalidParameter(`expiresInMinutes should be between 1 and ${MOST_MINUTES}`);
  const protectedTasks: object[] = [];
  const failures: object[] = [];
  for (const reference of references) {
    const task = findTask(ecs, clusterName(request.cluster), reference);
    const reason = isUpdate ? await refusal(services, task, request) : noTask(task);
    if (task === undefined || reason !== undefined) {
      failures.push({ arn: task?.arn ?? reference, reason });
      continue;
    }
    if (isUpdate)
      task.protectedUntil =
        request.protectionEnabled === true ? Date.now() + expiresInMinutes * 60_000 : undefined;
    protectedTasks.push(view(task));
  }
  if (isUpdate) await services.reconcileAfterProtectionChange();
  return { protectedTasks, failures };
}

function view(task: Task): object {
  const protectionEnabled = task.isProtected;
  return {
    taskArn: task.arn,
    protectionEnabled,
    ...(protectionEnabled && { expirationDate: (task.protectedUntil ?? 0) / 1000 }),
  };
}

/** The reason why a task can't be protected at all, in the words of ECS's page "API failure reasons". */
function noTask(task: Task | undefined): string | undefined {
  if (task === undefined || task.lastStatus === "STOPPED") return "MISSING";
  return task.plan.group.startsWith("service:") ? undefined : "TASK_NOT_VALID";
}

/**
 * The reason why an update fails. DEPLOYMENT_BLOCKED: the service would have more protected tasks than its desired count (ECS
 * Developer Guide, "Protect your Amazon ECS tasks from being terminated by scale-in events"). A task that is already protected may
 * be protected for longer.
 */
async function refusal(
  services: Services,
  task: Task | undefined,
  { protectionEnabled = false }: ProtectionRequest,
): Promise<string | undefined> {
  const missing = noTask(task);
  if (missing !== undefined || task === undefined) return missing;
  if (!protectionEnabled || task.isProtected) return undefined;
  const { desiredCount, protectedCount } = await services.protection(task);
  return protectedCount >= desiredCount ? "DEPLOYMENT_BLOCKED" : undefined;
}
