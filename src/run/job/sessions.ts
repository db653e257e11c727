import type { Ecs } from "../../aws/ecs.ts";
import type { Task } from "../../aws/task.ts";
import { CLOCKS_DIFFER_MS } from "../../clock.ts";
import { PACKING_MS } from "../../payload/packing-time.ts";
import type { SessionSetup } from "./session-setup.ts";
import type { Failure } from "../../errors.ts";
import { OPENING_MS } from "../../carriers/unopened-session.ts";
import type { FollowedJob } from "../../carriers/follow-options.ts";
import type { SessionSource } from "../../carriers/session-source.ts";
import {
  type CloudWatchLocation,
  type LogLocation,
  logLocation,
  withoutPage,
  withProvenPage,
} from "../../carriers/logs/transcript.ts";
import { bootstrapCommand } from "../../payload/bootstrap.ts";
import { waitForOthersMs } from "../../payload/assemble.ts";
import { unstage } from "../../payload/stage.ts";
import type { TaskProtection } from "../../targets/protection/task-protection.ts";
import { canNever } from "../../ready/denied-agent.ts";
import { explainUnopened } from "../../ready/unopened.ts";
import { openTicket, terminateSession } from "../../session/opener.ts";
import { requestSession } from "../../session/request-session.ts";
import type { Session } from "../../session/session.ts";
import { endsWithTask, isRunaway, noteTold, type Stopped, tellToStop } from "../../undo/runaway-job.ts";
import type { JobName } from "../../undo/stop-job.ts";
import { tellWhile, WaitLines } from "../../waiting.ts";
import type { JobContext } from "./context.ts";
import { isDetachedOnCancel } from "./detach.ts";
import type { JobSeat } from "./job-seat.ts";
import { type PreparedJob, startInTime } from "./prepare.ts";

/** The time that a container has to stop a job at its timeout and to report it. */
const AFTER_TIMEOUT_MS = 60_000;
/** For so long a container keeps the end of a job that nobody takes. */
const KEPT_MS = 600_000;

/** The sessions that were opened for a job. */
export interface OpenedSessions {
  /** In their order. */
  readonly sessionIds: readonly string[];
  /** The log of the last one. */
  readonly log: LogLocation | undefined;
}

/** What the first session of a job needs. */
export interface FirstSession {
  /** When it has to be open, in milliseconds since the epoch. */
  readonly deadline: number;
  /** The log lines of the wait for the container, which goes on. */
  readonly lines: WaitLines;
  /** The protection of the task. It ends when the job's status arrives by a session. */
  readonly protection?: Pick<TaskProtection, "end"> | undefined;
}

/** Opens the sessions of one job, one after the other. Keeps the job in the ledger while it may run. */
export class JobSessions implements SessionSource {
  readonly #prepared: PreparedJob;
  readonly #seat: JobSeat;
  readonly #context: JobContext;
  readonly #deadline: number;
  readonly #lines: WaitLines;
  readonly #protection: Pick<TaskProtection, "end"> | undefined;
  readonly #sessionIds: string[] = [];
  #log: LogLocation | undefined;
  /** Whether the task's role denies that its agent opens a session. Looked at once. */
  #isDenied: Promise<boolean> | undefined;
  #job: JobName;
  #openedAt: number;
  /** When the job was seen first; until then when the first session was open, or is to be. */
  #begunAt: number;
  #isSeen = false;
  /** Whether the last ExecuteCommand may still begin a session: ECS had not answered it, or it had failed. */
  #isAsked = false;
  /** The last stop command. Two at once take two sessions, which may be one too many for the container. */
  #stopping = Promise.resolve(false);

  constructor(
    prepared: PreparedJob,
    seat: JobSeat,
    context: JobContext,
    { deadline, lines, protection }: FirstSession,
  ) {
    this.#prepared = prepared;
    this.#seat = seat;
    this.#context = context;
    this.#deadline = deadline;
    this.#lines = lines;
    this.#protection = protection;
    this.#openedAt = context.clock.now();
    this.#begunAt = this.#openedAt;
    this.#job = { ...prepared.container, run: prepared.run };
    this.#record(this.#job);
  }

