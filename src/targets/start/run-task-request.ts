import type { TaskDefinition } from "../../aws/task-definition.ts";
import type { LaunchVolume, RunTaskRequest } from "../../aws/ecs.ts";
import { networkRequired } from "../../aws/missing.ts";
import type { NewTaskSource, StartInputs } from "../../inputs/inputs.ts";
import type { Origin } from "../../origin.ts";
import { holdCommand } from "../definitions/hold-command.ts";
import { type CopiedTags, copiedTags } from "../tags.ts";
import type { LaunchInputs } from "./borrow.ts";
import { isOnFargate } from "./capacity.ts";
import { mergeOverrides } from "./overrides.ts";

/** The tag that names the workflow run. */
export const RUN_TAG = "fargate-exec:run";

export interface StartPlan {
  readonly cluster: string;
  readonly definition: TaskDefinition;
  readonly container: string;
  /** It has no meaning when there are capacity providers. */
  readonly launchType: string;
  /** The volumes of the service. */
  readonly volumes: readonly LaunchVolume[];
  /** The tags of the definition that this one replaces; undefined when ECS copies the tags of the definition itself. */
  readonly sourceTags?: Readonly<Record<string, string>> | undefined;
  /** The timeout of the job, in milliseconds. */
  readonly timeout: number;
  readonly origin: Origin;
}

/**
 * Fails with `network-required` when neither the inputs nor the service name a subnet for a task that needs one: on Fargate, and from the
 * definition that is made for an image. On instances a definition of the user's needs subnets only in the network mode awsvpc, and ECS
 * says when they are missing.
 */
export function requireNetwork(start: LaunchInputs, of: NewTaskSource, service: string | undefined): void {
  const onFargate = isOnFargate(start);
  if (start.subnets.length > 0 || !(onFargate || of.kind === "image")) return;
  const nowhere =
    service === undefined ? "no subnet was named for it" : `service '${service}' has no subnets to borrow`;
  const why = onFargate ? "on Fargate" : "of the network mode awsvpc";
  throw networkRequired(nameOf(of), `Each task ${why} gets a network interface, and ${nowhere}.`);
}

function nameOf(of: NewTaskSource): string {
  switch (of.kind) {
    case "service":
      return "the service's task definition";
    case "task-definition":
      return of.taskDefinition;
    case "image":
    case "image-in-definition":
      return of.image;
  }
}

/** The request that starts one task for the job. Fails with `bad-input` for overrides that ECS would refuse. */
export function runTaskRequest(start: StartInputs, plan: StartPlan): RunTaskRequest {
  const { cluster, definition, container, origin } = plan;
  const entryPoint = definition.containers.find(({ name }) => name === container)?.entryPoint ?? [];
  const overrides = {
    ...(start.hold && {
      containerOverrides: [
        {
          name: container,
          command: holdCommand(plan.timeout, entryPoint, { isPutOff: start.keepTask === "job" }),
        },
      ],
    }),
    ...(start.cpu !== undefined && { cpu: start.cpu }),
    ...(start.memory !== undefined && { memory: start.memory }),
    ...(start.ephemeralStorage !== undefined && { ephemeralStorage: { sizeInGiB: start.ephemeralStorage } }),
    ...(start.taskRole !== undefined && { taskRoleArn: start.taskRole }),
    ...(start.executionRole !== undefined && { executionRoleArn: start.executionRole }),
  };
  return {
    cluster,
    // By its ARN: another revision may be registered meanwhile.
    taskDefinition: definition.arn,
    count: 1,
    capacityProviders: start.capacityProviders,
    launchType: plan.launchType,
    platformVersion: start.platformVersion,
    volumes: volumesOf(definition, plan.volumes),
    enableExecuteCommand: true,
    network: {
      subnets: start.subnets,
      securityGroups: start.securityGroups,
      assignPublicIp: start.assignPublicIp,
    },
    overrides: mergeOverrides(overrides, start.overrides),
    startedBy: startedBy(origin),
    clientToken: `fargate-exec-${origin.id}`.slice(0, 56),
    tags: taskTags(start, plan).tags,
    propagateTags: plan.sourceTags === undefined ? "TASK_DEFINITION" : undefined,
  };
}

/** The tags of the task: those of the inputs, those of the definition of which it runs a copy, and the run's. */
export function taskTags(
  { tags }: Pick<StartInputs, "tags">,
  { origin, sourceTags = {} }: Pick<StartPlan, "origin" | "sourceTags">,
): CopiedTags {
  return copiedTags(tags, sourceTags, { [RUN_TAG]: origin.url });
}

/**
 * The `startedBy` of a run's tasks. ECS allows 128 characters; the unique part comes first, because the end may be
 * cut.
 */
export function startedBy({ id, runId, runAttempt, repository }: Origin): string {
  return `fargate-exec/${id}/${runId}-${runAttempt}/${repository}`.replace(/[^\w/-]/g, "-").slice(0, 128);
}

/** The volumes that this definition leaves to the start of the task. RunTask refuses any other, and a task without one of them. */
function volumesOf(
  { registrable }: TaskDefinition,
  volumes: readonly LaunchVolume[],
): readonly LaunchVolume[] {
  const defined = (registrable["volumes"] ?? []) as readonly {
    readonly name?: string;
    readonly configuredAtLaunch?: boolean;
  }[];
  const names = defined.filter(({ configuredAtLaunch }) => configuredAtLaunch).map(({ name }) => name);
  return volumes.filter(({ name }) => names.includes(name));
}
