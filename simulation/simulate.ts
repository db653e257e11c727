import { killProcess } from "./container/kill-process.ts";
import { Runner } from "./runner/runner.ts";
import { prepareProcess } from "./runner/modules.ts";
import type { Scenario, TimedFault } from "./scenario.ts";
import { AGENT_STOPPED } from "./world/ecs/life.ts";
import { World } from "./world/world.ts";

/** How long the steps may take before one counts as one that never ends. */
export const LONGEST_MS = 8 * 3_600_000;
/** After the last step the world heals for so long: the container keeps what was not taken for ten minutes. */
const HEALING_MS = 25 * 60_000;

/** A job that a step has left ends at its timeout, an hour at most, or with its container. */
const LONGEST_JOB_MS = 65 * 60_000;
/** A task that a step has left lives for at most so long. */
const LONGEST_HOLD_MS = 7 * 3_600_000;

/** A world at its end. */
export interface Simulated {
  readonly scenario: Scenario;
  readonly world: World;
  readonly runners: readonly Runner[];
  /** Errors that nothing has caught. */
  readonly crashes: readonly unknown[];
  /** When the last step had ended, in milliseconds since the beginning. */
  readonly endedAt: number;
}

/** What looks at a world some milliseconds after the end of its last step, before it has healed. */
export interface Look {
  readonly after: number;
  readonly see: (world: Simulated) => void;
}

/** Runs a scenario to its end: the faults rain while the steps run, then the world heals. */
export async function simulate(scenario: Scenario, look?: Look): Promise<Simulated> {
  await prepareProcess();
  const world = new World(scenario);
  const { time } = world.base;
  const runners: Runner[] = [];
  for (const [index, options] of scenario.runners.entries())
    runners.push(new Runner(world, index, options, runners));
  for (const fault of scenario.faults)
    if ("at" in fault && fault.kind !== "credentials-end")
      time.after(world.base.host, fault.at, () => interfere(fault, world, runners));
  const crashes: unknown[] = [];
  const onCrash = (error: unknown): void => void crashes.push(error);
  process.on("unhandledRejection", onCrash);
  try {
    await time.run(() => runners.every(({ isOver }) => isOver), time.now + LONGEST_MS);
    const endedAt = time.elapsed;
    if (look !== undefined) {
      await time.run(() => false, time.now + look.after);
      look.see({ scenario, world, runners, crashes, endedAt });
    }
    // A job that was left goes on until its own end.
    const isQuiet = (): boolean =>
      world.containers.every(({ scripts }) => scripts.every(({ ended }) => ended !== undefined));
    await time.run(isQuiet, time.now + LONGEST_JOB_MS);
    await time.run(() => false, time.now + HEALING_MS);
    // A job that was left may have begun after its step, and its end is kept, too.
    const isOld = (ended: number | undefined): boolean =>
      ended !== undefined && ended + HEALING_MS <= time.now;
    const isHealed = (): boolean =>
      world.containers.every(({ scripts }) => scripts.every(({ ended }) => isOld(ended)));
    await time.run(isHealed, time.now + LONGEST_JOB_MS);
    // What is held ends by itself.
    const isOver = (): boolean =>
      world.ecs.tasks.every(
        ({ identity, stoppedAt }) => identity.owner === undefined || stoppedAt !== undefined,
      );
    await time.run(isOver, time.now + LONGEST_HOLD_MS);
    return { scenario, world, runners, crashes, endedAt };
  } finally {
    for (const runner of runners) runner.removeWorkspace();
    process.off("unhandledRejection", onCrash);
  }
}

/** A fault that comes at its time. It counts when it has met something. */
function interfere(fault: TimedFault, world: World, runners: readonly Runner[]): void {
  const runner = runners.find(({ name }) => name === fault.actor);
  const task = world.ecs.tasks.find(({ name }) => name === fault.actor);
  if (act(fault, world, runner, task)) world.base.faults.note(fault);
}

function act(
  fault: TimedFault,
  world: World,
  runner: Runner | undefined,
  task: World["ecs"]["tasks"][number] | undefined,
): boolean {
  const { base, gateway } = world;
  const isRunning = runner !== undefined && runner.hasBegun && runner.mainEnd === undefined;
  switch (fault.kind) {
    case "cut":
      return runner?.cut(fault.isSilent) ?? false;
    case "gateway-away":
      return runner?.keepGatewayAway(fault.isSilent, fault.ms) ?? false;
    case "signal":
      if (isRunning) runner.signal(fault.signal);
      return isRunning;
    case "pause":
      if (isRunning) runner.pause(fault.ms);
      return isRunning;
    case "stop-task":
      if (task?.state.desiredStatus !== "RUNNING") return false;
      task.stop(
        "world",
        fault.code,
        fault.code === "SpotInterruption" ? "Your Spot Task was interrupted." : "Task stopped by user",
      );
      return true;
    case "agent-dies":
      task?.container?.agent.die();
      if (fault.isTold === true && task?.state.agentStatus === "RUNNING") task.change(AGENT_STOPPED);
      return task?.container !== undefined;
    case "deploy":
      world.ecs.service?.deploy();
      return world.ecs.service !== undefined;
    case "scale-in":
      return world.ecs.service?.scaleIn() ?? false;
    case "s3-away":
      base.keepS3Away(fault.actor, fault.ms);
      return base.options.bucket;
    case "kill-process":
      return task?.container !== undefined && killProcess(task.container, fault.process);
    case "shell": {
      if (task?.state.lastStatus !== "RUNNING" || task.container === undefined) return false;
      const { record } = gateway.begin("colleague", task.container.agent, "/bin/bash");
      record.hadClient = true;
      base.time.after(base.host, fault.ms, () => gateway.terminate(record.id));
      return true;
    }
  }
}
