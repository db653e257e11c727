import { openAhead } from "../aws/open-ahead.ts";
import { EarlyLook } from "../queue/early-look.ts";
import { carryForwards } from "../session/forward/forward.ts";
import type { Forward } from "../session/forward/forwards.ts";
import type { JobContext } from "./job/context.ts";
import { ForwardSessions } from "./job/forward-sessions.ts";
import { logFailure } from "../log.ts";
import { lookBeforeStart } from "../ready/look.ts";
import { NO_OUTPUT, type Result } from "../report/result.ts";
import { targetContext } from "./step-context.ts";
import { runStep } from "./step/run-step.ts";
import type { OpenStep } from "./step/step.ts";
import type { Surroundings } from "./step/surroundings.ts";
import { othersToTry } from "../targets/candidates.ts";
import { findReplacement } from "../targets/replacement.ts";
import { resolveTargets } from "../targets/resolve.ts";
import { TaskLooks } from "../targets/tasks/task-looks.ts";

export interface ForwardRun {
  readonly forwards: readonly Forward[];
  /** What is done while the ports are open: its exit code. `lost` aborts with a `Failure` when the forward is lost. */
  readonly during: (ports: readonly number[], lost: AbortSignal) => Promise<number>;
}

/** Forwards ports of this machine into a task. Never rejects: a failure is a result. */
export async function runForward(run: ForwardRun, surroundings: Surroundings): Promise<Result> {
  return await runStep((step) => perform(run, step), surroundings);
}

/** The phases between valid inputs and the end of the forwards. */
async function perform(run: ForwardRun, step: OpenStep): Promise<Result> {
  const { inputs, aws, clock, log, cancel } = step;
  void openAhead(aws.clients, { bucket: inputs.bucket, isShared: inputs.where.kind !== "new" });
  const looking = lookBeforeStart(inputs, step);
  looking.catch(() => undefined); // the sessions report its failure
  const early = new EarlyLook({ ...step, ssm: aws.ssm });
  const context = { ...targetContext(step), onDescribing: () => early.begin() };
  const { targets, described, candidates } = await resolveTargets(context);
  const others = othersToTry(candidates);
  const tasks = [...targets.map(({ taskArn }) => taskArn), ...others];
  const looks = new TaskLooks({ tasks, described, ecs: aws.ecs, clock });
  const exec = looking.then((look) => look.exec);
  let [target] = targets;
  for (let moves = 0; ; moves++) {
    // While other tasks are left to try, a forward does not wait for a place in this one.
    const queues = others.length === 0 || moves > others.length;
    const job = { ...step, exec, early, looks, target, queues, write: step.writer() };
    try {
      return await forwardIn(run, job);
    } catch (error) {
      const failure = logFailure(error, log);
      const next = cancel.aborted ? undefined : await findReplacement(target, failure, candidates, context);
      if (next === undefined) throw failure;
      target = next;
    }
  }
}

async function forwardIn({ forwards, during }: ForwardRun, job: JobContext): Promise<Result> {
  const { target, inputs, cancel, clock, log } = job;
  log.phase(`Forwarding into container '${target.container}' of task ${target.taskId}`);
  const sessions = await ForwardSessions.begin(job);
  try {
    const exitCode = await carryForwards({
      ...{ forwards, during, clock, log, cancel, uid: process.getuid?.() },
      open: (lost) => sessions.open(lost),
      isLogged: () => sessions.isLogged,
      seconds: Math.ceil(inputs.timeout / 1000),
    });
    const task = {
      ...{ target, startedAt: undefined, described: undefined, times: undefined, publicIp: undefined },
      ...{ sessionId: sessions.last, log: undefined },
      ...NO_OUTPUT,
    };
    // The forward has succeeded, whatever the command that used it says.
    return { kind: "status", outcome: "succeeded", exitCode, workers: [], task };
  } finally {
    await sessions.end();
  }
}
