import { openAhead } from "../aws/open-ahead.ts";
import type { ExecConfiguration } from "../aws/ecs.ts";
import type { Task } from "../aws/task.ts";
import { asFailure, type Failure, type FailureCode } from "../errors.ts";
import { EarlyLook } from "../queue/early-look.ts";
import { diagnose } from "../ready/diagnose.ts";
import { lookBeforeStart } from "../ready/look.ts";
import type { OpenedSession, SessionRequest } from "../session/forward/session-request.ts";
import { othersToTry, stuckAfter } from "../targets/candidates.ts";
import type { JobTargets } from "../targets/job-targets.ts";
import { findReplacement } from "../targets/replacement.ts";
import type { ResolveContext } from "../targets/resolve-context.ts";
import { resolveTargets } from "../targets/resolve.ts";
import type { Target } from "../targets/target.ts";
import { findTarget } from "../targets/tasks/find-target.ts";
import type { ServiceCandidates } from "../targets/tasks/service-candidates.ts";
import { waitForSuccessor } from "../targets/tasks/successor.ts";
import { TaskLooks } from "../targets/tasks/task-looks.ts";
import { tellWhile } from "../waiting.ts";
import { RelaySessions, type RelayUse } from "./job/relay-sessions.ts";
import { targetContext, type StepContext } from "./step-context.ts";

/** Failures after which the task takes no session ever again. */
const GONE: ReadonlySet<FailureCode> = new Set([
  "task-not-found",
  "task-not-started",
  "task-stopped",
  "container-stopped",
  "exec-agent-stopped",
]);

const OWN_TASK =
  "End what uses it, or raise 'queue-timeout'. Or use a task of its own: 'start: true' with 'service'.";

/** The sessions of a forward or a shell, in one task and then in another when that one is gone or takes no forward. */
export class RelayTasks {
  readonly #step: StepContext;
  readonly #use: RelayUse;
  readonly #resolved: JobTargets;
  readonly #exec: Promise<ExecConfiguration | undefined>;
  readonly #early: EarlyLook;
  readonly #looks: TaskLooks;
  #target: Target;
  /** The sessions in that task; undefined until it takes some. */
  #sessions: RelaySessions | undefined;
  /** The task that has had a session last. */
  #openedIn: string | undefined;
  /** How many tasks were tried before one had a session. */
  #tried = 0;
  /** Whether the task of the forward was lost, so that its service starts another one. */
  #seeksSuccessor = false;
  /** Whether the forward waits for a seat in that task. */
  #queues = false;

  /** Finds the first task, or starts it. */
  static async find(step: StepContext, use: RelayUse): Promise<RelayTasks> {
    const { inputs, aws } = step;
    void openAhead(aws.clients, { bucket: inputs.bucket, isShared: inputs.where.kind !== "new" });
    const exec = lookBeforeStart(inputs, step).then((look) => look.exec);
    exec.catch(() => undefined); // the sessions report its failure
    const early = new EarlyLook({ ...step, ssm: aws.ssm });
    const resolved = await resolveTargets({ ...targetContext(step), onDescribing: () => early.begin() });
    return new RelayTasks(step, resolved, early, { use, exec });
  }

