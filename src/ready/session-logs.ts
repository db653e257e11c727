import type { Cluster, Ecs, ExecConfiguration } from "../aws/ecs.ts";
import { isUnreadableDefinition } from "../aws/missing.ts";
import { Failure, isDenied } from "../errors.ts";
import type { Inputs } from "../inputs/inputs.ts";
import type { Log } from "../log.ts";

/** A log to which the agent uploads the transcripts of a container's sessions. */
export type SessionLog =
  | {
      readonly kind: "cloudwatch";
      readonly group: string;
      /** With logging DEFAULT nobody has asked for a log, so the task role often lacks the rights to write it. */
      readonly mayBeMissing?: true;
    }
  | { readonly kind: "s3"; readonly bucket: string; readonly prefix: string | undefined };

/** The logs of a container's sessions, CloudWatch before S3. Empty when the sessions are not logged. */
export type SessionLogs = readonly SessionLog[];

interface LookContext<Call extends keyof Ecs> {
  readonly ecs: Pick<Ecs, Call>;
  readonly log: Log;
  /** The input `logs`. A missing right to look is a failure only when the input names a log. */
  readonly wanted: Inputs["logs"];
}

/**
 * Describes the cluster; undefined when the caller may not. Fails with `logs-not-configured` when the input `logs`
 * names a log that the sessions don't have. With logging DEFAULT the task definition decides on the log, and
 * `findSessionLogs` checks it.
 */
export async function lookAtCluster(
  cluster: string,
  { ecs, log, wanted }: LookContext<"describeCluster">,
): Promise<Cluster | undefined> {
  const answer = await unlessDenied(wanted, log, () => ecs.describeCluster(cluster));
  if (answer !== undefined && answer.exec.logging !== "DEFAULT")
    requireLog(wanted, logsOf(answer.exec), answer.exec.logging);
  return answer;
}

/**
 * Where the sessions of this container are logged. With logging DEFAULT, and in a cluster without a configuration,
 * that is the log group of the container's own awslogs driver. Undefined when the caller may not look, or when the definition
 * was deleted. Fails like `lookAtCluster`.
 */
export async function findSessionLogs(
  exec: ExecConfiguration | undefined,
  task: { readonly taskDefinitionArn: string; readonly container: string },
  { ecs, log, wanted }: LookContext<"describeTaskDefinition">,
): Promise<SessionLogs | undefined> {
  if (exec === undefined) return undefined;
  if (exec.logging === "NONE") return [];
  if (exec.logging === "OVERRIDE") return logsOf(exec);
  const definition = await unlessDenied(wanted, log, () =>
    ecs.describeTaskDefinition(task.taskDefinitionArn),
  );
  if (definition === undefined) return undefined;
  const group = definition.containers.find(({ name }) => name === task.container)?.awslogs?.group;
  const doubt = wanted !== "cloudwatch" && { mayBeMissing: true as const };
  const logs: SessionLogs = group === undefined ? [] : [{ kind: "cloudwatch", group, ...doubt }];
  requireLog(wanted, logs, exec.logging);
  return logs;
}

/** The logs that the cluster itself names. */
export function logsOf({
  cloudWatchLogGroup: group,
  s3Bucket: bucket,
  s3Prefix: prefix,
}: ExecConfiguration): SessionLogs {
  return [
    ...(group === undefined ? [] : [{ kind: "cloudwatch", group } as const]),
    ...(bucket === undefined ? [] : [{ kind: "s3", bucket, prefix } as const]),
  ];
}

/** Whether the input `logs` names a log, which then has to be configured. */
export function isLogKind(wanted: Inputs["logs"]): wanted is SessionLog["kind"] {
  return wanted === "cloudwatch" || wanted === "s3";
}

function requireLog(wanted: Inputs["logs"], logs: SessionLogs, logging: string): void {
  if (!isLogKind(wanted)) return;
  if (logs.some(({ kind }) => kind === wanted)) return;
  const setting = settingOf(wanted);
  throw new Failure("logs-not-configured", {
    failed: `Input 'logs' is '${wanted}', but the sessions of this cluster are not logged there.`,
    seen: `The cluster's executeCommandConfiguration has logging ${logging} and names no ${setting}.`,
    advice: adviceOn(setting),
  });
}

function settingOf(wanted: SessionLog["kind"]): string {
  return wanted === "cloudwatch" ? "cloudWatchLogGroupName" : "s3BucketName";
}

function adviceOn(setting: string): string {
  return `Set logging to OVERRIDE with a ${setting} in the cluster's executeCommandConfiguration, or use 'logs: auto'.`;
}

/** Undefined when the look was in vain. Fails when the input `logs` names a log: then the look is needed. */
async function unlessDenied<T>(
  wanted: Inputs["logs"],
  log: Log,
  look: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    if (!isUnreadableDefinition(error)) throw error;
    if (isLogKind(wanted)) throw isDenied(error) ? error : logOfDeleted(error, wanted);
    log.info(`The logs of the sessions are not known. ${error.failed}`);
    return undefined;
  }
}

function logOfDeleted({ failed, seen, cause }: Failure, wanted: SessionLog["kind"]): Failure {
  return new Failure("logs-not-configured", {
    failed: `Input 'logs' is '${wanted}', but the log of this task's sessions is not known: the task's definition was deleted.`,
    seen: `${failed} ${seen} With logging DEFAULT the definition names the log.`,
    advice: adviceOn(settingOf(wanted)),
    cause,
  });
}