  /**
   * The latest time at which the job's `timeout` stops it, in milliseconds since the epoch. It is the same for each step that follows the job.
   * A runner that was held up may have begun the job after its deadline.
   */
  get jobEndsBy(): number {
    const { inputs, target } = this.#context;
    if (inputs.where.kind === "handle") return inputs.where.handle.until;
    return Math.max(this.#deadline, this.#begunAt) + waitForOthersMs(inputs, target) + inputs.timeout;
  }

  /**
   * A container keeps the end of a job that nobody takes. So a step that comes after `timeout` needs as long to ask for it, and so does a
   * session that could not be opened before. The times of a handle are by the clock of the step that began the job.
   */
  get until(): number {
    const { artifacts, where } = this.#context.inputs;
    const packing = artifacts === undefined ? 0 : PACKING_MS;
    const { jobEndsBy } = this;
    const openedAt = Math.min(this.#openedAt, jobEndsBy + KEPT_MS);
    const end = Math.max(
      jobEndsBy + (where.kind === "handle" ? CLOCKS_DIFFER_MS : 0),
      this.#begunAt,
      openedAt,
    );
    return end + AFTER_TIMEOUT_MS + packing;
  }

  async attach(at: number): Promise<Session> {
    const { aws, looks, target, clock, log, cancel, origin, budget } = this.#context;
    const { sessionTarget } = this.#job;
    const lost = this.#sessionIds.at(-1);
    const isFirst = lost === undefined;
    const until = isFirst ? this.#deadline : this.until;
    const isNew = await this.#seat.take();
    await this.#seat.uploads.waitForSeat({ log, signal: cancel });
    if (lost !== undefined && !isNew) await this.#seat.waitToReplace(lost);
    const { run: runId, setup: known } = this.#prepared;
    const start = startInTime(this.#prepared);
    // Where the set-up has failed already, a session would end at once, and with it a job that another step has left.
    await Promise.race([known, Promise.resolve()]);
    const command = bootstrapCommand({ runId, at, start, isNewReader: isFirst && start === undefined });
    const lines = isFirst ? this.#lines : new WaitLines({ clock, log });
    const isHopeless = (task: Task): Promise<boolean> =>
      canNever("connect", task, target.container, { ecs: looks, iam: aws.iam });
    const asking = {
      ...{ ecs: { executeCommand: this.#ask }, looks, clock, lines, log, signal: cancel },
      canNeverConnect: isFirst ? isHopeless : undefined,
    };
    const request = () => requestSession(target, command, until, asking);
    const ticket = await (isFirst || isNew ? this.#seat.openAlone(request) : request());
    this.#add(ticket.sessionId);
    const setup = this.#learn(ticket.sessionId);
    const opening = openTicket(ticket, {
      ...{ aws, sessionTarget, encryption: setup.then((known) => known.encryption), clock, log, cancel },
      limits: budget.sessionLimits(origin.fanOut?.tasks ?? 1),
    });
    const session = await tellWhile(`the connection to session ${ticket.sessionId}`, { clock, log }, opening);
    this.#openedAt = clock.now();
    if (isFirst) this.#begunAt = this.#openedAt;
    this.#seat.expectUpload(session, (await setup).logs);
    return session;
  }

  readonly #ask: Ecs["executeCommand"] = async (request) => {
    this.#isAsked = true;
    const answer = await this.#context.aws.ecs.executeCommand(request);
    this.#isAsked = false;
    return answer;
  };

  /**
   * How long the agent may take to open the first session, in milliseconds. No other run can block a task that this
   * run has started. Beside another session, this one may have to wait for the end of that one.
   */
  opening(): number {
    const { clock, target } = this.#context;
    const isPatient = target.started || this.#seat.isBesideAnother;
    return isPatient ? Math.max(OPENING_MS, this.#deadline - clock.now()) : OPENING_MS;
  }

  async moreTime(sessionId: string): Promise<number> {
    return await this.#seat.estimateOtherUploads(this.#job.sessionTarget, sessionId);
  }

  canNeverOpen(): Promise<boolean> {
    return (this.#isDenied ??= this.#lookAtRole());
  }

  async #lookAtRole(): Promise<boolean> {
    const { aws, looks, target } = this.#context;
    const task = await looks.describeTask(target.clusterArn, target.taskArn);
    return (
      task !== undefined && (await canNever("open", task, target.container, { ecs: looks, iam: aws.iam }))
    );
  }

  async whyUnopened(sessionId: string): Promise<Failure> {
    const { aws, inputs, looks, clock, target } = this.#context;
    const seconds = Math.round((clock.now() - this.#openedAt) / 1000);
    return await explainUnopened({
      choice: inputs.where.kind,
      isDenied: await this.canNeverOpen(),
      ecs: looks,
      ssm: aws.ssm,
      target,
      sessionTarget: this.#job.sessionTarget,
      sessionId,
      seconds,
    });
  }

  async terminate(sessionId: string): Promise<void> {
    await terminateSession(this.#context, sessionId);
  }

  /** Deletes the staged object. From now on the cleanup of a cancel gives the job time to send artifacts before its task is stopped. */
  noteAttached(): void {
    const { aws, inputs, ledger, target, clock, log } = this.#context;
    if (!this.#isSeen) this.#begunAt = clock.now();
    this.#isSeen = true;
    if (target.started && inputs.artifacts !== undefined && !isDetachedOnCancel(inputs))
      ledger.replace(["sending"], [{ kind: "sending", task: target.taskArn }]);
    this.#prepared.start?.staged
      .then(async (object) => {
        if (object === undefined) return;
        await unstage(object, { s3: aws.s3, log });
        ledger.replace(["object"], []);
      })
      .catch(() => undefined); // the cleanup tries again and says so
  }

  async untilWanted(over: AbortSignal): Promise<void> {
    await this.#seat.untilWanted(over);
  }

  releaseSeat(closing?: Session): void {
    if (closing === undefined) void this.#seat.giveBack();
    else {
      this.#seat.giveBackSoon(closing);
      // The job has ended, so its task needs no protection while the session is being closed.
      void this.#protection?.end();
    }
  }

  stop(): Promise<boolean> {
    // A job that would end with its task is told, too, so that its last output arrives.
    return (this.#stopping = tellToStop(this.#job, this.#context).then((stopped) => this.#note(stopped)));
  }

  #note(stopped: Stopped): boolean {
    const { ledger } = this.#context;
    for (const entry of ledger.entries) if (entry.kind === "job") noteTold(entry, stopped, ledger);
    if ("commandEndsBy" in stopped) this.#seat.uploads.occupy(stopped.commandEndsBy);
    return stopped.told !== "not";
  }

  /** To be called after the last session. Stops a job that may still run, by a command of its own. */
  async settle({ end, attached }: FollowedJob): Promise<OpenedSessions> {
    const { cancel, inputs, ledger } = this.#context;
    ledger.replace(["sending"], []);
    const begun = this.#sessionIds.length > 0 || (cancel.aborted && this.#isAsked);
    const uploads = ledger.has("pieces");
    if (begun && isRunaway(end, { cancelled: cancel.aborted, attached, uploads })) {
      if (!(await this.#stopping) && ledger.has("job")) await this.stop();
    } else if (inputs.lock !== undefined && endsWithTask(end)) this.#note({ told: "with-task" });
    // A task that was started for a job stays when the step detaches: its container ends with the job.
    else ledger.replace(end.kind === "detached" ? ["job", "task"] : ["job"], []);
    return { sessionIds: this.#sessionIds, log: this.#log };
  }

  #add(id: string): void {
    this.#sessionIds.push(id);
    this.#seat.onSession(id);
    this.#record({ ...this.#job, sessionId: id });
  }

  /** Learns how the cluster treats this session, and tells where it is logged. */
  async #learn(id: string): Promise<SessionSetup> {
    const { inputs, log } = this.#context;
    const setup = await this.#prepared.setup;
    this.#record({ ...this.#job, encryption: setup.encryption });
    const found = logLocation(setup.logs ?? [], id, inputs.region);
    this.#log = found?.kind === "cloudwatch" ? withoutPage(found) : found;
    const isCertain = setup.logs?.[0]?.kind !== "cloudwatch" || setup.logs[0].mayBeMissing !== true;
    const logged =
      found && `, logged in ${found.name}${isCertain ? "" : " if the task role may write there"}`;
    log.info(`Session ${id}${logged ?? ""}.`);
    if (found?.kind === "cloudwatch") void this.#provePage(found);
    return setup;
  }

  /** The log has its page as soon as its group is known to exist. Nothing waits for it. */
  async #provePage(location: CloudWatchLocation): Promise<void> {
    const proven = await withProvenPage(location, this.#context.aws.logs);
    if (this.#sessionIds.at(-1) === location.stream) this.#log = proven;
  }

  /** A job in a task that this run has started needs no entry in the ledger: it ends with the task. */
  #record(job: JobName): void {
    const { inputs, ledger, target } = this.#context;
    this.#job = job;
    if (!target.started && !isDetachedOnCancel(inputs)) ledger.replace(["job"], [{ kind: "job", ...job }]);
  }
}