  private constructor(
    step: StepContext,
    resolved: JobTargets,
    early: EarlyLook,
    { use, exec }: { readonly use: RelayUse; readonly exec: Promise<ExecConfiguration | undefined> },
  ) {
    this.#use = use;
    const { targets, described, candidates } = resolved;
    const tasks = [...targets.map(({ taskArn }) => taskArn), ...othersToTry(candidates)];
    this.#step = step;
    this.#resolved = resolved;
    this.#early = early;
    this.#exec = exec;
    this.#looks = new TaskLooks({ tasks, described, ecs: step.aws.ecs, clock: step.clock });
    [this.#target] = targets;
  }

  get target(): Target {
    return this.#target;
  }

  /** The ID of the last session. */
  get last(): string | undefined {
    return this.#sessions?.last;
  }

  /** Whether the sessions are logged, as far as that is known. */
  get isLogged(): boolean {
    return this.#sessions?.isLogged ?? false;
  }

  /** Opens the next session of the forward, in the same task as long as that takes one. */
  async open(request: SessionRequest): Promise<OpenedSession> {
    const { lost, refusal, signal } = request;
    for (let failure = refusal, isLost = lost; ;) {
      if (failure !== undefined) {
        await this.#move(failure, request);
        isLost = undefined;
      }
      try {
        this.#sessions ??= await this.#begin(signal);
        const session = await this.#sessions.open(isLost, signal);
        const isElsewhere = this.#openedIn !== undefined && this.#openedIn !== this.#target.taskArn;
        this.#openedIn = this.#target.taskArn;
        this.#tried = 0;
        return { session, isElsewhere };
      } catch (error) {
        if (signal.aborted || this.#step.cancel.aborted) throw error;
        failure = asFailure(error);
        const mustStay = this.#use.stays && lost !== undefined;
        if (failure.code === "internal-error" || mustStay) throw error;
      }
    }
  }

  /** Ends the last session, and gives its seat back. */
  async end(): Promise<void> {
    await this.#sessions?.end();
    this.#sessions = undefined;
  }

  async #begin(signal: AbortSignal): Promise<RelaySessions> {
    const { candidates } = this.#resolved;
    const [step, target] = [this.#step, this.#target];
    step.log.phase(`${this.#use.doing} container '${target.container}' of task ${target.taskId}`);
    const others = othersToTry(candidates).length;
    // While other tasks are left to try, or another one comes, a forward does not wait for a seat in this one.
    this.#queues = !this.#seeksSuccessor && (others === 0 || this.#tried > others);
    const job = {
      ...step,
      ...{ exec: this.#exec, early: this.#early, looks: this.#looks, target, write: step.writer() },
      ...{ queues: this.#queues, stuckAfter: stuckAfter(candidates, target) },
    };
    return await RelaySessions.begin(job, AbortSignal.any([step.cancel, signal]), this.#use);
  }

  /** Goes on in another task. Throws the failure when there is none. */
  async #move(failure: Failure, request: SessionRequest): Promise<void> {
    const next = await this.#findNext(failure, request);
    if (next === undefined) throw await this.#explain(failure);
    await this.end();
    this.#target = next;
    this.#tried += 1;
  }

  /** The failure that ends the forward. As long as there was no session, with what is wrong in the set-up of the task. */
  async #explain(failure: Failure): Promise<Failure> {
    if (failure.code === "container-busy") return failure.withParts({ advice: OWN_TASK });
    const { aws, cancel, log, reader } = this.#step;
    if (this.#openedIn !== undefined || cancel.aborted) return failure;
    const exec = await this.#exec.catch(() => undefined);
    const context = { ecs: this.#looks, ec2: aws.ec2, iam: aws.iam, exec, log, reader };
    return await diagnose(failure, this.#target, context);
  }

  async #findNext(failure: Failure, request: SessionRequest): Promise<Target | undefined> {
    const { candidates } = this.#resolved;
    const signal = AbortSignal.any([this.#step.cancel, request.signal]);
    const context = { ...targetContext(this.#step), signal };
    const isRefused = failure === request.refusal;
    const isGone = !isRefused && GONE.has(failure.code);
    // The service starts another task in the place of the one that was lost, and that is free.
    const isPassedBy = request.hasCarried && failure.code === "container-busy";
    if (candidates.kind === "service" && (isRefused || isGone || isPassedBy)) {
      candidates.block(this.#target.taskArn);
      if (isGone || request.hasCarried)
        return await this.#findSuccessor(failure, candidates, context, isGone ? request.onGone : undefined);
    }
    // The task that the step has started for the forward is lost.
    if (candidates.kind === "new" && request.hasCarried) return undefined;
    const hasWaited = failure.code === "container-busy" && !isRefused && this.#queues;
    return hasWaited ? undefined : await findReplacement(this.#target, failure, candidates, context);
  }

  /** Waits for a task of the service that the forward was not in yet, at most for `start-timeout`. */
  async #findSuccessor(
    failure: Failure,
    tasks: ServiceCandidates,
    context: ResolveContext,
    onGone?: () => void,
  ): Promise<Target | undefined> {
    const { clock, log, inputs } = this.#step;
    this.#seeksSuccessor = true;
    const why =
      failure.code === "container-busy"
        ? failure.failed
        : `Task ${this.#target.taskId} takes no session any more. ${failure.seen}`;
    log.info(`${why} Looking for another task of service '${tasks.service}'.`);
    onGone?.();
    const until = clock.now() + inputs.startTimeout;
    const look = async (): Promise<Task | undefined> => {
      for (;;) {
        const next = await waitForSuccessor(tasks, context);
        if (next !== undefined || clock.now() >= until) return next;
      }
    };
    const next = await tellWhile("another task of the service", { clock, log }, look());
    return next && (await findTarget(next, context));
  }
}
