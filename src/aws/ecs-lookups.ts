import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import * as sdk from "@aws-sdk/client-ecs";
import { taskDefinitionFrom, type TaskDefinition } from "./task-definition.ts";
import type { CapacityProvider, Cluster, ConfiguredHook, Ecs, Network, Service, TaskFilter } from "./ecs.ts";
import type { EcsRequester } from "./ecs-requester.ts";
import { unknownMembers } from "./members.ts";
import { clusterNotFound, serviceNotFound } from "./missing.ts";
import { taskFrom, type Task } from "./task.ts";
import { requireMember } from "./required-member.ts";

type LookupCalls = Pick<
  Ecs,
  | "describeCluster"
  | "describeTask"
  | "describeTasks"
  | "listTasks"
  | "describeService"
  | "describeTaskDefinition"
  | "listDefinitionFamilies"
>;

/** The calls that change nothing. */
export function lookupCalls(ask: EcsRequester, region: string): LookupCalls {
  return {
    describeCluster: (cluster) => describeCluster(ask, region, cluster),
    describeTask: async (cluster, task) => (await describeTasks(ask, cluster, [task]))[0],
    describeTasks: (cluster, tasks) => describeTasks(ask, cluster, tasks),
    listTasks: (cluster, filter) => listTasks(ask, cluster, filter),
    describeService: (cluster, service) => describeService(ask, cluster, service),
    describeTaskDefinition: (taskDefinition) => describeTaskDefinition(ask, taskDefinition),
    listDefinitionFamilies: (prefix) => listDefinitionFamilies(ask, prefix),
  };
}

async function describeTasks(
  ask: EcsRequester,
  cluster: string,
  tasks: readonly string[],
): Promise<readonly Task[]> {
  const found: Task[] = [];
  // DescribeTasks takes at most 100 tasks.
  for (let i = 0; i < tasks.length; i += 100) {
    const some = tasks.slice(i, i + 100);
    const what = some.length === 1 ? `task '${some.join()}'` : `${some.length} tasks of cluster '${cluster}'`;
    const answer = await ask("DescribeTasks", what, { cluster }, (client, options) =>
      client.send(new sdk.DescribeTasksCommand({ cluster, tasks: some }), options),
    );
    found.push(...(answer.tasks ?? []).map(taskFrom));
  }
  return found;
}

async function describeCluster(ask: EcsRequester, region: string, cluster: string): Promise<Cluster> {
  const answer = await ask("DescribeClusters", `cluster '${cluster}'`, { cluster }, (client, options) =>
    client.send(
      new sdk.DescribeClustersCommand({ clusters: [cluster], include: ["CONFIGURATIONS"] }),
      options,
    ),
  );
  const found = answer.clusters?.[0];
  if (found?.status === undefined || found.status === "INACTIVE") {
    const why = found?.status ?? answer.failures?.[0]?.reason ?? "MISSING";
    throw clusterNotFound(cluster, region, `ecs:DescribeClusters says ${why}.`);
  }
  const exec = found.configuration?.executeCommandConfiguration;
  return {
    arn: requireMember(found.clusterArn, "clusterArn"),
    status: found.status,
    exec: {
      logging: exec?.logging ?? "DEFAULT",
      kmsKeyId: exec?.kmsKeyId,
      cloudWatchLogGroup: exec?.logConfiguration?.cloudWatchLogGroupName,
      cloudWatchEncryption: exec?.logConfiguration?.cloudWatchEncryptionEnabled ?? false,
      s3Bucket: exec?.logConfiguration?.s3BucketName,
      s3Prefix: exec?.logConfiguration?.s3KeyPrefix,
      s3Encryption: exec?.logConfiguration?.s3EncryptionEnabled ?? false,
    },
    capacityProviders: found.capacityProviders ?? [],
    defaultCapacityProviders: providersFrom(found.defaultCapacityProviderStrategy),
  };
}

async function listTasks(ask: EcsRequester, cluster: string, filter: TaskFilter): Promise<readonly string[]> {
  const by = "service" in filter ? { serviceName: filter.service } : filter;
  const names = { cluster, ...("service" in filter && { ecsService: filter.service }) };
  const arns: string[] = [];
  let nextToken: string | undefined;
  do {
    const request = { cluster, ...by, ...(nextToken && { nextToken }) };
    const answer = await ask("ListTasks", `cluster '${cluster}'`, names, (client, options) =>
      client.send(new sdk.ListTasksCommand(request), options),
    );
    arns.push(...(answer.taskArns ?? []));
    nextToken = answer.nextToken;
  } while (nextToken);
  return arns;
}

