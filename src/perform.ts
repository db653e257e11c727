import { randomBytes } from "node:crypto";
import { awsClients } from "./aws/clients.ts";
import { ecsCalls } from "./aws/ecs.ts";
import { kmsCalls } from "./aws/kms.ts";
import { logsCalls } from "./aws/logs.ts";
import { s3Calls } from "./aws/s3.ts";
import { ssmCalls } from "./aws/ssm.ts";
import { systemClock as clock } from "./clock.ts";
import { asFailure } from "./errors.ts";
import type { Inputs } from "./inputs/inputs.ts";
import { Extractor } from "./output/extract.ts";
import { lookAtCluster, type SessionLogs, sessionLogs } from "./output/logging.ts";
import { Printer } from "./output/printer.ts";
import { readLogs } from "./output/read-logs.ts";
import { logPlace } from "./output/transcript.ts";
import { bootstrapCommand } from "./payload/bootstrap.ts";
import { sessionInput, tooShortToRedact } from "./payload/input.ts";
import { makePayload, type Payload } from "./payload/payload.ts";
import { shellFor } from "./payload/shebang.ts";
import { delivery, stage, unstage } from "./payload/stage.ts";
import { connect } from "./ready/connect.ts";
import { waitUntilReady } from "./ready/wait.ts";
import { endedResult, failedResult, type Known, type Result } from "./report/result.ts";
import { runnerLog as log } from "./runner.ts";
import { attend, type Attended } from "./session/attend.ts";
import { withoutStatus } from "./session/ending.ts";
import type { Followed } from "./session/follow.ts";
import { openSession, type Session } from "./session/session.ts";
import type { Ledger } from "./state.ts";
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

/** Bytes of output that wait before they are packed: a quarter of a second of the agent's pace. */
const PACK_ABOVE = 256 * 1024;
/** For a container to stop a job at its timeout and to say so. */
const AFTER_TIMEOUT_MS = 60_000;
/** The agent uploads a transcript some seconds after its session's end. */
const LOG_PATIENCE_MS = 90_000;
/** The same, when it is only a last resort. */
const FALLBACK_PATIENCE_MS = 20_000;

