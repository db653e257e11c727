import * as sdk from "@aws-sdk/client-ecs";
import {
  taskDefinitionFrom,
  type RegisteredDefinition,
  type RegistrableDefinition,
} from "./task-definition.ts";
import type {
  CapacityProvider,
  Ecs,
  ExecuteCommandRequest,
  ExecuteCommandAnswer,
  RunTaskRequest,
  RunTaskAnswer,
} from "./ecs.ts";
import type { EcsRequester } from "./ecs-requester.ts";
import { isAboutGoneDefinition, isAboutMissingAgent, isAboutMissingTask } from "./ecs-words.ts";
import { attempts, isNamed } from "./failures.ts";
import { taskFrom } from "./task.ts";
import { requireMember } from "./required-member.ts";

type ChangeCalls = Pick<
  Ecs,
  | "registerTaskDefinition"
  | "deregisterTaskDefinition"
  | "deleteTaskDefinition"
  | "runTask"
  | "stopTask"
  | "executeCommand"
>;

/** The calls that make or end something. */
export function changeCalls(ask: EcsRequester): ChangeCalls {
  return {
    registerTaskDefinition: (definition) => registerTaskDefinition(ask, definition),
    deregisterTaskDefinition: (arn) => deregisterTaskDefinition(ask, arn),
    deleteTaskDefinition: (arn) => deleteTaskDefinition(ask, arn),
    runTask: (request) => runTask(ask, request),
    stopTask: (cluster, task, reason) => stopTask(ask, cluster, task, reason),
    executeCommand: (request) => executeCommand(ask, request),
  };
}

async function registerTaskDefinition(
  ask: EcsRequester,
  definition: RegistrableDefinition,
): Promise<RegisteredDefinition> {
  // ECS checks the user's definition, so its type is not checked here.
  const request = definition as unknown as sdk.RegisterTaskDefinitionCommandInput;
  const what = `task definition '${request.family ?? "without a family"}'`;
  const answer = await ask("RegisterTaskDefinition", what, {}, (client, options) =>
    client.send(new sdk.RegisterTaskDefinitionCommand(request), options),
  );
  const registered = taskDefinitionFrom(answer.taskDefinition ?? {});
  return { ...registered, ...(attempts(answer) > 1 && { repeated: true as const }) };
}

async function deregisterTaskDefinition(ask: EcsRequester, arn: string): Promise<void> {
  await ask("DeregisterTaskDefinition", `task definition '${arn}'`, {}, async (client, options) => {
    try {
      await client.send(new sdk.DeregisterTaskDefinitionCommand({ taskDefinition: arn }), options);
    } catch (error) {
      if (!isNamed(error, "ClientException") || !isAboutGoneDefinition(error.message)) throw error;
    }
  });
}

async function deleteTaskDefinition(ask: EcsRequester, arn: string): Promise<void> {
  const request = { taskDefinitions: [arn] };
  await ask("DeleteTaskDefinitions", `task definition '${arn}'`, {}, (client, options) =>
    client.send(new sdk.DeleteTaskDefinitionsCommand(request), options),
  );
}

async function runTask(
  ask: EcsRequester,
  { cluster, taskDefinition, network, overrides, tags, propagateTags, more, ...others }: RunTaskRequest,
): Promise<RunTaskAnswer> {
  const { capacityProviders, launchType, ...rest } = others;
  const { subnets, securityGroups, assignPublicIp } = network;
  const request: sdk.RunTaskCommandInput = {
    ...rest,
    cluster,
    taskDefinition,
    ...placementOf(capacityProviders, launchType),
    ...(subnets.length > 0 && {
      networkConfiguration: {
        awsvpcConfiguration: {
          subnets: [...subnets],
          ...(securityGroups.length > 0 && { securityGroups: [...securityGroups] }),
          ...(assignPublicIp !== undefined && { assignPublicIp: assignPublicIp ? "ENABLED" : "DISABLED" }),
        },
      },
    }),
    overrides,
    ...(Object.keys(tags).length > 0 && {
      tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
    }),
    ...(propagateTags && { propagateTags }),
    ...more,
  };
  const names = { cluster, taskDefinition };
  const answer = await ask("RunTask", `task definition '${taskDefinition}'`, names, (client, options) =>
    client.send(new sdk.RunTaskCommand(request), options),
  );
  const refusals = answer.failures ?? [];
  return {
    tasks: (answer.tasks ?? []).map(taskFrom),
    refusals: refusals.map(({ reason, detail }) => ({ reason: reason ?? "no reason given", detail })),
  };
}

async function stopTask(ask: EcsRequester, cluster: string, task: string, reason: string): Promise<void> {
  const request = { cluster, task, reason };
  await ask("StopTask", `task '${task}'`, { cluster }, async (client, options) => {
    try {
      await client.send(new sdk.StopTaskCommand(request), options);
    } catch (error) {
      const gone = isNamed(error, "InvalidParameterException") && isAboutMissingTask(error.message);
      if (!gone) throw error;
    }
  });
}

async function executeCommand(
  ask: EcsRequester,
  { cluster, task, container, command }: ExecuteCommandRequest,
): Promise<ExecuteCommandAnswer> {
  const request = { cluster, task, container, command, interactive: true };
  const what = `container '${container}' of task '${task}'`;
  return await ask("ExecuteCommand", what, { cluster }, async (client, options) => {
    try {
      const { session } = await client.send(new sdk.ExecuteCommandCommand(request), options);
      return {
        session: {
          sessionId: requireMember(session?.sessionId, "sessionId"),
          streamUrl: requireMember(session?.streamUrl, "streamUrl"),
          token: requireMember(session?.tokenValue, "tokenValue"),
        },
      };
    } catch (error) {
      if (!isNotConnected(error)) throw error;
      return { notConnected: `${error.name}: ${error.message}`, throttled: attempts(error) > 1 };
    }
  });
}

/**
 * RunTask takes no launch type for managed instances, only their capacity provider (API reference: RunTask). Without either it uses the
 * cluster's default providers.
 */
function placementOf(
  capacityProviders: readonly CapacityProvider[],
  launchType: string,
): Pick<sdk.RunTaskCommandInput, "launchType" | "capacityProviderStrategy"> {
  if (capacityProviders.length > 0) return { capacityProviderStrategy: capacityProviders.map(strategyItem) };
  return launchType === "MANAGED_INSTANCES" ? {} : { launchType: launchType as sdk.LaunchType };
}

function strategyItem({ name, weight, base }: CapacityProvider): sdk.CapacityProviderStrategyItem {
  return { capacityProvider: name, weight, ...(base > 0 && { base }) };
}

/** True also for a task without ECS Exec. The task's `enableExecuteCommand` tells the two cases apart. */
function isNotConnected(error: unknown): error is Error {
  if (isNamed(error, "TargetNotConnectedException")) return true;
  return isNamed(error, "InvalidParameterException") && isAboutMissingAgent(error.message);
}
