import { randomBytes } from "node:crypto";
import { takePlace, type PlaceClaim } from "./places/place.ts";
import { giveBack } from "./places/give-back.ts";
import { othersUploadFor } from "./places/other-uploads.ts";
import { uploadMs, Uploads } from "./places/uploads.ts";
import type { Aws } from "./aws/calls.ts";
import type { ExecConfiguration } from "./aws/ecs.ts";
import { encryptionOf } from "./channel/encryption.ts";
import type { Clock } from "./clock.ts";
import { asFailure } from "./errors.ts";
import { knownEnd } from "./aws/static-keys.ts";
import { HOLD_SLACK_MS } from "./targets/hold.ts";
import type { Inputs } from "./inputs/inputs.ts";
import { withLogs } from "./logs/job-logs.ts";
import type { Log } from "./log.ts";
import { Extractor } from "./stream/extract.ts";
import type { Write } from "./show/lines.ts";
import { type SessionLogs, sessionLogs } from "./ready/session-logs.ts";
import { Printer } from "./show/printer.ts";
import { logLocation } from "./logs/transcript.ts";
import { bootstrapCommand, type Delivery } from "./payload/bootstrap.ts";
import { typedLoader, typedPayload, typedSecrets, typedStart } from "./payload/input.ts";
import { loaderText } from "./payload/loader.ts";
import { preparePayload, waitForOthers } from "./payload/prepare.ts";
import { delivery, stage, type StagedObject, unstage } from "./payload/stage.ts";
import { bucketOwner } from "./ready/bucket.ts";
import { unopened } from "./ready/unopened.ts";
import { waitUntilReady } from "./ready/wait.ts";
import type { Known } from "./report/result.ts";
import { attend } from "./follow/attend.ts";
import type { JobEnd } from "./follow/job-end.ts";
import { Expiry } from "./follow/expiry.ts";
import { OPENING_MS } from "./follow/follow.ts";
import { isLeft, stopLeft } from "./undo/left.ts";
import { sessionOpener, terminateSession } from "./session/opener.ts";
import type { JobName, StopJobOptions } from "./undo/stop-job.ts";
import type { Ledger } from "./undo/ledger.ts";
import type { Origin } from "./origin.ts";
import { sessionTarget, type Target } from "./targets/target.ts";
import { workerCount } from "./payload/workers.ts";

export interface JobContext {
  readonly inputs: Inputs;
  readonly origin: Origin;
  readonly aws: Aws;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: Log;
  /** Calls that the cancel doesn't cut short: they carry it out. */
  readonly stopping: StopJobOptions["aws"];
  /** Where the job's output goes. */
  readonly write: Write;
  /** Resolves when the runner has read enough of it that more may be written. */
  readonly drained?: (() => Promise<void>) | undefined;
  readonly cancel: AbortSignal;
  /** Whether to wait for the container's place as long as `start-timeout`, or not at all. */
  readonly patient: boolean;
  /** Filled in as things become known, so that a failure can be told with them. */
  readonly known: Known;
}

/** Bytes of output that wait before they are packed: a quarter of a second at the agent's pace. */
const PACK_ABOVE = 256 * 1024;
/** How long a presigned URL is good. */
const ADDRESS_SECONDS = 300;
/** For a container to stop a job at its timeout and to say so. */
const AFTER_TIMEOUT_MS = 60_000;

/**
 * Brings the script into one container, runs it there and follows it to its end. Rejects with a `Failure` for
 * whatever keeps it from being followed; its own end, good or bad, is a value.
 */
