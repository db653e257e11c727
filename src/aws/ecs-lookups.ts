import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import * as sdk from "@aws-sdk/client-ecs";
import { taskDefinitionFrom, type TaskDefinition } from "./task-definition.ts";
import type { Cluster, Ecs, TaskFilter } from "./ecs.ts";
import type { EcsRequester } from "./ecs-requester.ts";
import { unknownMembers } from "./members.ts";
import { providersFrom, serviceCalls } from "./ecs-services.ts";
import { clusterNotFound } from "./missing.ts";
import { taskFrom, type Task } from "./task.ts";
import { requireMember } from "./required-member.ts";

type LookupCalls = Pick<
  Ecs,
  | "describeCluster"
  | "describeTask"
  | "describeTasks"
  | "listTasks"
  | "describeService"
  | "describeExpressService"
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
    ...serviceCalls(ask),
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
