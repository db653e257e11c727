import type { Inputs, ScriptSource, StartInputs } from "../inputs/inputs.ts";
import type { PackedFiles } from "./files/pack-files.ts";
import type { Log } from "../log.ts";
import type { Origin } from "../inputs/origin.ts";
import type { Target } from "../targets/target.ts";
import { jobEnvironment } from "./environment.ts";
import { jobText } from "./job-text.ts";
import { cutsOf, makePayload, type Payload } from "./payload.ts";
import { tooShortToRedact } from "./redaction.ts";
import { shellFor } from "./shebang.ts";
import { workerCount } from "./workers.ts";

/** The seconds between two looks of a container for an order in S3. */
const ORDER_PACE_S = 1;

interface AssemblyContext {
  readonly origin: Origin;
  readonly target: Target;
  /** S3 may carry the output. */
  readonly pieces: boolean;
  readonly files: PackedFiles | undefined;
  /** The script runs for these. */
  readonly items?: readonly string[] | undefined;
  readonly log: Log;
}

/**
 * The payload for this target. The target decides the number of workers and the header. Warns of secrets that can't be
 * redacted.
 */
export function assemblePayload(
  inputs: Inputs,
  { origin, target, pieces, files, items, log }: AssemblyContext,
): Payload {
  const workers = workerCount(inputs.workers, target.cpuUnits);
  const script = scriptBytes(inputs.script);
  const list = items && Buffer.from(items.map((item) => `${item}\n`).join(""));
  const parts = { script, input: inputs.stdin, items: list, files: files?.bytes };
  const short = tooShortToRedact(inputs.secrets);
  if (short.length > 0)
    log.warning(
      `These secrets have a line that is too short to be redacted: ${short.join(", ")}.`,
      "security.md#redaction",
    );
  const job = jobText({
    runId: origin.id,
    workers,
    timeoutSeconds: Math.ceil(inputs.timeout / 1000),
    waitSeconds: Math.ceil(waitForOthersMs(inputs, target) / 1000),
    hasFence: inputs.lock !== undefined,
    pieces,
    logToContainer: inputs.logToContainer,
    detaches: inputs.detach !== undefined,
    isHeldForJob: inputs.detach !== undefined && isForJobAlone(inputs.where),
    keepsTask: target.started && inputs.where.kind === "new" && keepsForJob(inputs.where.start),
    keepsForShell: target.started && inputs.where.kind === "new" && inputs.where.start.keepTask !== "never",
    cuts: cutsOf(parts),
    items: items && { count: items.length, pace: ORDER_PACE_S },
    files,
    artifacts: inputs.artifacts,
    shell: shellFor(inputs.shell, script),
    args: inputs.args,
    workingDirectory: inputs.workingDirectory,
    mergesStderr: inputs.stderr === "merged",
    user: inputs.user,
    env: inputs.env,
    ownEnv: jobEnvironment({ runId: origin.id, workers, ...origin.fanOut }, origin.variables),
    clusterName: target.clusterName,
    taskArn: target.taskArn,
    container: target.container,
    runUrl: origin.url,
  });
  return makePayload(job, parts);
}

/** Whether the task lives on for later steps of the workflow's job. */
function keepsForJob({ hold, keepTask }: StartInputs): boolean {
  return hold && keepTask === "job";
}

/** Whether a task is started for the job alone, and held for it. */
function isForJobAlone(where: Inputs["where"]): boolean {
  return where.kind === "new" && where.start.hold && where.start.keepTask === "never";
}

function scriptBytes(script: ScriptSource): Buffer {
  switch (script.kind) {
    case "run":
      return Buffer.from(script.text);
    case "file":
      return Buffer.from(script.bytes);
    case "none":
      return Buffer.alloc(0);
  }
}

/**
 * How long the job waits in the container for jobs of other runs that have lost their readers, in milliseconds:
 * `queue-timeout`. In a task that this run has started it is 0, because no other run knows the task.
 */
export function waitForOthersMs(
  { queueTimeout }: Pick<Inputs, "queueTimeout">,
  { started }: Pick<Target, "started">,
): number {
  return started ? 0 : queueTimeout;
}
