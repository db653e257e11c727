import type { Ecs, RunTaskRequest, RunTaskAnswer } from "../../aws/ecs.ts";
import { taskRefusal } from "../../aws/ecs-words.ts";
import type { Task } from "../../aws/task.ts";
import { isWithoutEffect } from "../../aws/failures.ts";
import { NoCapacity, TagsNotEnabled } from "../../aws/ecs-failures.ts";
import { Failure } from "../../errors.ts";
import { isAboutTags } from "../tags.ts";
import type { Log } from "../../log.ts";
import { isOnFargate } from "./capacity.ts";
import type { CapacityWait } from "./capacity-wait.ts";

/** The most tasks that one RunTask starts. */
const MOST_A_CALL = 10;
/**
 * The most calls that are under way at once. Fargate's rate has half a second between two calls, and ECS documents no time in which it
 * answers one.
 */
const MOST_CALLS = 4;

export interface LaunchContext {
  readonly ecs: Pick<Ecs, "runTask">;
  readonly log: Log;
  /** The tags that the user asked for. No task is started without them. */
  readonly ownTags: Readonly<Record<string, string>>;
  /** Makes the client token of a call: with it, a request that the SDK repeats starts no second task. */
  readonly token: () => string;
  /** Resolves when `count` more tasks may be started. */
  readonly pace: (count: number) => Promise<void>;
  /** Called with the tasks of each answer as soon as it is there: from then on they have to be stopped. */
  readonly onStarted: (tasks: readonly Task[]) => void;
  /** Called with the same tasks after that, in the order in which they were asked for. */
  readonly onNext: (tasks: readonly Task[]) => void;
  /** Aborts when no further task is wanted. A call that is under way goes on; a pause ends, and throws its reason. */
  readonly over: AbortSignal | undefined;
  /** Another request to try, when ECS has refused the last one with `failure`; undefined when there is none. */
  readonly otherwise: (failure: Failure) => Promise<RunTaskRequest | undefined>;
  /** The wait for capacity, which all calls share. */
  readonly capacity: CapacityWait;
  /** The wait for the end of other tasks, when the account may run no more at once. */
  readonly quota: QuotaWait;
}

export interface QuotaWait {
  /** Called with each refusal for the account's quota. */
  readonly onRefused: (seen: string) => void;
  /** Called when ECS has started tasks after such a refusal. */
  readonly onStarted: () => void;
  /** Waits until another try makes sense. False when there is no more time. */
  readonly next: (over: AbortSignal | undefined) => Promise<boolean>;
}

export interface StartedTasks {
  readonly tasks: readonly Task[];
  /** Why ECS did not start the others; undefined when it has started all. */
  readonly refusal: Failure | undefined;
}

/**
 * Starts `count` tasks, in as many calls as that takes. When Fargate Spot has no capacity, the remaining ones are
 * started on demand; when Fargate has none, they are tried again. When the account or the policy does not allow all
 * tags, the tasks get only the user's. Resolves with the tasks in the order in which they were asked for. Fails with
 * `task-not-started` and ECS's words when ECS has started none.
 */
export async function startTasks(
  request: RunTaskRequest,
  count: number,
  context: LaunchContext,
): Promise<StartedTasks> {
  const tasks: Task[] = [];
  let current = request;
  // The first call, and each one after a refusal, goes alone.
  let isAlone = true;
  const width = new CallWidth();
  while (tasks.length < count && context.over?.aborted !== true) {
    const before = tasks.length;
    const missing = count - before;
    const asked = Math.min(isAlone ? width.tasks : missing, missing);
    try {
      await startSome(current, asked, {
        ...context,
        onNext: (some) => {
          tasks.push(...some);
          context.onNext(some);
        },
      });
      isAlone = width.isNarrow;
      if (isAlone) context.quota.onStarted();
      width.widen();
    } catch (error) {
      // Another request, with a token of its own, might start a second task beside one that a try without an answer has started.
      if (!isWithoutEffect(error)) throw error;
      isAlone = true;
      if (mayUseSpot(current) && error instanceof NoCapacity) {
        context.log.info(`Fargate Spot has no capacity now, so the task is started on demand. ${error.seen}`);
        current = onDemand(current);
        continue;
      }
      const isQuota = error instanceof NoCapacity && error.isQuota;
      if (isQuota && width.narrow(asked, tasks.length > before)) continue;
      const next = await findNextRequest(current, error, { request, ...context });
      if (next !== undefined) current = next;
      else if (tasks.length > 0) return { tasks, refusal: error };
      else throw error;
    }
  }
  return { tasks, refusal: undefined };
}

