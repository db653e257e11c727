import type { Iam } from "../../aws/iam.ts";
import { type Inputs, serviceOf } from "../../inputs/inputs.ts";
import { arnBeside, clusterName, parseArn, parseService } from "../../targets/arn.ts";
import { isDefinitionFile } from "../../targets/definitions/definition-file.ts";
import { FAMILY_PREFIX } from "../../targets/definitions/family.ts";
import { type Check, type Look, passedCheck, skippedCheck, unansweredCheck } from "./check.ts";
import { type CheckFacts, taskRoleOf } from "./facts.ts";
import { checkRights, type Principal, roleArn, type Rights } from "./role.ts";

export interface CallerFacts extends CheckFacts {
  /** Undefined when neither the cluster nor the caller's account is known. */
  readonly clusterArn: string | undefined;
  readonly inputs: Pick<Inputs, "where" | "protect" | "deployment" | "cluster" | "region">;
  /** Whether a new task is started from a definition that the step registers. */
  readonly registers: boolean;
}

/** The check that names the caller. */
export function checkCaller(look: Look<string>): Check {
  const name = "credentials";
  if ("failure" in look) return unansweredCheck(name, look.failure, { required: true });
  return passedCheck(name, `they are those of ${look.value}`);
}

/** The role or user whose policies decide; undefined for a caller without policies. `roleToAssume` has the path that a session's ARN lacks. */
export function principalOf(caller: string, roleToAssume: string | undefined): Principal | undefined {
  const words = "the caller";
  if (roleToAssume !== undefined) return { arn: roleToAssume, words };
  const arn = parseArn(caller);
  if (arn === undefined) return undefined;
  const { partition, service, account, resource } = arn;
  const [, role] = /^assumed-role\/([^/]+)\//.exec(resource) ?? [];
  if (service === "sts" && role !== undefined)
    return { arn: `arn:${partition}:iam::${account}:role/${role}`, words };
  return service === "iam" && resource.startsWith("user/") ? { arn: caller, words } : undefined;
}

/** Whether the caller has the rights to the calls that change something. A check can't try those calls. */
export async function checkCallerRights(
  facts: CallerFacts,
  caller: Principal | undefined,
  iam: Pick<Iam, "listDenied">,
): Promise<readonly Check[]> {
  if (caller === undefined)
    return [skippedCheck("caller's rights", "not known: the caller is no role and no user")];
  const { clusterArn } = facts;
  if (clusterArn === undefined)
    return [skippedCheck("caller's rights", "not known: the account of the cluster isn't known")];
  return await Promise.all(
    rightsOf({ ...facts, clusterArn }).map((rights) => checkRights(caller, rights, iam)),
  );
}

interface KnownFacts extends CallerFacts {
  readonly clusterArn: string;
}

function rightsOf(facts: KnownFacts): readonly Rights[] {
  const { clusterArn, task, inputs } = facts;
  const ecs = (resource: string): string => arnBeside(clusterArn, "ecs", resource);
  const anyTask = ecs(`task/${clusterName(clusterArn)}/${"0".repeat(32)}`);
  const context = { "ecs:cluster": clusterArn };
  const execute = {
    name: "right to open sessions",
    actions: ["ecs:ExecuteCommand"],
    resources: [clusterArn, task?.arn ?? anyTask],
    context: { ...context, "ecs:container-name": facts.container },
  };
  const start = inputs.where.kind === "new" ? rightsToStart(facts, { ecs, anyTask, context }) : [];
  return [...start, execute, ...rightsOnService(facts, { ecs, anyTask, context })];
}

/** The rights to protect a task of the service, and to decide about its deployment. */
function rightsOnService({ inputs, task }: KnownFacts, { ecs, anyTask, context }: ResourceNames): Rights[] {
  const { where, protect, deployment, cluster, region } = inputs;
  const rights: Rights[] = [];
  if (protect)
    rights.push({
      name: "rights to protect the task",
      actions: ["ecs:GetTaskProtection", "ecs:UpdateTaskProtection"],
      resources: [task?.arn ?? anyTask],
      context,
      otherwise:
        "the job runs unprotected, and a notice says so. Allow them as docs/iam/caller-protect.json has it, or set 'protect: false'",
    });
  const named = serviceOf(where);
  if (deployment !== undefined && named !== undefined) {
    const service = parseService(named, cluster, region);
    const name = `${clusterName(service.cluster)}/${service.id}`;
    rights.push({
      name: "right to decide the deployment",
      actions: ["ecs:ContinueServiceDeployment"],
      resources: [ecs(`service/${name}`), ecs(`service-deployment/${name}/check`)],
    });
  }
  return rights;
}

interface ResourceNames {
  readonly ecs: (resource: string) => string;
  readonly anyTask: string;
  readonly context: Readonly<Record<string, string>>;
}

function rightsToStart(facts: KnownFacts, { ecs, anyTask, context }: ResourceNames): readonly Rights[] {
  const { clusterArn, definition, inputs, registers, start } = facts;
  const { where } = inputs;
  const of = where.kind === "new" ? where.of : { kind: "service" as const };
  // The family of a definition that the step registers begins with FAMILY_PREFIX.
  const family = (registers ? undefined : definition?.family) ?? `${FAMILY_PREFIX}check`;
  const isRequired =
    of.kind === "image" ||
    of.kind === "image-in-definition" ||
    (of.kind === "task-definition" && isDefinitionFile(of.taskDefinition));
  const overriding = start?.executionRole;
  const roles = [taskRoleOf(facts), overriding ?? definition?.executionRoleArn].flatMap(
    (role) => roleArn(role, clusterArn) ?? [],
  );
  return [
    {
      ...{ name: "right to start a task", actions: ["ecs:RunTask"], context },
      resources: [ecs(`task-definition/${family}:1`)],
    },
    { name: "right to stop it", actions: ["ecs:StopTask"], resources: [anyTask], context },
    {
      ...{ name: "right to tag it", actions: ["ecs:TagResource"], resources: [anyTask] },
      context: { ...context, "ecs:CreateAction": "RunTask" },
      otherwise:
        "it is started without the tag that names the run. Allow it as docs/iam/caller-start-task.json has it",
    },
    ...(roles.length === 0
      ? []
      : [
          {
            ...{ name: "right to pass its roles", actions: ["iam:PassRole"], resources: roles },
            context: { "iam:PassedToService": "ecs-tasks.amazonaws.com" },
          },
        ]),
    ...(isRequired || registers
      ? [
          {
            name: "rights to register it",
            actions: ["ecs:RegisterTaskDefinition", "ecs:DeregisterTaskDefinition"],
            resources: ["*"],
          },
        ]
      : []),
  ];
}
