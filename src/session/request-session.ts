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

export interface SessionRequestContext extends Omit<WaitContext, "ecs"> {
  readonly ecs: Pick<Ecs, "executeCommand">;
  readonly looks: Pick<Ecs, "describeTask">;
  readonly log: Log;
}

/**
 * Asks for a session that runs `command` in the container, by ExecuteCommand. An agent takes no session for some
 * seconds after ECS has reported it as RUNNING. So the call is repeated after that refusal until `deadline` (milliseconds
 * since the epoch), with looks at the task in between. The debug log has ECS's words. Any other refusal is thrown at
 * once. Fails with `exec-not-ready`, or with the verdict on a task that ends; an abort throws its reason.
 */
export async function requestSession(
  target: Pick<Target, "clusterArn" | "taskArn" | "taskId" | "container">,
  command: string,
  deadline: number,
  { ecs, looks, clock, lines, log, signal, random = clock.random.fraction }: SessionRequestContext,
): Promise<SessionTicket> {
  const { clusterArn, taskArn, container } = target;
  const request = { cluster: clusterArn, task: taskArn, container, command };
  const begun = clock.now();
  let looked = begun;
  let latest: Task | undefined;
  let pause = FIRST_PAUSE;
  let said: string | undefined;
  const look = async (): Promise<Task> => {
    looked = clock.now();
    const task = await looks.describeTask(clusterArn, taskArn);
    if (task === undefined) throw taskNotFound(target.taskId, clusterArn, "ecs:DescribeTasks says MISSING.");
    const now = judgeTask(task, container);
    if (now.kind === "never") throw now.failure;
    return task;
  };
  for (;;) {
    signal?.throwIfAborted();
    const answer = await ecs.executeCommand(request).catch(async (refusal: unknown) => {
      // For a task that has stopped, ECS answers with a general error. The reason of the stop says more.
      if (refusal instanceof Failure && refusal.code === "aws-error") await look();
      throw refusal;
    });
    if ("session" in answer) {
      if (said !== undefined) lines.tell("exec agent takes a session");
      return answer.session;
    }
    if (said !== answer.notConnected) log.debug(`ExecuteCommand: ${answer.notConnected}`);
    said = answer.notConnected;
    lines.tell(answer.throttled ? THROTTLED : AGENT_STARTS);
    if (clock.now() - looked >= LOOK_EVERY) latest = await look();

    const longest = answer.throttled || clock.now() - begun > PATIENT_AFTER ? PATIENT_PAUSE : LONGEST_PAUSE;
    const wait = pause * (0.5 + random() / 2);
    if (clock.now() + wait > deadline) {
      const task = latest ?? (await look());
      const agent =
        task.containers.find(({ name }) => name === container)?.execAgent?.status ?? "not reported";
      const seen = `ExecuteCommand says ${said.replace(/\.$/, "")}. The task is ${task.lastStatus}, its exec agent ${agent}.`;
      throw execNotReady(container, task, Math.round((deadline - begun) / 1000), seen);
    }
    await clock.sleep(wait, signal);
    pause = Math.min(pause * 1.5, longest);
  }
}
