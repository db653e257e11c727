import type { LocalPorts } from "../aws/world.ts";
import { carryForwards } from "../session/forward/forward.ts";
import { ForwardTimedOut } from "../session/forward/failures.ts";
import { RelayTasks } from "./relay-tasks.ts";
import { forwardUse } from "./job/relay-sessions.ts";
import { failedResult, NO_OUTPUT, type Result } from "../report/result.ts";
import { cancelledAs } from "./step/cancelled.ts";
import { runStep } from "./step/run-step.ts";
import type { OpenStep } from "./step/step.ts";
import type { Surroundings } from "./step/surroundings.ts";

export interface ForwardRun {
  /**
   * What is done while the ports are open: its exit code. `over` aborts with a `Failure` when they are closed, because the forward is
   * lost or its time is over.
   */
  readonly during: (ports: readonly number[], over: AbortSignal) => Promise<number>;
}

/** Forwards ports of this machine into a task. Never rejects: a failure is a result. */
export async function runForward(run: ForwardRun, surroundings: Surroundings): Promise<Result> {
  const { ports } = surroundings.world;
  return await runStep((step) => cancelledAs("forward", perform(run, step, ports)), surroundings);
}

/** The phases between valid inputs and the end of the forwards. */
async function perform({ during }: ForwardRun, step: OpenStep, ports: LocalPorts): Promise<Result> {
  const { clock, log, cancel, inputs } = step;
  const tasks = await RelayTasks.find(step, forwardUse());
  try {
    const exitCode = await carryForwards({
      ...{ forwards: inputs.forwards ?? [], during, clock, log, cancel, ports },
      open: (request) => tasks.open(request),
      isLogged: () => tasks.isLogged,
      seconds: Math.ceil(inputs.timeout / 1000),
    });
    const task = {
      ...{ target: tasks.target, startedAt: undefined, described: undefined, times: undefined },
      ...{ publicIp: undefined, sessionId: tasks.last, log: undefined },
      ...NO_OUTPUT,
    };
    // The forward has succeeded, whatever the command that used it says.
    return { kind: "status", outcome: "succeeded", exitCode, workers: [], task };
  } catch (error) {
    if (!(error instanceof ForwardTimedOut)) throw error;
    return { ...failedResult(error), outcome: "timed-out", exitCode: 124 };
  } finally {
    await tasks.end();
  }
}
