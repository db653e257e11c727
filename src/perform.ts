import { randomBytes } from "node:crypto";
import { awsClients } from "./aws/clients.ts";
import { type Ecs, ecsCalls, type ExecConfiguration } from "./aws/ecs.ts";
import { kmsCalls } from "./aws/kms.ts";
import { logsCalls } from "./aws/logs.ts";
import { s3Calls } from "./aws/s3.ts";
import { systemClock as clock } from "./clock.ts";
import { Failure } from "./errors.ts";
import type { Inputs } from "./inputs/inputs.ts";
import { Extractor } from "./output/extract.ts";
import { Printer } from "./output/printer.ts";
import { logPlace, requireLog, transcript } from "./output/transcript.ts";
import { bootstrapCommand } from "./payload/bootstrap.ts";
import { sessionInput, tooShortToRedact } from "./payload/input.ts";
import { makePayload, type Payload } from "./payload/payload.ts";
import { shellFor } from "./payload/shebang.ts";
import { delivery, stage, unstage } from "./payload/stage.ts";
import { connect } from "./ready/connect.ts";
import { taskStopped } from "./ready/stopped.ts";
import { waitUntilReady } from "./ready/wait.ts";
import { endedResult, failedResult, type Known, type Result } from "./report/result.ts";
import { runnerLog as log } from "./runner.ts";
import { withoutStatus } from "./session/ending.ts";
import { type Followed, followJob, followTranscript } from "./session/follow.ts";
import { openSession } from "./session/session.ts";
import type { Ledger } from "./state.ts";
import { isEnding } from "./target/choose.ts";
import { resolveTarget } from "./target/resolve.ts";
import type { Origin } from "./target/start.ts";
import type { Target } from "./target/target.ts";
import { jobEnvironment, workerCount } from "./workflow.ts";

export interface PerformContext {
  readonly inputs: Inputs;
  readonly origin: Origin;
  readonly ledger: Ledger;
  readonly cancel: AbortSignal;
  /** Filled in as things become known, so that a failure can be told with them. */
  readonly known: Known;
}

/** The phases between valid inputs and a result. Throws a `Failure` for what ends the run before its job has ended. */
export async function performJob(context: PerformContext): Promise<Result> {
  const { inputs, origin, ledger, cancel, known } = context;
  const aws = awsClients({ region: inputs.region, signal: cancel });
  const [ecs, s3, logs, kms] = [ecsCalls(aws), s3Calls(aws), logsCalls(aws), kmsCalls(aws)];
  const waiting = { ecs, clock, log, signal: cancel };
  const workspace = process.env["GITHUB_WORKSPACE"] ?? process.cwd();

  // A new task is not started for a log that isn't there.
  const early =
    inputs.where.kind === "task-definition"
      ? await execConfiguration(ecs, inputs.cluster, inputs)
      : undefined;
  const onUndo = (undo: Parameters<Ledger["replace"]>[1]): void =>
    ledger.replace(["task", "task-definition"], undo);
  const target = await resolveTarget({ inputs, ecs, log, origin, workspace, onUndo });
  known.target = target;
  const deadline = clock.now() + inputs.startTimeout;
  const exec = early ?? (await execConfiguration(ecs, target.clusterArn, inputs));

  const payload = makeJob(context, target);
  const to = delivery({ inputs, runId: origin.id }, payload);
  const [task] = await Promise.all([
    waitUntilReady(target, deadline, waiting),
    stage(payload, to, { inputs, runId: origin.id, s3, ledger }),
  ]);

  const command = bootstrapCommand({ runId: origin.id, at: 0, payload, delivery: to });
  const ticket = await connect(target, command, deadline, waiting);
  known.sessionId = ticket.sessionId;
  known.log = logPlace(exec, ticket.sessionId, inputs.region);
  log.info(`Session ${ticket.sessionId}${known.log === undefined ? "" : `, logged in ${known.log.name}`}.`);

  const runtimeId = task.containers.find(({ name }) => name === target.container)?.runtimeId ?? "";
  const session = await openSession({
    ...ticket,
    targetId: `ecs:${target.clusterName}_${target.taskId}_${runtimeId}`,
    aws,
    log,
    clock,
    wantDataKey: ({ keyId, encryptionContext }) => kms.generateDataKey(keyId, encryptionContext),
  });
  const printer = new Printer({
    write: (bytes) => process.stdout.write(bytes),
    workflowCommands: inputs.workflowCommands,
  });
  const nonce = randomBytes(16).toString("hex");
  const fromLog = inputs.logs === "cloudwatch" || inputs.logs === "s3" ? inputs.logs : undefined;
  let followed = await followJob(session, {
    extractor: new Extractor(nonce),
    input: (isNew) =>
      sessionInput({
        nonce,
        payload: isNew && to.kind === "session" ? payload : undefined,
        secrets: inputs.secrets,
      }),
    onAttached: () => {
      known.attached = true;
      // Whatever goes wrong here, the cleanup tries again and says so.
      unstage(s3, ledger).catch(() => undefined);
    },
    onText: (text) => {
      if (fromLog === undefined) printer.print(text);
    },
    clock,
    cancel,
  });
  if (fromLog !== undefined && exec !== undefined && followed.kind === "status") {
    log.info(`The job has ended; reading its output from ${known.log?.name ?? fromLog}.`);
    const bytes = transcript(fromLog, exec, ticket.sessionId, { logs, s3, clock, signal: cancel });
    followed = await followTranscript(bytes, {
      extractor: new Extractor(nonce),
      onText: (text) => printer.print(text),
    });
  }
  printer.end();
  known.stdout = printer.stdout;
  aws.destroy();
  return await concluded(followed, { ecs, cancel, known, target, sessionId: ticket.sessionId });
}

