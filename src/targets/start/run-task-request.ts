import type { TaskDefinition } from "../../aws/task-definition.ts";
import type { LaunchVolume, Placement, RunTaskRequest } from "../../aws/ecs.ts";
import { networkRequired } from "../../aws/missing.ts";
import { badInput } from "../../inputs/refusals.ts";
import type { NewTaskSource, StartInputs } from "../../inputs/inputs.ts";
import type { Origin } from "../../inputs/origin.ts";
import { holdCommand } from "../definitions/hold-command.ts";
import { type CopiedTags, copiedTags } from "../tags.ts";
import type { LaunchInputs } from "./borrow.ts";
import { isOnFargate } from "./capacity.ts";
import { type Json, merge, mergeOverrides, splitOverrides } from "./overrides.ts";

/** The tag that names the workflow run. */
export const RUN_TAG = "fargate-exec:run";

export interface StartPlan {
  readonly cluster: string;
  readonly definition: TaskDefinition;
  readonly container: string;
  /** It has no meaning when there are capacity providers. */
  readonly launchType: string;
  /** That of the service. */
  readonly platformVersion: string | undefined;
  /** The volumes of the service. */
  readonly volumes: readonly LaunchVolume[];
  readonly placement: Placement;
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
  const { ofTask, ofRequest } = splitOverrides(start.overrides);
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
    platformVersion: plan.platformVersion,
    enableExecuteCommand: true,
    network: {
      subnets: start.subnets,
      securityGroups: start.securityGroups,
      assignPublicIp: start.assignPublicIp,
    },
    overrides: mergeOverrides(overrides, ofTask),
    more: furtherMembers(definition, plan, ofRequest),
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

/**
 * The placement and the volumes of the service, and over them what the user's overrides say. RunTask refuses a volume that the definition does
 * not leave to the start of the task (`configuredAtLaunch`), and a task without one of them. Fails with `bad-input` for the latter.
 */
function furtherMembers(
  { arn, registrable }: TaskDefinition,
  { volumes, placement }: Pick<StartPlan, "volumes" | "placement">,
  ofRequest: Json,
): Json {
  const defined = (registrable["volumes"] ?? []) as readonly {
    readonly name?: string;
    readonly configuredAtLaunch?: boolean;
  }[];
  const names = defined.flatMap(({ name, configuredAtLaunch }) =>
    configuredAtLaunch === true && name !== undefined ? [name] : [],
  );
  const own = volumes.filter(({ name }) => names.includes(name));
  const more = merge({ ...placement, ...(own.length > 0 && { volumeConfigurations: own }) }, ofRequest);
  const configured = (more["volumeConfigurations"] ?? []) as readonly { readonly name?: string }[];
  const missing = names.filter((name) => !configured.some((volume) => volume.name === name));
  if (missing.length === 0) return more;
  throw badInput(
    "overrides",
    "an object with 'volumeConfigurations' for each volume that the task definition leaves to the start of the task",
    `nothing for ${missing.map((name) => `'${name}'`).join(" and ")} of ${arn}`,
    'For example: {"volumeConfigurations": [{"name": "data", "managedEBSVolume": {"sizeInGiB": 20, "roleArn": "arn:aws:iam::123456789012:role/ecsInfrastructureRole"}}]}. A \'service\' with such volumes lends its own.',
  );
}
