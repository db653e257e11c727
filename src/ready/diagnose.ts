import type { Ecs, ExecConfiguration } from "../aws/ecs.ts";
import type { Ec2 } from "../aws/ec2.ts";
import type { Iam } from "../aws/iam.ts";
import {
  EncryptionRefused,
  Failure,
  type FailureCode,
  type Reader,
  TaskStopped,
  wordsFor,
} from "../errors.ts";
import type { Log } from "../log.ts";
import type { Target } from "../targets/target.ts";
import type { Check } from "./checks/check.ts";
import { holdEnded, isHoldEnded } from "./hold-ended.ts";
import { checkContainer } from "./checks/container.ts";
import { addressOfTask } from "./checks/public-address.ts";
import { checkNetwork, findNetworkOfInterface } from "./checks/network.ts";
import { checkRole } from "./checks/role.ts";
import { checkLine } from "./checks/check.ts";
import { judgeTask } from "./verdict.ts";

export interface DiagnoseContext {
  readonly ecs: Pick<Ecs, "describeTask" | "describeTaskDefinition">;
  readonly ec2: Ec2;
  readonly iam: Iam;
  readonly log: Log;
  /** How the cluster encrypts and logs its sessions; undefined when the caller may not describe the cluster. */
  readonly exec: ExecConfiguration | undefined;
  readonly reader: Reader;
}

/**
 * The failures that the settings of the task, its role or its network may explain. `exec-not-enabled` explains
 * itself.
 */
const OF_EXEC: ReadonlySet<FailureCode> = new Set([
  "exec-agent-stopped",
  "exec-not-ready",
  "container-blocked",
]);

/**
 * Explains why ECS Exec did not work: runs the checks of what ECS Exec needs, logs each one, and adds those that are NG to
 * the failure. Returns the failure unchanged if it has another cause, or if the task can no longer be described. If the task is ending by now,
 * returns that as the failure.
 */
export async function diagnose(failure: Failure, target: Target, context: DiagnoseContext): Promise<Failure> {
  const { log, ecs } = context;
  if (failure instanceof TaskStopped) return await explainEndedHold(failure, target, ecs);
  if (!OF_EXEC.has(failure.code) && !(failure instanceof EncryptionRefused)) return failure;
  const task = await unlessFailed(ecs.describeTask(target.clusterArn, target.taskArn));
  if (task === undefined) return failure;
  const verdict = judgeTask(task, target.container);
  // An encryption that was refused explains itself, whatever becomes of the task.
  if (OF_EXEC.has(failure.code) && verdict.kind === "never" && verdict.failure instanceof TaskStopped)
    return await explainEndedHold(verdict.failure, target, ecs);
  const definition = await unlessFailed(ecs.describeTaskDefinition(task.taskDefinitionArn), (why) =>
    log.info(`The task definition can't be read. ${why.failed}`),
  );
  const facts = { task, container: target.container, definition };
  const network = await findNetworkOfInterface(task.networkInterfaceId, context.ec2);
  const checks = [
    ...checkContainer(facts),
    ...(await checkRole(facts, task.arn, context)),
    ...(await checkNetwork(network, context.ec2, {
      address: addressOfTask(task, target.started),
    })),
  ];

  log.phase();
  log.info(`What ECS Exec needs, in container '${target.container}' of task ${target.taskId}:`);
  for (const check of checks) log.info(checkLine(check, context.reader));
  return withChecks(failure, checks, context.reader);
}

function withChecks(failure: Failure, checks: readonly Check[], reader: Reader): Failure {
  const wrong = checks.filter((check) => check.verdict === "NG").filter(({ isCause = true }) => isCause);
  const found = wrong.map(({ name, seen }) => `${name} NG (${seen})`).join("; ");
  const fixes = wrong.map(({ fix }) => wordsFor(reader, fix));
  // What is found is the cause: all else that such a failure may come from would only hide it.
  const isExplained = failure.code === "exec-not-ready" && fixes.length > 0;
  return failure.withParts({
    seen: isExplained
      ? `Checks: ${found}.`
      : `${failure.seen} Checks: ${found || "nothing wrong that can be seen"}.`,
    advice: (isExplained ? fixes : [...fixes, failure.advice]).join(" "),
  });
}

/** The failure `hold-ended`, when the ENTRYPOINT may explain the end of a container that a command alone held. Any other failure stays. */
async function explainEndedHold(
  failure: TaskStopped,
  target: Target,
  { describeTask, describeTaskDefinition }: DiagnoseContext["ecs"],
): Promise<Failure> {
  const { hold } = target;
  if (hold?.by !== "command" || !isHoldEnded(failure, target.container)) return failure;
  const task = await unlessFailed(describeTask(target.clusterArn, target.taskArn));
  const definition = task && (await unlessFailed(describeTaskDefinition(task.taskDefinitionArn)));
  return holdEnded(failure, target, hold.because, definition);
}

/** Undefined when the look fails, so that the other checks still run. */
async function unlessFailed<T>(
  look: Promise<T>,
  say: (why: Failure) => void = () => undefined,
): Promise<T | undefined> {
  try {
    return await look;
  } catch (error) {
    if (!(error instanceof Failure) || error.code === "cancelled") throw error;
    say(error);
    return undefined;
  }
}
