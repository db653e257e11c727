import type { ExecConfiguration } from "../aws/ecs.ts";
import { encryptionOf } from "../channel/encryption.ts";
import type { Failure } from "../errors.ts";
import { OPENING_MS } from "../follow/follow-session.ts";
import type { JobEnd } from "../follow/job-end.ts";
import { type LogLocation, logLocation } from "../logs/transcript.ts";
import { bootstrapCommand } from "../payload/bootstrap.ts";
import { waitForOthersMs } from "../payload/assemble.ts";
import { unstage } from "../payload/stage.ts";
import { unopened } from "../ready/unopened.ts";
import { type Opener, sessionOpener, terminateSession } from "../session/opener.ts";
import type { Session } from "../session/session.ts";
import { isRunaway, stopRunaways } from "../undo/runaway-job.ts";
import type { JobName } from "../undo/stop-job.ts";
import type { JobContext } from "./context.ts";
import type { JobPlace } from "./job-place.ts";
import type { PreparedJob } from "./prepare.ts";

/** Bytes of output that wait before they are packed: a quarter of a second at the agent's pace. */
const PACK_ABOVE = 256 * 1024;
/** For a container to stop a job at its timeout and to say so. */
const AFTER_TIMEOUT_MS = 60_000;

/** The sessions of one job, one after the other, and what they have told of it. */
export class JobSessions {
  /** When to give up, in milliseconds since the epoch. */
  readonly until: number;
  readonly ids: string[] = [];
  /** The log of the last session. */
  log: LogLocation | undefined;
  /** The script may have run. */
  attached = false;
  readonly #prepared: PreparedJob;
  readonly #place: JobPlace;
  readonly #context: JobContext;
  readonly #deadline: number;
  readonly #open: Opener;
  #job: JobName;
  #openedAt: number;

  /** The first session has to be open by `deadline`. */
  constructor(prepared: PreparedJob, place: JobPlace, context: JobContext, deadline: number) {
    const { aws, looks, exec, inputs, origin, target, clock, log, cancel } = context;
    const { payload, delivery, container } = prepared;
    this.until = deadline + waitForOthersMs(inputs, target) + inputs.timeout + AFTER_TIMEOUT_MS;
    this.#prepared = prepared;
    this.#place = place;
    this.#context = context;
    this.#deadline = deadline;
    this.#openedAt = clock.now();
    this.#job = { ...container, run: origin.id, encryption: encryptionOf(exec) };
    this.#record(this.#job);
    const command = { runId: origin.id, packAbove: packAbove(inputs, exec), payload, delivery };
    this.#open = sessionOpener({
      aws,
      looks,
      target,
      sessionTarget: container.sessionTarget,
      encryption: this.#job.encryption,
      command: (at) => bootstrapCommand({ ...command, at }),
      onSession: (id) => this.#add(id),
      clock,
      log,
      cancel,
    });
  }

  /** A new session that goes on at this byte of the spool. */
  attach = async (at: number): Promise<Session> => {
    const { uploads } = this.#place;
    const { clock, log, cancel } = this.#context;
    await uploads.place({ log, signal: cancel });
    const session = await this.#open(at, this.ids.length === 0 ? this.#deadline : this.until);
    this.#openedAt = clock.now();
    uploads.expect(session);
    return session;
  };

  /**
   * How long the agent may take to open the first session, in milliseconds. No other run can block a task of ours;
   * beside a session that has lost its client ours may have to wait for its end.
   */
  opening = (): number => {
    const { clock, target } = this.#context;
    const isPatient = target.started || this.#place.isBesideAnother;
    return isPatient ? Math.max(OPENING_MS, this.#deadline - clock.now()) : OPENING_MS;
  };

  moreTime = async (): Promise<number> =>
    await this.#place.othersUploadFor(this.#job.sessionTarget, this.ids.at(-1) ?? "none");

  whyUnopened = async (sessionId: string): Promise<Failure> => {
    const { aws, looks, clock, target } = this.#context;
    const seconds = Math.round((clock.now() - this.#openedAt) / 1000);
    const { sessionTarget } = this.#job;
    return await unopened({ ecs: looks, ssm: aws.ssm, target, sessionTarget, sessionId, seconds });
  };

  terminate = async (sessionId: string): Promise<void> => await terminateSession(this.#context, sessionId);

  /** The container has the payload, so that the staged object is no longer needed. */
  onAttached = (): void => {
    const { aws, ledger, log } = this.#context;
    const { staged } = this.#prepared;
    this.attached = true;
    if (staged === undefined) return;
    unstage(staged, { s3: aws.s3, log }).then(
      () => ledger.replace(["object"], []),
      () => undefined, // the cleanup tries again and says so
    );
  };

  /** Stops the job by another way where no session could tell it to and it may go on. */
  async settle(end: JobEnd): Promise<void> {
    const { cancel, ledger } = this.#context;
    // A call that was cancelled may have begun a session all the same.
    const begun = this.ids.length > 0 || cancel.aborted;
    if (begun && isRunaway(end, { cancelled: cancel.aborted, attached: this.attached }))
      await stopRunaways(this.#context);
    else ledger.replace(["job"], []);
  }

  #add(id: string): void {
    const { inputs, log } = this.#context;
    this.ids.push(id);
    this.#record({ ...this.#job, sessionId: id });
    this.log = logLocation(this.#prepared.logs, id, inputs.region);
    log.info(`Session ${id}${this.log === undefined ? "" : `, logged in ${this.log.name}`}.`);
  }

  /** A job in a task of ours needs no record: it ends with the task. */
  #record(job: JobName): void {
    const { ledger, target } = this.#context;
    this.#job = job;
    if (!target.started) ledger.replace(["job"], [{ kind: "job", ...job }]);
  }
}

/**
 * A cluster that asks for session logs (logging OVERRIDE) gets lines that a person can read, unless the inputs ask for
 * packed ones. The log that logging DEFAULT writes, in the log group of the container, has the session's bytes as they are.
 */
function packAbove(
  { transport }: JobContext["inputs"],
  exec: ExecConfiguration | undefined,
): number | undefined {
  if (transport === "packed") return 0;
  return transport === "plain" || asksForLogs(exec) ? undefined : PACK_ABOVE;
}

function asksForLogs(exec: ExecConfiguration | undefined): boolean {
  if (exec?.logging !== "OVERRIDE") return false;
  return exec.cloudWatchLogGroup !== undefined || exec.s3Bucket !== undefined;
}