async function describeService(ask: EcsRequester, cluster: string, service: string): Promise<Service> {
  const names = { cluster, ecsService: service };
  const answer = await ask("DescribeServices", `service '${service}'`, names, (client, options) =>
    client.send(new sdk.DescribeServicesCommand({ cluster, services: [service] }), options),
  );
  const found = answer.services?.[0];
  if (found?.status === undefined || found.status === "INACTIVE") {
    const why = found?.status ?? answer.failures?.[0]?.reason ?? "MISSING";
    throw serviceNotFound(service, cluster, `ecs:DescribeServices says ${why}.`);
  }
  const tasks = primaryTaskSet(found) ?? found;
  return {
    name: requireMember(found.serviceName, "serviceName"),
    status: found.status,
    desiredCount: found.desiredCount ?? 0,
    runningCount: found.runningCount ?? 0,
    pendingCount: found.pendingCount ?? 0,
    taskDefinitionArn: tasks.taskDefinition,
    enableExecuteCommand: found.enableExecuteCommand ?? false,
    launchType: tasks.launchType,
    capacityProviders: providersFrom(tasks.capacityProviderStrategy),
    platformVersion: tasks.platformVersion,
    network: networkFrom(tasks.networkConfiguration?.awsvpcConfiguration),
    pauseHooks: pauseHooksFrom(found.deploymentConfiguration),
    events: (found.events ?? []).flatMap(({ message }) => message ?? []),
  };
}

async function describeTaskDefinition(ask: EcsRequester, taskDefinition: string): Promise<TaskDefinition> {
  const command = new sdk.DescribeTaskDefinitionCommand({ taskDefinition, include: ["TAGS"] });
  const body = keepBody(command);
  const answer = await ask(
    "DescribeTaskDefinition",
    `task definition '${taskDefinition}'`,
    { taskDefinition },
    (client, options) => client.send(command, options),
  );
  const whole = JSON.parse(body()) as { readonly taskDefinition?: unknown };
  const unread = unknownMembers("TaskDefinition", whole.taskDefinition);
  return taskDefinitionFrom(answer.taskDefinition ?? {}, answer.tags, unread);
}

/** Makes the command keep the body of its last answer, because the SDK drops the members that it does not know. Returns a function that reads it. */
function keepBody(command: sdk.DescribeTaskDefinitionCommand): () => string {
  let body = "";
  command.middlewareStack.add(
    (next) => async (request) => {
      const result = await next(request);
      const response = result.response as { body: Readable | Uint8Array };
      body = await text(response.body as Readable);
      response.body = Buffer.from(body);
      return result;
    },
    // Next to the handler, so before the SDK reads the body.
    { step: "deserialize", priority: "low" },
  );
  return () => body;
}

async function listDefinitionFamilies(ask: EcsRequester, familyPrefix: string): Promise<readonly string[]> {
  const families: string[] = [];
  let nextToken: string | undefined;
  do {
    const request = { familyPrefix, status: "ACTIVE" as const, ...(nextToken && { nextToken }) };
    const what = `the families '${familyPrefix}*'`;
    const answer = await ask("ListTaskDefinitionFamilies", what, {}, (client, options) =>
      client.send(new sdk.ListTaskDefinitionFamiliesCommand(request), options),
    );
    families.push(...(answer.families ?? []));
    nextToken = answer.nextToken;
  } while (nextToken);
  return families;
}

/**
 * The task set that defines the tasks of a service with an EXTERNAL or CODE_DEPLOY deployment controller. Such a
 * service has no `deployments`, and its other members are absent or still those of its creation.
 */
function primaryTaskSet({ taskSets = [], deploymentController }: sdk.Service): sdk.TaskSet | undefined {
  if ((deploymentController?.type ?? "ECS") === "ECS") return undefined;
  return taskSets.find(({ status }) => status === "PRIMARY");
}

/** The defaults are those of the API reference, "DeploymentLifecycleHookTimeoutConfiguration". */
export function pauseHooksFrom({
  lifecycleHooks = [],
}: Pick<sdk.DeploymentConfiguration, "lifecycleHooks"> = {}): readonly ConfiguredHook[] {
  return lifecycleHooks
    .filter(({ targetType }) => targetType === "PAUSE")
    .map(({ lifecycleStages = [], timeoutConfiguration: { timeoutInMinutes, action } = {} }) => ({
      stages: lifecycleStages,
      minutes: timeoutInMinutes ?? 1_440,
      timeoutAction: action ?? "ROLLBACK",
    }));
}

export function providersFrom(
  strategy: readonly sdk.CapacityProviderStrategyItem[] = [],
): readonly CapacityProvider[] {
  return strategy.map((item) => ({
    name: requireMember(item.capacityProvider, "capacityProvider"),
    weight: item.weight ?? 0,
    base: item.base ?? 0,
  }));
}

export function networkFrom(network: sdk.AwsVpcConfiguration | undefined): Network {
  const { subnets = [], securityGroups = [], assignPublicIp } = network ?? {};
  return {
    subnets,
    securityGroups,
    assignPublicIp: assignPublicIp === undefined ? undefined : assignPublicIp === "ENABLED",
  };
}