export async function runJob(
  target: Target,
  exec: ExecConfiguration | undefined,
  context: JobContext,
): Promise<JobEnd> {
  const { inputs, origin, aws, ledger, clock, log, cancel, known, patient } = context;
  const deadline = clock.now() + inputs.startTimeout;
  cancel.throwIfAborted();
  const payload = preparePayload(inputs, { origin, target, log });
  const owner = bucketOwner(inputs, target.clusterArn);
  const to = delivery({ inputs, owner, runId: origin.id });
  const onObject = (object?: StagedObject): void =>
    ledger.replace(["object"], object === undefined ? [] : [{ kind: "object", ...object }]);
  const staging = stage(payload, to, { kmsKeyId: inputs.kmsKeyId, s3: aws.s3, onObject });
  const ready = waitUntilReady(target, deadline, { ecs: aws.ecs, clock, log, signal: cancel });
  const logged = ready.then(async (task) => {
    known.target = { ...target, privateIp: task.privateIp };
    const where = { ...task, container: target.container };
    return await sessionLogs(exec, where, { ecs: aws.ecs, log, wanted: inputs.logs });
  });
  const [task, places, staged] = await Promise.all([ready, logged, staging]).catch(async (error: unknown) => {
    // What is staged after the cleanup would stay.
    await Promise.allSettled([staging]);
    throw error;
  });

  const runtimeId = task.containers.find(({ name }) => name === target.container)?.runtimeId ?? "";
  const turn = { deadline: patient ? deadline : clock.now(), clock, log, signal: cancel };
  const onClaim = (claim?: PlaceClaim): void =>
    ledger.replace(["claim"], claim === undefined ? [] : [{ kind: "claim", ...claim }]);
  const place = await takePlace({ target, runtimeId, inputs, owner, origin, aws, onClaim, ...turn });

  let job: JobName = {
    cluster: target.clusterArn,
    task: target.taskArn,
    container: target.container,
    run: origin.id,
    sessionTarget: sessionTarget(target, runtimeId),
    encryption: encryptionOf(exec),
  };
  // Without a look at the cluster nobody knows.
  const logs = exec === undefined ? undefined : places;
  const uploads = new Uploads(logs, clock);
  let placeBack: Promise<void> | undefined;
  const givePlaceBack = (): Promise<void> => (placeBack ??= giveBack(place, uploads, { clock, log, cancel }));
  let waited = 0;
  const onJob = (of: Partial<JobName>): void => {
    job = { ...job, ...of };
    // One in a task of ours ends with that.
    if (!target.started) ledger.replace(["job"], [{ kind: "job", ...job }]);
  };
  const nonce = randomBytes(16).toString("hex");
  const packing = packAbove(inputs, places);
  const open = sessionOpener({
    aws,
    target,
    runtimeId,
    encryption: job.encryption,
    command: (at) => bootstrapCommand({ runId: origin.id, at, packAbove: packing, payload, delivery: to }),
    onSession: (id) => {
      known.sessionIds.push(id);
      onJob({ sessionId: id });
      known.log = logLocation(places, id, inputs.region);
      log.info(`Session ${id}${known.log === undefined ? "" : `, logged in ${known.log.name}`}.`);
    },
    clock,
    log,
    cancel,
  });
  const endOf = async (came: JobEnd): Promise<void> => {
    // A call that was cancelled may have begun one all the same.
    const begun = known.sessionIds.length > 0 || cancel.aborted;
    if (begun && isLeft(came, { cancelled: cancel.aborted, started: known.attached }))
      await stopLeft(context);
    else ledger.replace(["job"], []);
  };
  const printer = new Printer({ write: context.write, say: (line) => log.info(line) });
  const workers = workerCount(inputs.workers, target.cpuUnits);
  const newExtractor = (): Extractor => new Extractor(nonce, workers);
  const extractor = newExtractor();
  const until = deadline + waitForOthers(inputs, target) + inputs.timeout + AFTER_TIMEOUT_MS;
  const expiry = expiryOf(target, context);
  // Nobody else can block a task of ours; beside a session that has lost its client ours may have to wait for its end.
  const isPatient = target.started || place.beside;
  const opening = (): number => (isPatient ? Math.max(OPENING_MS, deadline - clock.now()) : OPENING_MS);
  let opened = clock.now();
  onJob({});
  try {
    const attended = await attend({
      ecs: aws.ecs,
      target,
      extractor,
      typed: {
        start: async (missing) => {
          if (missing === undefined) return typedStart(nonce, inputs.secrets);
          const address = await stagedAddress(to, context);
          return typedLoader(nonce, loaderText({ payload, delivery: to, address }));
        },
        payload: () => typedPayload(payload),
        secrets: () => typedSecrets(inputs.secrets),
      },
      attach: async (at) => {
        await uploads.place({ log, signal: cancel });
        const session = await open(at, known.sessionIds.length === 0 ? deadline : until);
        opened = clock.now();
        uploads.expect(session);
        return session;
      },
      moreTime: async () => {
        const asked = {
          sessionTarget: job.sessionTarget,
          sessionId: known.sessionIds.at(-1) ?? "",
          logged: uploadMs(0, logs) > 0,
          waited,
        };
        const ms = await othersUploadFor({ ...asked, ssm: aws.ssm, clock, log });
        waited += ms;
        return ms;
      },
      terminate: (id) => terminateSession({ aws, log }, id),
      whyUnopened: (sessionId) =>
        unopened({
          ...aws,
          target,
          sessionTarget: job.sessionTarget,
          sessionId,
          seconds: Math.round((clock.now() - opened) / 1000),
        }),
      opening,
      onAttached: () => {
        known.attached = true;
        // Whatever goes wrong here, the cleanup tries again and says so.
        if (staged !== undefined)
          unstage(staged, { s3: aws.s3, log }).then(
            () => onObject(),
            () => undefined,
          );
      },
      onNote: (text) => log.info(text),
      onShown: (shown) => {
        if (inputs.logs === "auto" || inputs.logs === "session") printer.print(shown);
      },
      drained: context.drained,
      until,
      expiry,
      onRefused: (refusal) => expiry.onRefused(refusal),
      credentialsEnd: knownEnd(process.env),
      clock,
      log,
      cancel,
    });
    await endOf(attended);
    const concluded = expiry.conclude(attended, known.attached);
    // Reading logs needs no session, so the place is given back meanwhile.
    void givePlaceBack();
    return await withLogs(concluded, target, { places, extractor, printer, newExtractor }, context);
  } catch (error) {
    await endOf({ kind: "impossible", failure: asFailure(error) });
    throw error;
  } finally {
    printer.end();
    known.stdout = printer.stdout;
    await givePlaceBack();
  }
}

/** For a job that starts now. */
function expiryOf(target: Target, { inputs, clock, log }: JobContext): Expiry {
  const { where, timeout } = inputs;
  const start = where.kind === "new" ? where.start : undefined;
  const until = clock.now() + timeout;
  return new Expiry({
    target,
    endsTask: start?.keepTask === "never",
    until,
    heldUntil: start?.hold ? until + HOLD_SLACK_MS : undefined,
    clock,
    log,
  });
}

/** A short-lived URL of the staged payload, for containers that have curl or the like but no boto3. */
async function stagedAddress(to: Delivery, { aws, log }: JobContext): Promise<string | undefined> {
  if (to.kind !== "s3") return undefined;
  try {
    return await aws.s3.presignGet(to, ADDRESS_SECONDS);
  } catch (error) {
    log.info(`No presigned URL could be made: ${asFailure(error).seen}`);
    return undefined;
  }
}

/** A log of the session stays readable: then nothing is packed unless it is asked for. */
function packAbove({ transport }: Pick<Inputs, "transport">, places: SessionLogs): number | undefined {
  if (transport === "packed") return 0;
  const logged = places.cloudWatchLogGroup !== undefined || places.s3Bucket !== undefined;
  return transport === "plain" || logged ? undefined : PACK_ABOVE;
}