/** How the cluster logs its sessions. Who may not look has no use for it, unless the output is to come from there. */
async function execConfiguration(
  ecs: Pick<Ecs, "describeCluster">,
  cluster: string,
  { logs }: Pick<Inputs, "logs">,
): Promise<ExecConfiguration | undefined> {
  try {
    const { exec, name } = await ecs.describeCluster(cluster);
    if (logs === "cloudwatch" || logs === "s3") requireLog(logs, exec, name);
    return exec;
  } catch (error) {
    const optional = logs === "auto" || logs === "session";
    if (!optional || !(error instanceof Failure) || error.code !== "access-denied") throw error;
    log.info(`Where the cluster logs its sessions is not known. ${error.seen}`);
    return undefined;
  }
}

function makeJob({ inputs, origin }: PerformContext, target: Target): Payload {
  const workers = workerCount(inputs.workers, target.cpuUnits);
  const script =
    inputs.script.kind === "run" ? Buffer.from(inputs.script.text) : Buffer.from(inputs.script.bytes);
  const short = tooShortToRedact(inputs.secrets);
  if (short.length > 0) log.warning(`Too short to be redacted, in whole or in part: ${short.join(", ")}.`);
  return makePayload(
    {
      runId: origin.id,
      workers,
      timeoutSeconds: Math.ceil(inputs.timeout / 1000),
      shell: shellFor(inputs.shell, script),
      args: inputs.args,
      workingDirectory: inputs.workingDirectory,
      env: inputs.env,
      ownEnv: jobEnvironment({ runId: origin.id, workers }, process.env),
      clusterName: target.clusterName,
      taskArn: target.taskArn,
      container: target.container,
      runUrl: origin.url,
    },
    script,
  );
}

interface Conclusion {
  readonly ecs: Pick<Ecs, "describeTask">;
  readonly cancel: AbortSignal;
  readonly known: Known;
  readonly target: Target;
  readonly sessionId: string;
}

/** The job's own status, else why there is none: the task's end before the session's. */
async function concluded(
  followed: Followed,
  { ecs, cancel, known, target, sessionId }: Conclusion,
): Promise<Result> {
  if (followed.kind === "status" && followed.status.kind === "ended")
    return endedResult(followed.status, known);
  cancel.throwIfAborted();
  const task = await ecs.describeTask(target.clusterArn, target.taskArn);
  if (task !== undefined && isEnding(task)) return failedResult(taskStopped(task), known);
  if (followed.kind === "status") {
    const { text } = followed.status as { text: string };
    return failedResult(withoutStatus({ kind: "refused", code: "job", text }, target, sessionId), known);
  }
  return failedResult(withoutStatus(followed, target, sessionId), known);
}
