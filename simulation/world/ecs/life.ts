import { runCommand } from "../../container/command.ts";
import { Container } from "../../container/container.ts";
import type { EcsOptions, Fate } from "../../ecs-options.ts";
import type { ContainerOptions } from "../../scenario.ts";
import { Host } from "../../time.ts";
import type { Base } from "../base.ts";
import type { Gateway } from "../gateway.ts";
import type { Bucket } from "../s3.ts";
import type { FirstProcess } from "./first-process.ts";
import type { Task, TaskState } from "./task.ts";

/** The exec agent has stopped, and ECS knows that. */
export const AGENT_STOPPED = { agentStatus: "STOPPED", reason: "Execute command agent stopped" } as const;

/** A task that RunTask has just answered with. */
export const NEW: TaskState = {
  ...{ lastStatus: "PROVISIONING", desiredStatus: "RUNNING", hasAddress: false },
  ...{ containerStatus: "PENDING", agentStatus: "PENDING" },
};

/** A task that has run for a while. */
export const RUNNING: TaskState = {
  ...{ lastStatus: "RUNNING", desiredStatus: "RUNNING", hasAddress: true },
  ...{ containerStatus: "RUNNING", agentStatus: "RUNNING" },
};

/** How ECS explains these ends (ECS Developer Guide, "Stopped tasks error messages"). */
const WORDS: Partial<Record<Fate, string>> = {
  "no-image":
    "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref app:1: not found",
  "no-secret":
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable to retrieve secret from asm",
  "no-address":
    "Unexpected EC2 error while attempting to Create Network Interface with public IP assignment enabled in subnet 'subnet-0a1b2c3d': InsufficientFreeAddressesInSubnet",
  "no-capacity":
    "Capacity is unavailable at this time. Please try again later or in a different availability zone",
};

export interface LifeOptions {
  readonly options: EcsOptions;
  readonly like: ContainerOptions;
  readonly firstProcess: FirstProcess;
  readonly gateway: Gateway;
  readonly bucket: Bucket;
}

/** Leads a new task through its stages, as long as nothing stops it. */
export async function lead(base: Base, task: Task, life: LifeOptions): Promise<void> {
  const { time, faults } = base;
  const random = base.random(`life of ${task.name}`);
  const { start } = life.options;
  const fate = faults.fateOf(task.name);
  /** Waits for a stage. False when the task has been stopped meanwhile. */
  const wait = async (stage: keyof typeof start): Promise<boolean> => {
    await time.sleep(base.host, start[stage] * (0.5 + random() * 1.5));
    return task.state.desiredStatus === "RUNNING";
  };
  /** Meets its fate when it is one of these. True when that ends the task. */
  const fails = (...fates: readonly Fate[]): boolean => {
    if (fate === undefined || !fates.includes(fate.what)) return false;
    faults.note(fate);
    const words = WORDS[fate.what];
    if (words !== undefined) task.fail("TaskFailedToStart", words, words);
    return true;
  };
  if (!(await wait("network")) || fails("no-address", "no-capacity")) return;
  task.change({ lastStatus: "PENDING", hasAddress: true });
  if (fails("no-secret", "stuck")) return;
  task.change({ pullStartedAt: time.now });
  if (!(await wait("pull")) || fails("no-image")) return;
  task.change({ lastStatus: "ACTIVATING", pullStoppedAt: time.now });
  if (!(await wait("activate"))) return;
  startContainer(base, task, life);
  task.change({ lastStatus: "RUNNING", containerStatus: "RUNNING", startedAt: time.now });
  if (fails("exits")) task.container?.end(1);
  if (!(await wait("agent")) || fails("no-agent")) return;
  if (fails("agent-stops")) {
    task.container?.agent.die();
    task.change(AGENT_STOPPED);
    return;
  }
  task.change({ agentStatus: "RUNNING" });
  if (await wait("connect")) task.connectedAt = time.now;
}

/** The container begins, and PID 1 ends by itself when its time has come. */
function startContainer(base: Base, task: Task, life: LifeOptions): void {
  const { like, firstProcess, gateway, bucket } = life;
  const { endsAfter, exitCode, stopsIn, isHeld, mostPutOff } = firstProcess;
  const { id } = task.identity;
  const container = new Container(base, gateway, bucket, {
    ...{ name: task.name, id, runtimeId: `${id}-1000000000`, run: runCommand },
    options: { ...like, stopsIn, reaps: isHeld || like.reaps },
  });
  task.container = container;
  container.onPid1 = (code) => task.ended(code);
  task.connectedAt = Infinity;
  const began = base.time.now;
  const host = new Host("PID 1", container.host);
  let until = began + endsAfter;
  const expect = (): void => {
    base.time.after(host, until - base.time.now, () => {
      if (base.time.now >= until) container.end(exitCode);
      else expect();
    });
  };
  expect();
  if (mostPutOff !== undefined)
    container.putOff = (later) => (until = Math.max(until, Math.min(later, began + mostPutOff)));
}