/**
 * Starts up to `count` tasks, by several calls at once. After a failure no further call begins. Resolves, or fails, when all calls that
 * have begun are answered and their tasks delivered.
 */
async function startSome(request: RunTaskRequest, count: number, context: LaunchContext): Promise<void> {
  const failures: unknown[] = [];
  let asked = 0;
  let delivered: Promise<void> = Promise.resolve();
  const isOver = (): boolean => failures.length > 0 || context.over?.aborted === true;
  const startInTurn = async (): Promise<void> => {
    while (asked < count && !isOver()) {
      const wanted = Math.min(MOST_A_CALL, count - asked);
      asked += wanted;
      await context.pace(wanted);
      if (isOver()) return;
      const answered = runTask({ ...request, count: wanted }, context);
      delivered = deliverAfter(delivered, answered, context);
      const answer = await answered;
      if (answer.tasks.length === wanted) continue;
      const refusal = notStarted(request, answer);
      // When the call has started some tasks, the next call may start more, whatever the failure of the others was.
      if (answer.tasks.length === 0 || refusal instanceof NoCapacity) throw refusal;
    }
  };
  const callers = Array.from({ length: MOST_CALLS }, startInTurn);
  await Promise.all(callers.map((caller) => caller.catch((error: unknown) => failures.push(error))));
  await delivered;
  // A call that was not answered may have started tasks: the cleanup has to know of that rather than of a refusal.
  if (failures.length > 0) throw failures.find((error) => !isWithoutEffect(error)) ?? failures[0];
}

/** Delivers the tasks of an answer once those `before` it are delivered. A call that fails has none. */
async function deliverAfter(
  before: Promise<void>,
  answered: Promise<RunTaskAnswer>,
  { onNext }: LaunchContext,
): Promise<void> {
  const [answer] = await Promise.allSettled([answered, before]);
  if (answer.status === "fulfilled") onNext(answer.value.tasks);
}

/**
 * How many tasks a call asks for while the account's quota refuses some. ECS may refuse a call as a whole when only some of its tasks fit, so
 * a call that has started none is made again for half as many, and only after one for a single task does the wait for an end begin.
 */
class CallWidth {
  #tasks = MOST_A_CALL;
  #isNarrow = false;

  get tasks(): number {
    return this.#tasks;
  }

  /** Whether the quota has refused a call, so that calls go one by one. */
  get isNarrow(): boolean {
    return this.#isNarrow;
  }

  /** After a refusal. True when a narrower call may be made at once. */
  narrow(asked: number, hasStartedSome: boolean): boolean {
    this.#isNarrow = true;
    const mayFit = !hasStartedSome && asked > 1;
    this.#tasks = mayFit ? Math.floor(Math.min(asked, MOST_A_CALL) / 2) : 1;
    return mayFit;
  }

  widen(): void {
    this.#tasks = Math.min(MOST_A_CALL, this.#tasks * 2);
  }
}

