import type { ExecConfiguration } from "../../aws/ecs.ts";
import type { Inputs } from "../../inputs/inputs.ts";
import { type Iam, isMissingPrincipal } from "../../aws/iam.ts";
import { patternOf } from "../../aws/resource-pattern.ts";
import { arnBeside, parseArn } from "../../targets/arn.ts";
import { type Check, check, lookAt, passedCheck, skippedCheck, unansweredCheck } from "./check.ts";
import { type CheckFacts, taskRoleOf } from "./facts.ts";

/** Rights that belong together, of a role or a user. */
export interface Rights {
  readonly name: string;
  readonly actions: readonly string[];
  /** The resources of one run. The fix names patterns that cover them. */
  readonly resources: readonly string[];
  /** Values of the condition keys that policies for these actions use. */
  readonly context?: Readonly<Record<string, string>>;
  /** How a run goes on without the rights, and what the user can do; undefined when they are required. */
  readonly otherwise?: string;
}

/** Whose rights are asked about: `words` is its name in a message. */
export interface Principal {
  readonly arn: string;
  readonly words: string;
  /** The fix when IAM does not know this ARN; undefined when the ARN may lack the role's path, so that IAM's answer says nothing. */
  readonly whereMissing?: string;
}

const MISSING_FIX =
  "Name a role that is there as 'taskRoleArn' of the task definition, or as 'task-role': by its ARN where it has a path.";

/** The actions of ssmmessages that the exec agent needs. */
const CHANNEL_ACTIONS = [
  "CreateControlChannel",
  "CreateDataChannel",
  "OpenControlChannel",
  "OpenDataChannel",
];

/** What the agent does by them. Without those of "open" it connects, and opens no session. */
const CHANNEL_ACTIONS_OF = {
  connect: ["CreateControlChannel", "OpenControlChannel"],
  open: ["CreateDataChannel", "OpenDataChannel"],
} as const;
export type AgentAct = keyof typeof CHANNEL_ACTIONS_OF;

export interface RoleContext {
  readonly iam: Pick<Iam, "listDenied">;
  /** How the cluster encrypts and logs its sessions; undefined when that is not known. */
  readonly exec: ExecConfiguration | undefined;
  /** The input `logs`, where it counts. */
  readonly wanted?: Inputs["logs"] | undefined;
}

/**
 * Whether the task role allows what the agent does, by IAM's policy simulator. No checks without a task role. `cluster`
 * is the ARN of the cluster or of the task; undefined when it isn't known.
 */
export async function checkRole(
  facts: CheckFacts,
  cluster: string | undefined,
  { iam, exec, wanted }: RoleContext,
): Promise<readonly Check[]> {
  const given = taskRoleOf(facts);
  if (given === undefined || given === "") return [];
  if (cluster === undefined)
    return [skippedCheck("rights of the task role", "not known: the account of the cluster isn't known")];
  const role = roleArn(given, cluster);
  if (role === undefined) return [];
  const principal = { arn: role, words: "the task role", whereMissing: MISSING_FIX };
  const all = [...agentRights(cluster, exec), ...ownLogRights(facts, cluster, { exec, wanted })];
  return await Promise.all(all.map((rights) => checkRights(principal, rights, iam)));
}

/**
 * True when IAM's policy simulator denies the task role what the exec agent connects by, or opens sessions by, or does not know the role.
 * Whatever can't be read proves nothing.
 */
export async function isAgentDenied(
  act: AgentAct,
  facts: CheckFacts,
  cluster: string,
  iam: RoleContext["iam"],
): Promise<boolean> {
  const role = roleArn(taskRoleOf(facts), cluster);
  if (role === undefined) return false;
  const principal = { arn: role, words: "the task role", whereMissing: MISSING_FIX };
  const rights = channelRights(`right to ${act}`, CHANNEL_ACTIONS_OF[act]);
  return (await checkRights(principal, rights, iam)).verdict === "NG";
}

function channelRights(name: string, channels: readonly string[]): Rights {
  return { name, actions: channels.map((channel) => `ssmmessages:${channel}`), resources: ["*"] };
}

