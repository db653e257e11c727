import * as sdk from "@aws-sdk/client-ecs";
import { networkFrom, pauseHooksFrom, providersFrom, volumesFrom } from "./ecs-services.ts";
import type { DeploymentBrief, Ecs, PauseHook, ServiceDeployment, ServiceRevision } from "./ecs.ts";
import type { EcsRequester } from "./ecs-requester.ts";
import { attempts, isNamed } from "./failures.ts";
import { requireMember } from "./required-member.ts";

type DeploymentCalls = Pick<
  Ecs,
  | "listServiceDeployments"
  | "describeServiceDeployment"
  | "describeServiceRevision"
  | "continueServiceDeployment"
>;

/** The most deployments in one answer of ListServiceDeployments. By default it has 20, in no promised order (API reference). */
const MOST_A_PAGE = 100;

/** The calls on the deployments of services. */
export function deploymentCalls(ask: EcsRequester): DeploymentCalls {
  return {
    listServiceDeployments: (cluster, service, statuses) =>
      listServiceDeployments(ask, cluster, service, statuses),
    describeServiceDeployment: (arn) => describeServiceDeployment(ask, arn),
    describeServiceRevision: (arn) => describeServiceRevision(ask, arn),
    continueServiceDeployment: (verdict) => continueServiceDeployment(ask, verdict),
  };
}

async function listServiceDeployments(
  ask: EcsRequester,
  cluster: string,
  service: string,
  statuses: readonly string[] | undefined,
): Promise<readonly DeploymentBrief[]> {
  const names = { cluster, ecsService: service };
  const found: DeploymentBrief[] = [];
  let nextToken: string | undefined;
  do {
    const request: sdk.ListServiceDeploymentsCommandInput = {
      ...{ cluster, service, maxResults: MOST_A_PAGE },
      ...(statuses && { status: [...statuses] as sdk.ServiceDeploymentStatus[] }),
      ...(nextToken && { nextToken }),
    };
    const answer = await ask("ListServiceDeployments", `service '${service}'`, names, (client, options) =>
      client.send(new sdk.ListServiceDeploymentsCommand(request), options),
    );
    found.push(...(answer.serviceDeployments ?? []).map(briefFrom));
    nextToken = answer.nextToken;
  } while (nextToken);
  return found.toSorted((a, b) => b.createdAt - a.createdAt);
}

function briefFrom(found: sdk.ServiceDeploymentBrief): DeploymentBrief {
  return {
    arn: requireMember(found.serviceDeploymentArn, "serviceDeploymentArn"),
    status: found.status ?? "PENDING",
    createdAt: found.createdAt?.getTime() ?? 0,
  };
}

async function describeServiceDeployment(
  ask: EcsRequester,
  arn: string,
): Promise<ServiceDeployment | undefined> {
  const request = { serviceDeploymentArns: [arn] };
  const answer = await ask("DescribeServiceDeployments", `deployment '${arn}'`, {}, (client, options) =>
    client.send(new sdk.DescribeServiceDeploymentsCommand(request), options),
  );
  const found = answer.serviceDeployments?.[0];
  return found && deploymentFrom(found);
}

function deploymentFrom(found: sdk.ServiceDeployment): ServiceDeployment {
  const { deploymentConfiguration, lifecycleHookDetails = [] } = found;
  return {
    arn: requireMember(found.serviceDeploymentArn, "serviceDeploymentArn"),
    serviceArn: requireMember(found.serviceArn, "serviceArn"),
    status: found.status ?? "PENDING",
    statusReason: found.statusReason,
    stage: found.lifecycleStage,
    createdAt: found.createdAt?.getTime() ?? 0,
    revisionArn: found.targetServiceRevision?.arn,
    sourceRevisionArns: (found.sourceServiceRevisions ?? []).flatMap(({ arn }) => arn ?? []),
    pauseHooks: pauseHooksFrom(deploymentConfiguration),
    hooks: lifecycleHookDetails.flatMap(hookFrom),
  };
}

function hookFrom(found: sdk.DeploymentLifecycleHookDetail): PauseHook[] {
  const { hookId, targetType, status, expiresAt, timeoutAction } = found;
  if (targetType !== "PAUSE" || hookId === undefined) return [];
  return [{ id: hookId, status: status ?? "IN_PROGRESS", expiresAt: expiresAt?.getTime(), timeoutAction }];
}

async function describeServiceRevision(ask: EcsRequester, arn: string): Promise<ServiceRevision | undefined> {
  const request = { serviceRevisionArns: [arn] };
  const answer = await ask("DescribeServiceRevisions", `service revision '${arn}'`, {}, (client, options) =>
    client.send(new sdk.DescribeServiceRevisionsCommand(request), options),
  );
  const found = answer.serviceRevisions?.[0];
  if (found === undefined) return undefined;
  return {
    arn,
    taskDefinitionArn: requireMember(found.taskDefinition, "taskDefinition"),
    launchType: found.launchType,
    capacityProviders: providersFrom(found.capacityProviderStrategy),
    platformVersion: found.platformVersion,
    network: networkFrom(found.networkConfiguration?.awsvpcConfiguration),
    volumes: volumesFrom(found.volumeConfigurations),
  };
}

async function continueServiceDeployment(
  ask: EcsRequester,
  { deployment, hook, action }: Parameters<Ecs["continueServiceDeployment"]>[0],
): ReturnType<Ecs["continueServiceDeployment"]> {
  const request = { serviceDeploymentArn: deployment, hookId: hook, action };
  return await ask("ContinueServiceDeployment", `deployment '${deployment}'`, {}, async (client, options) => {
    try {
      await client.send(new sdk.ContinueServiceDeploymentCommand(request), options);
      return "taken";
    } catch (error) {
      // The API reference names no error of its own for a hook that no longer waits.
      const isRefused = ["ClientException", "InvalidParameterException"].some((name) => isNamed(error, name));
      if (!isRefused && !isNamed(error, "ServiceDeploymentNotFoundException")) throw error;
      const refused = error instanceof Error ? error.message : String(error);
      return { refused, repeated: attempts(error) > 1 };
    }
  });
}