/** What to try after a refusal of `current`; undefined when there is nothing. */
async function findNextRequest(
  current: RunTaskRequest,
  failure: Failure,
  { request, capacity, quota, over, otherwise }: LaunchContext & { readonly request: RunTaskRequest },
): Promise<RunTaskRequest | undefined> {
  if (failure instanceof NoCapacity && failure.isQuota) {
    quota.onRefused(failure.seen);
    return (await quota.next(over)) ? current : undefined;
  }
  if (failure instanceof NoCapacity) {
    const network = await capacity.next(request.network, failure.seen, over);
    return network && { ...current, network };
  }
  const next = await otherwise(failure);
  if (next === undefined) return undefined;
  return mayUseSpot(current) ? next : onDemand(next);
}

/** The same request, on Fargate instead of Fargate Spot. */
export function onDemand(request: RunTaskRequest): RunTaskRequest {
  return mayUseSpot(request) ? { ...request, capacityProviders: [], launchType: "FARGATE" } : request;
}

export function mayUseSpot({ capacityProviders }: Pick<RunTaskRequest, "capacityProviders">): boolean {
  return capacityProviders.some(
    ({ name, weight, base }) => name === "FARGATE_SPOT" && (weight > 0 || base > 0),
  );
}

/** Calls RunTask once, and tells `onStarted` of its answer. */
async function runTask(request: RunTaskRequest, context: LaunchContext): Promise<RunTaskAnswer> {
  const answer = await runTaskWithTags(request, context);
  context.onStarted(answer.tasks);
  return answer;
}

async function runTaskWithTags(
  request: RunTaskRequest,
  { ecs, log, ownTags, token }: LaunchContext,
): Promise<RunTaskAnswer> {
  try {
    return await ecs.runTask({ ...request, clientToken: token() });
  } catch (error) {
    if (!isAboutTags(error) || !isWithoutEffect(error)) throw error;
    const tags = Object.keys(ownTags);
    // An account that can't have tags can't have the user's tags, either.
    if (tags.length > 0 && error instanceof TagsNotEnabled) throw error;
    const which =
      tags.length > 0
        ? `with the tags of 'tags' alone (${tags.join(", ")}), since these credentials may not set others`
        : "without tags, which these credentials or this account may not set";
    log.info(`The task is started ${which}. ${error.seen}`);
    return await ecs.runTask({ ...request, tags: ownTags, propagateTags: undefined, clientToken: token() });
  }
}

function notStarted(request: RunTaskRequest, { tasks, refusals }: RunTaskAnswer): Failure {
  const { taskDefinition, cluster } = request;
  const words = refusals.map(({ reason, detail }) => (detail ? `${reason}: ${detail}` : reason));
  const some = tasks.length === 0 ? "a task" : "all tasks";
  const facts = {
    failed: `ECS did not start ${some} of '${taskDefinition}' in cluster '${cluster}'.`,
    seen: `It said: ${[...new Set(words)].join("; ") || "nothing"}.`,
  };
  const refusal = taskRefusal(words.join("\n"));
  const isQuota = refusal === "no-quota";
  const mayStartLater = isQuota || refusal === "no-capacity" || refusal === "no-agent";
  if (!isOnFargate(request)) {
    const onInstances = { ...facts, advice: NOT_ON_INSTANCES };
    return mayStartLater
      ? new NoCapacity({ ...onInstances, isQuota })
      : new Failure("task-not-started", onInstances);
  }
  if (mayStartLater) return new NoCapacity({ ...facts, isQuota });
  const advice = refusal === "no-such-capacity" ? NO_SUCH_CAPACITY : NOT_FOR_FARGATE;
  return new Failure("task-not-started", { ...facts, advice });
}

const NOT_ON_INSTANCES =
  "The task would run where the service's tasks do. Check that an instance there has a connected agent, the attributes and the resources that the task definition asks for, and that its ports are free.";

const NO_SUCH_CAPACITY =
  "No capacity of the cluster has what the task definition asks for: check its 'requiresCompatibilities' (FARGATE), 'runtimePlatform' and the 'platformVersion' of the input 'overrides'.";
const NOT_FOR_FARGATE =
  "Compare the task definition with what Fargate runs: networkMode awsvpc, cpu and memory of a supported pair.";
