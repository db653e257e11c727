import {
  CreateClusterCommand,
  CreateServiceCommand,
  DeleteClusterCommand,
  DeleteServiceCommand,
  DeregisterTaskDefinitionCommand,
  DescribeServicesCommand,
  DescribeTasksCommand,
  type ECSClient,
  ListTasksCommand,
  RegisterTaskDefinitionCommand,
} from "@aws-sdk/client-ecs";
import type { Json, JsonObject } from "../template.ts";
import { type ResourceType, waitUntilSettled } from "./resource-type.ts";

export const cluster: ResourceType = {
  properties: ["ClusterName", "Configuration"],
  async make(properties, { ecs }) {
    const { cluster: made } = await ecs.send(new CreateClusterCommand(asRequest(properties)));
    return { id: made?.clusterName ?? "", attributes: { Arn: made?.clusterArn ?? "" } };
  },
  async remove(name, { ecs }) {
    await ecs.send(new DeleteClusterCommand({ cluster: name }));
  },
};

export const taskDefinition: ResourceType = {
  properties: [
    ...[
      "Family",
      "RequiresCompatibilities",
      "NetworkMode",
      "Cpu",
      "Memory",
      "TaskRoleArn",
      "ExecutionRoleArn",
    ],
    "ContainerDefinitions",
  ],
  async make(properties, { ecs }) {
    const request = new RegisterTaskDefinitionCommand(asRequest(properties) as never);
    const { taskDefinition: made } = await ecs.send(request);
    return { id: made?.taskDefinitionArn ?? "" };
  },
  async remove(arn, { ecs }) {
    await ecs.send(new DeregisterTaskDefinitionCommand({ taskDefinition: arn }));
  },
};

/** A service. `complete` waits until all of its tasks run, `remove` until all of them have stopped. */
export const service: ResourceType = {
  properties: [
    ...["ServiceName", "Cluster", "TaskDefinition", "DesiredCount", "LaunchType", "PlatformVersion"],
    ...["EnableExecuteCommand", "DeploymentConfiguration", "NetworkConfiguration"],
  ],
  async make(properties, { ecs }) {
    const request = new CreateServiceCommand(asRequest(properties) as never);
    const { service: made } = await ecs.send(request);
    return { id: made?.serviceArn ?? "", attributes: { Name: made?.serviceName ?? "" } };
  },
  async complete(_, { ecs }, { id }) {
    const { cluster, service: name } = namesOf(id);
    await waitUntilSettled("The service's tasks did not all run", async () => {
      const answer = await ecs.send(new DescribeServicesCommand({ cluster, services: [name] }));
      const [found] = answer.services ?? [];
      return found !== undefined && found.runningCount === found.desiredCount;
    });
  },
  async remove(id, { ecs }) {
    const { cluster, service: name } = namesOf(id);
    const tasks = await tasksOf(ecs, cluster, name);
    await ecs.send(new DeleteServiceCommand({ cluster, service: name, force: true }));
    if (tasks.length === 0) return;
    await waitUntilSettled("The service's tasks did not stop", async () => {
      const answer = await ecs.send(new DescribeTasksCommand({ cluster, tasks }));
      return (answer.tasks ?? []).every(({ lastStatus }) => lastStatus === "STOPPED");
    });
  },
};

async function tasksOf(ecs: ECSClient, cluster: string, serviceName: string): Promise<string[]> {
  const answer = await ecs.send(new ListTasksCommand({ cluster, serviceName }));
  return answer.taskArns ?? [];
}

/** The cluster and the service that an ARN names: `arn:aws:ecs:REGION:ACCOUNT:service/CLUSTER/SERVICE`. */
function namesOf(arn: string): { cluster: string; service: string } {
  const [, cluster = "", service = ""] = arn.split("/");
  return { cluster, service };
}

/** The properties as the ECS API spells them, at every depth: `TaskRoleArn` becomes `taskRoleArn`. */
function asRequest(properties: JsonObject): object {
  return withApiNames(properties) as object;
}

function withApiNames(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(withApiNames);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value as JsonObject).map(([name, member]) => [
      name.charAt(0).toLowerCase() + name.slice(1),
      withApiNames(member),
    ]),
  );
}
