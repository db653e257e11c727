import * as sdk from "@aws-sdk/client-ecs";
import type { EcsRequester } from "./ecs-requester.ts";

/** The protection of a task from scale-in and deployments. It is one flag with an end, and does not tell who has set it. */
export type ProtectionAnswer =
  /** `until`: when it ends, in milliseconds since the epoch; undefined when the task is not protected. */
  | { readonly kind: "protection"; readonly until: number | undefined }
  /** The task belongs to no service, so it can't be protected. Or it is gone. */
  | { readonly kind: "no-task-of-a-service" }
  /** ECS does not protect it now. `why` is its reason, such as DEPLOYMENT_BLOCKED, with its detail in words. */
  | { readonly kind: "refused"; readonly why: string };

export interface ProtectionRequest {
  readonly cluster: string;
  readonly task: string;
  /** How long the task is protected from now on, from 1 to 2,880; undefined ends its protection. */
  readonly minutes: number | undefined;
}

export interface ProtectionCalls {
  getTaskProtection(cluster: string, task: string): Promise<ProtectionAnswer>;
  /** Sets the end of the protection anew, also when the task is protected already. `late` ends the call, and its repetitions. */
  updateTaskProtection(request: ProtectionRequest, late?: AbortSignal): Promise<ProtectionAnswer>;
}

/** The reasons of `failures` for a task that can't be protected at all (API reference, "API failure reasons"). */
const NO_TASK_OF_A_SERVICE = new Set(["TASK_NOT_VALID", "MISSING"]);

export function protectionCalls(ask: EcsRequester): ProtectionCalls {
  return {
    getTaskProtection: async (cluster, task) =>
      answerFrom(
        await ask("GetTaskProtection", `task '${task}'`, { cluster }, (client, options) =>
          client.send(new sdk.GetTaskProtectionCommand({ cluster, tasks: [task] }), options),
        ),
      ),
    updateTaskProtection: async ({ cluster, task, minutes }, late) => {
      const request = {
        ...{ cluster, tasks: [task], protectionEnabled: minutes !== undefined },
        ...(minutes !== undefined && { expiresInMinutes: minutes }),
      };
      return answerFrom(
        await ask("UpdateTaskProtection", `task '${task}'`, { cluster }, (client, { abortSignal }) => {
          const signals = [late, abortSignal].flatMap((signal) => signal ?? []);
          const command = new sdk.UpdateTaskProtectionCommand(request);
          return client.send(command, { abortSignal: AbortSignal.any(signals) }).catch((error: unknown) => {
            throw late?.aborted ? late.reason : error;
          });
        }),
      );
    },
  };
}

function answerFrom({
  protectedTasks = [],
  failures = [],
}: Pick<sdk.GetTaskProtectionResponse, "protectedTasks" | "failures">): ProtectionAnswer {
  const [task] = protectedTasks;
  if (task !== undefined) {
    const { protectionEnabled = false, expirationDate } = task;
    return { kind: "protection", until: protectionEnabled ? expirationDate?.getTime() : undefined };
  }
  const { reason = "no reason given", detail } = failures[0] ?? {};
  if (NO_TASK_OF_A_SERVICE.has(reason)) return { kind: "no-task-of-a-service" };
  return { kind: "refused", why: detail ? `${reason}: ${detail}` : reason };
}