/** The phases between valid inputs and a result. Throws a `Failure` for what ends the run before its job has begun. */
export async function performJob(context: PerformContext): Promise<Result> {
  const { inputs, origin, ledger, cancel, known } = context;
  const aws = awsClients({ region: inputs.region, signal: cancel });
  const [ecs, s3, logs, kms, ssm] = [
    ecsCalls(aws),
    s3Calls(aws),
    logsCalls(aws),
    kmsCalls(aws),
    ssmCalls(aws),
  ];
  const waiting = { ecs, clock, log, signal: cancel };
  const looking = { ecs, log, wanted: inputs.logs };

  // Which task. A new one is not started for a log that nobody writes.
  const isNew = inputs.where.kind === "task-definition";
  const early = isNew ? await lookAtCluster(inputs.cluster, looking) : undefined;
  const workspace = process.env["GITHUB_WORKSPACE"] ?? process.cwd();
  const onUndo = (undo: Parameters<Ledger["replace"]>[1]): void =>
    ledger.replace(["task", "task-definition"], undo);
  const target = await resolveTarget({ inputs, ecs, log, origin, workspace, onUndo });
  known.target = target;
  const exec = isNew ? early : await lookAtCluster(target.clusterArn, looking);

  // Bring the script on its way while the task gets ready.
  const deadline = clock.now() + inputs.startTimeout;
  const payload = makeJob(context, target);
  const to = delivery({ inputs, runId: origin.id }, payload);
  const [task] = await Promise.all([
    waitUntilReady(target, deadline, waiting),
    stage(payload, to, { inputs, runId: origin.id, s3, ledger }),
  ]);
  known.target = { ...target, privateIp: task.privateIp };
  const places = await sessionLogs(exec, { ...task, container: target.container }, looking);

  // One session after the other, until the job has ended.
  const runtimeId = task.containers.find(({ name }) => name === target.container)?.runtimeId ?? "";
  const pack = packAbove(inputs, places);
  const open = async (at: number, until: number): Promise<Session> => {
    const command = bootstrapCommand({ runId: origin.id, at, packAbove: pack, payload, delivery: to });
    const ticket = await connect(target, command, until, waiting);
    known.sessionIds.push(ticket.sessionId);
    known.log = logPlace(places, ticket.sessionId, inputs.region);
    log.info(`Session ${ticket.sessionId}${known.log === undefined ? "" : `, logged in ${known.log.name}`}.`);
    return await openSession({
      ...ticket,
      targetId: `ecs:${target.clusterName}_${target.taskId}_${runtimeId}`,
      aws,
      log,
      clock,
      wantDataKey: ({ keyId, encryptionContext }) => kms.generateDataKey(keyId, encryptionContext),
    });
  };
  const nonce = randomBytes(16).toString("hex");
  const printer = new Printer({
    write: (bytes) => process.stdout.write(bytes),
    workflowCommands: inputs.workflowCommands,
  });
  const fromLog = inputs.logs === "cloudwatch" || inputs.logs === "s3" ? inputs.logs : undefined;
  const extractor = new Extractor(nonce);
  const first = await open(0, deadline);
  const until = clock.now() + inputs.timeout + AFTER_TIMEOUT_MS;
  let followed: Attended = await attend(first, {
    ecs,
    target,
    log,
    clock,
    cancel,
    until,
    extractor,
    input: (isNew) => {
      const typed = isNew && to.kind === "session" ? payload : undefined;
      return sessionInput({ nonce, payload: typed, secrets: inputs.secrets });
    },
    attach: (at) => open(at, until),
    terminate: (sessionId) => terminate(ssm, sessionId),
    onAttached: () => {
      known.attached = true;
      // Whatever goes wrong here, the cleanup tries again and says so.
      unstage(s3, ledger).catch(() => undefined);
    },
    onNote: (text) => log.info(text),
    onText: (text) => {
      if (fromLog === undefined) printer.print(text);
    },
  }).catch((error: unknown) => ({ kind: "task-ended", failure: asFailure(error) }) as const);

  // The logs, where they are asked for, or where no session can tell the end any more.
  const reading = { places, sessionIds: known.sessionIds, logs, s3, clock, signal: cancel, log };
  const onText = printer.print.bind(printer);
  if (fromLog !== undefined && known.attached && !cancel.aborted) {
    log.info(`The job has ended; reading its output from ${known.log?.name ?? fromLog}.`);
    const own = { extractor: new Extractor(nonce), onText, patience: LOG_PATIENCE_MS };
    followed = await readLogs(fromLog, { ...reading, ...own });
  } else if (followed.kind !== "status" && known.attached && known.log !== undefined && !cancel.aborted) {
    log.info(`No session tells how the job ended; looking in ${known.log.name}.`);
    const from = places.cloudWatchLogGroup === undefined ? "s3" : "cloudwatch";
    const found = await readLogs(from, { ...reading, extractor, onText, patience: FALLBACK_PATIENCE_MS });
    if (found.kind === "status") followed = found;
  }
  printer.end();
  known.stdout = printer.stdout;
  aws.destroy();
  cancelledUnlessEnded(followed, cancel);
  return concluded(followed, target, known);
}

/** A log of the session stays readable: then nothing is packed unless it is asked for. */
function packAbove({ transport }: Pick<Inputs, "transport">, places: SessionLogs): number | undefined {
  if (transport === "packed") return 0;
  const logged = places.cloudWatchLogGroup !== undefined || places.s3Bucket !== undefined;
  return transport === "plain" || logged ? undefined : PACK_ABOVE;
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

async function terminate(ssm: ReturnType<typeof ssmCalls>, sessionId: string): Promise<void> {
  try {
    await ssm.terminateSession(sessionId);
  } catch (error) {
    const { seen } = asFailure(error);
    log.info(
      `The old session can't be ended from here, so the new one may have to wait for its place. ${seen}`,
    );
  }
}

function cancelledUnlessEnded(followed: Attended, cancel: AbortSignal): void {
  if (followed.kind !== "status") cancel.throwIfAborted();
}

/** The job's own status, else why there is none. */
function concluded(followed: Attended, target: Target, known: Known): Result {
  switch (followed.kind) {
    case "status":
      return followed.status.kind === "ended"
        ? endedResult(followed.status, known)
        : failedResult(withoutStatus(refusal(followed.status.text), target, ""), known);
    case "task-ended":
      return failedResult(followed.failure, known);
    default:
      return failedResult(withoutStatus(followed, target, known.sessionIds.at(-1) ?? ""), known);
  }
}

function refusal(text: string): Extract<Followed, { kind: "refused" }> {
  return { kind: "refused", code: "job", text };
}
