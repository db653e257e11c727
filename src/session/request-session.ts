import type { Ecs, SessionTicket } from "../aws/ecs.ts";
import { taskNotFound } from "../aws/missing.ts";
import type { Task } from "../aws/task.ts";
import { Failure } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Target } from "../targets/target.ts";
import { execNotReady } from "../ready/advice.ts";
import { AGENT_STARTS, judgeTask } from "../ready/verdict.ts";
import { LOOK_EVERY, type WaitContext } from "../ready/wait.ts";

/** The limit of the first pause, in milliseconds. The limit grows by half with each. A pause takes half of its limit or more. */
const FIRST_PAUSE = 300;
/** The longest pause of the first half minute, so that a session starts within a second of its agent. */
const LONGEST_PAUSE = 1_000;
/**
 * The longest pause after half a minute, or when ExecuteCommand is throttled. That call shares its rate with RunTask and
 * StopTask.
 */
const PATIENT_PAUSE = 5_000;
const PATIENT_AFTER = 30_000;

/** What the log says while ECS takes no more calls. */
const THROTTLED = "waiting for ECS, which throttles ExecuteCommand";

/** A usual agent has connected by then. Later a look at its rights is worth its call. */
const PROOF_AFTER = 15_000;

export interface SessionRequestContext extends Omit<WaitContext, "ecs"> {
  readonly ecs: Pick<Ecs, "executeCommand">;
  readonly looks: Pick<Ecs, "describeTask">;
  readonly log: Log;
  /** Whether the task has taken a session before: when it takes none now, it may be gone, so a look comes first. */
  readonly isLater?: boolean;
  /** Whether it is certain that the agent of this task can never connect. Asked once, for an agent that takes long. */
  readonly canNeverConnect?: ((task: Task) => Promise<boolean>) | undefined;
}

type SessionTarget = Pick<Target, "clusterArn" | "taskArn" | "taskId" | "container">;

/**
 * Asks for a session that runs `command` in the container, by ExecuteCommand. An agent takes no session for some
 * seconds after ECS has reported it as RUNNING. So the call is repeated after that refusal until `deadline` (milliseconds
 * since the epoch), with looks at the task in between. The debug log has ECS's words. Any other refusal is thrown at
 * once. Fails with `exec-not-ready`, which comes early when it is certain that the agent can never connect, or with the
 * verdict on a task that ends; an abort throws its reason.
 */
export async function requestSession(
  target: SessionTarget,
  command: string,
  deadline: number,
  context: SessionRequestContext,
): Promise<SessionTicket> {
  const { ecs, looks, clock, lines, log, signal, random = clock.random.fraction } = context;
  const { clusterArn: cluster, taskArn: task, container } = target;
  const request = { cluster, task, container, command };
  const begun = clock.now();
  let looked = context.isLater === true ? -Infinity : begun;
  let latest: Task | undefined;
  let pause = FIRST_PAUSE;
  let said: string | undefined;
  const proof = new Proof(context.canNeverConnect);
  for (;;) {
    signal?.throwIfAborted();
    const answer = await ecs.executeCommand(request).catch(async (refusal: unknown) => {
      // For a task that has stopped, ECS answers with a general error. The reason of the stop says more.
      if (refusal instanceof Failure && refusal.code === "aws-error") await lookAtTask(target, looks);
      throw refusal;
    });
    if ("session" in answer) {
      if (said !== undefined) lines.tell("exec agent takes a session");
      return answer.session;
    }
    if (said !== answer.notConnected) log.debug(`ExecuteCommand: ${answer.notConnected}`);
    said = answer.notConnected;
    lines.tell(answer.throttled ? THROTTLED : AGENT_STARTS);
    if (clock.now() - looked >= LOOK_EVERY) {
      looked = clock.now();
      latest = await lookAtTask(target, looks);
    }
    if (latest !== undefined && clock.now() - begun >= PROOF_AFTER) proof.askOnce(latest);

    const longest = answer.throttled || clock.now() - begun > PATIENT_AFTER ? PATIENT_PAUSE : LONGEST_PAUSE;
    const wait = pause * (0.5 + random() / 2);
    if (clock.now() + wait > deadline || proof.isFound) {
      // The deadline may have passed before this session was due.
      const end = proof.isFound ? clock.now() : Math.max(deadline, clock.now());
      throw notReady(latest ?? (await lookAtTask(target, looks)), {
        container,
        said,
        seconds: (end - begun) / 1000,
      });
    }
    await clock.sleep(wait, signal);
    pause = Math.min(pause * 1.5, longest);
  }
}

/** The task as ECS describes it. Fails with the verdict on a task that takes no session any more. */
async function lookAtTask(
  { clusterArn, taskArn, taskId, container }: SessionTarget,
  looks: SessionRequestContext["looks"],
): Promise<Task> {
  const task = await looks.describeTask(clusterArn, taskArn);
  if (task === undefined) throw taskNotFound(taskId, clusterArn, "ecs:DescribeTasks says MISSING.");
  const now = judgeTask(task, container);
  if (now.kind === "never") throw now.failure;
  return task;
}

/** `said` is what ExecuteCommand answered last. */
function notReady(
  task: Task,
  {
    container,
    said,
    seconds,
  }: { readonly container: string; readonly said: string; readonly seconds: number },
): Failure {
  const agent = task.containers.find(({ name }) => name === container)?.execAgent?.status ?? "not reported";
  const seen = `ExecuteCommand says ${said.replace(/\.$/, "")}. The task is ${task.lastStatus}, its exec agent ${agent}.`;
  return execNotReady(container, task, Math.round(seconds), seen);
}

/** The proof that an agent can never connect. It is looked for beside the tries, since IAM may be slow or out of reach. */
class Proof {
  #ask: SessionRequestContext["canNeverConnect"];
  #answer: boolean | { readonly error: unknown } = false;

  constructor(ask: SessionRequestContext["canNeverConnect"]) {
    this.#ask = ask;
  }

  askOnce(task: Task): void {
    const asked = this.#ask?.(task);
    this.#ask = undefined;
    asked?.then(
      (answer) => (this.#answer = answer),
      (error: unknown) => (this.#answer = { error }),
    );
  }

  /** Throws the error of the look: a cancel, or a bug. */
  get isFound(): boolean {
    if (typeof this.#answer === "object") throw this.#answer.error;
    return this.#answer;
  }
}
