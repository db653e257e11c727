import type { ExecConfiguration } from "../../aws/ecs.ts";
import type { Iam } from "../../aws/iam.ts";
import { parseArn } from "../../targets/arn.ts";
import { type Check, lookAt, unanswered } from "./check.ts";
import { type CheckFacts, taskRoleOf } from "./facts.ts";

/** Rights that belong together, of a role or a user. */
export interface Rights {
  readonly name: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  /** Values of the condition keys that policies for these actions use. */
  readonly context?: Readonly<Record<string, string>>;
}

/** Whose rights are asked about: `words` is its name in a message. */
export interface Principal {
  readonly arn: string;
  readonly words: string;
}

const MESSAGES = ["CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"];

/**
 * Whether the task role allows what the agent does, by IAM's policy simulator. No checks without a task role. `place` is
 * any ARN of the task's region and account.
 */
export async function roleChecks(
  facts: CheckFacts,
  place: string,
  { iam, exec }: { readonly iam: Pick<Iam, "denied">; readonly exec: ExecConfiguration | undefined },
): Promise<readonly Check[]> {
  const role = roleArn(taskRoleOf(facts), place);
  if (role === undefined) return [];
  const principal = { arn: role, words: "the task role" };
  return await Promise.all(agentRights(place, exec).map((rights) => checkRights(principal, rights, iam)));
}

/** The ARN of a role that is given by its name or its ARN. */
export function roleArn(role: string | undefined, place: string): string | undefined {
  if (role === undefined || role === "") return undefined;
  if (parseArn(role) !== undefined) return role;
  const { partition, account } = parseArn(place) ?? {};
  return partition && account ? `arn:${partition}:iam::${account}:role/${role}` : undefined;
}

/** What the policies of a role or user allow, by IAM's policy simulator. */
export async function checkRights(
  { arn, words }: Principal,
  { name, actions, resources, context }: Rights,
  iam: Pick<Iam, "denied">,
): Promise<Check> {
  const look = await lookAt(iam.denied(arn, actions, resources, context));
  if ("failure" in look) return unanswered(name, look.failure);
  const denied = look.value;
  const fix = `Allow ${denied.join(", ")} on ${resources.join(" and ")} in the policies of ${arn}.`;
  return denied.length > 0
    ? { name, verdict: "NG", seen: `${words} lacks ${denied.join(", ")}`, fix }
    : { name, verdict: "OK", seen: `${words} allows ${actions.join(", ")}`, fix };
}

/** A key's ARN as policies name it; undefined for an alias, which they can't. */
export function keyArn(key: string | undefined, place: string): string | undefined {
  if (key === undefined || key.includes("alias/")) return undefined;
  const { partition = "aws", region = "", account = "" } = parseArn(place) ?? {};
  return key.startsWith("arn:") ? key : `arn:${partition}:kms:${region}:${account}:key/${key}`;
}

/** What the exec agent does with the task role (AWS: "ECS Exec prerequisites"). */
function agentRights(place: string, exec: ExecConfiguration | undefined): readonly Rights[] {
  const { partition = "aws", region = "", account = "" } = parseArn(place) ?? {};
  const key = keyArn(exec?.kmsKeyId, place);
  const group = exec?.logging === "OVERRIDE" ? exec.cloudWatchLogGroup : undefined;
  const bucket = exec?.logging === "OVERRIDE" ? exec.s3Bucket : undefined;
  const prefix = exec?.s3Prefix === undefined ? "" : `${exec.s3Prefix}/`;
  const logs = `arn:${partition}:logs:${region}:${account}:log-group:`;
  const object = `arn:${partition}:s3:::${bucket}/${prefix}ecs-execute-command-*`;
  const rights = (name: string, actions: readonly string[], resource: string): Rights => ({
    ...{ name, actions, resources: [resource] },
  });
  return [
    rights(
      "rights to ssmmessages",
      MESSAGES.map((name) => `ssmmessages:${name}`),
      "*",
    ),
    ...(key === undefined ? [] : [rights("right to the session key", ["kms:Decrypt"], key)]),
    ...(group === undefined
      ? []
      : [
          rights(
            "rights to the log group",
            ["logs:CreateLogStream", "logs:PutLogEvents"],
            `${logs}${group}:log-stream:ecs-execute-command-*`,
          ),
        ]),
    ...(group === undefined || exec?.cloudWatchEncryption !== true
      ? []
      : [rights("right to see log encryption", ["logs:DescribeLogGroups"], "*")]),
    ...(bucket === undefined ? [] : [rights("right to the log bucket", ["s3:PutObject"], object)]),
    ...(bucket === undefined || exec?.s3Encryption !== true
      ? []
      : [
          rights(
            "right to see bucket encryption",
            ["s3:GetEncryptionConfiguration"],
            `arn:${partition}:s3:::${bucket}`,
          ),
        ]),
  ];
}
