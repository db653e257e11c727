import type { ExecConfiguration } from "../../aws/ecs.ts";
import type { Iam } from "../../aws/iam.ts";
import { Failure } from "../../errors.ts";
import { parseArn } from "../../targets/arn.ts";
import type { Check, CheckFacts } from "./check.ts";

/** Actions of the exec agent, which needs them in the task role (AWS: "ECS Exec prerequisites"). */
interface Right {
  readonly what: string;
  readonly actions: readonly string[];
  readonly resource: string;
}

const MESSAGES = ["CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"];

/**
 * Checks by IAM's policy simulator that the task role allows the agent's actions. Returns no checks without a task
 * role.
 */
export async function roleChecks(
  { task, definition }: CheckFacts,
  { iam, exec }: { readonly iam: Iam; readonly exec: ExecConfiguration | undefined },
): Promise<readonly Check[]> {
  const role = task.taskRoleArn ?? definition?.taskRoleArn;
  if (role === undefined || parseArn(role) === undefined) return [];
  return await Promise.all(rightsNeeded(task.arn, exec).map((right) => checkRight(role, right, iam)));
}

function rightsNeeded(taskArn: string, exec: ExecConfiguration | undefined): readonly Right[] {
  const { partition = "aws", region = "", account = "" } = parseArn(taskArn) ?? {};
  const kms = exec?.kmsKeyId;
  const key =
    kms === undefined || kms.startsWith("arn:")
      ? kms
      : `arn:${partition}:kms:${region}:${account}:key/${kms}`;
  const group = exec?.logging === "OVERRIDE" ? exec.cloudWatchLogGroup : undefined;
  const bucket = exec?.logging === "OVERRIDE" ? exec.s3Bucket : undefined;
  const prefix = exec?.s3Prefix === undefined ? "" : `${exec.s3Prefix}/`;
  return [
    { what: "rights to ssmmessages", actions: MESSAGES.map((name) => `ssmmessages:${name}`), resource: "*" },
    // An alias can't be simulated, because policies name the key itself.
    ...(key === undefined || key.includes("alias/")
      ? []
      : [{ what: "right to the session key", actions: ["kms:Decrypt"], resource: key }]),
    ...(group === undefined
      ? []
      : [
          {
            what: "rights to the log group",
            actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
            resource: `arn:${partition}:logs:${region}:${account}:log-group:${group}:log-stream:ecs-execute-command-*`,
          },
        ]),
    ...(bucket === undefined
      ? []
      : [
          {
            what: "right to the log bucket",
            actions: ["s3:PutObject"],
            resource: `arn:${partition}:s3:::${bucket}/${prefix}ecs-execute-command-*`,
          },
        ]),
  ];
}

async function checkRight(role: string, { what, actions, resource }: Right, iam: Iam): Promise<Check> {
  try {
    const denied = await iam.denied(role, actions, resource);
    const fix = `Allow ${denied.join(", ")} on ${resource} in the policies of ${role}.`;
    if (denied.length > 0)
      return { what, state: "NG", words: `the task role lacks ${denied.join(", ")}`, fix };
    return { what, state: "OK", words: `the task role allows ${actions.join(", ")}`, fix };
  } catch (error) {
    if (!(error instanceof Failure) || error.code === "cancelled") throw error;
    const fix = `Allow ${actions.join(", ")} on ${resource} in the policies of ${role}.`;
    return { what, state: "SKIP", words: `not known: ${error.seen}`, fix };
  }
}