/** The ARN of a role that is given by its name or its ARN. */
export function roleArn(role: string | undefined, cluster: string): string | undefined {
  if (role === undefined || role === "") return undefined;
  if (parseArn(role) !== undefined) return role;
  const { partition, account } = parseArn(cluster) ?? {};
  return partition && account ? `arn:${partition}:iam::${account}:role/${role}` : undefined;
}

/** Whether the policies of a role or user allow these rights, by IAM's policy simulator. */
export async function checkRights(
  { arn, words, whereMissing }: Principal,
  { name, actions, resources, context, otherwise }: Rights,
  iam: Pick<Iam, "listDenied">,
): Promise<Check> {
  const look = await lookAt(iam.listDenied(arn, actions, resources, context));
  if ("failure" in look) {
    if (whereMissing === undefined || !isMissingPrincipal(look.failure))
      return unansweredCheck(name, look.failure);
    return check(name, false, `there is no role ${arn}`, whereMissing);
  }
  const denied = look.value;
  if (denied.length === 0) return passedCheck(name, `${words} allows ${actions.join(", ")}`);
  const seen = `${words} lacks ${denied.join(", ")}`;
  if (otherwise !== undefined) return passedCheck(name, `${seen}, and a run goes on without: ${otherwise}`);
  const fix = `Allow ${denied.join(", ")} on ${resources.map(patternOf).join(" and ")} in the policies of ${arn}.`;
  return { name, verdict: "NG", seen, fix, lacks: denied };
}

/** A key's ARN as policies name it; undefined for an alias, which policies can't name. */
export function keyArn(key: string | undefined, cluster: string): string | undefined {
  if (key === undefined || key.includes("alias/")) return undefined;
  return key.startsWith("arn:") ? key : arnBeside(cluster, "kms", `key/${key}`);
}

/** The rights that the exec agent needs of the task role (AWS: "ECS Exec prerequisites"). */
function agentRights(cluster: string, exec: ExecConfiguration | undefined): readonly Rights[] {
  const key = keyArn(exec?.kmsKeyId, cluster);
  const group = exec?.logging === "OVERRIDE" ? exec.cloudWatchLogGroup : undefined;
  const bucket = exec?.logging === "OVERRIDE" ? exec.s3Bucket : undefined;
  const prefix = exec?.s3Prefix === undefined ? "" : `${exec.s3Prefix}/`;
  const bucketArn = `arn:${parseArn(cluster)?.partition}:s3:::${bucket}`;
  const rights = (name: string, actions: readonly string[], resource: string): Rights => ({
    ...{ name, actions, resources: [resource] },
  });
  return [
    channelRights("rights to ssmmessages", CHANNEL_ACTIONS),
    ...(key === undefined ? [] : [rights("right to the session key", ["kms:Decrypt"], key)]),
    ...(group === undefined ? [] : [groupRights(group, cluster)]),
    ...(group === undefined || exec?.cloudWatchEncryption !== true
      ? []
      : [rights("right to see log encryption", ["logs:DescribeLogGroups"], "*")]),
    ...(bucket === undefined
      ? []
      : [rights("right to the log bucket", ["s3:PutObject"], `${bucketArn}/${prefix}ecs-execute-command-*`)]),
    ...(bucket === undefined || exec?.s3Encryption !== true
      ? []
      : [rights("right to see bucket encryption", ["s3:GetEncryptionConfiguration"], bucketArn)]),
  ];
}

/**
 * The rights to the log of the container itself, to which the agent writes with logging DEFAULT. When the input `logs` does not name
 * that log, a run goes on without it.
 */
function ownLogRights(
  { definition, container }: CheckFacts,
  cluster: string,
  { exec, wanted }: Omit<RoleContext, "iam">,
): readonly Rights[] {
  const own = definition?.containers.find(({ name }) => name === container)?.awslogs;
  if (exec?.logging !== "DEFAULT" || own === undefined) return [];
  const otherwise = "its sessions are not in the log of the container, and the step has no 'log-url'";
  return [{ ...groupRights(own.group, cluster), ...(wanted !== "cloudwatch" && { otherwise }) }];
}

function groupRights(group: string, cluster: string): Rights {
  return {
    name: "rights to the log group",
    actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
    resources: [arnBeside(cluster, "logs", `log-group:${group}:log-stream:ecs-execute-command-*`)],
  };
}
