import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { UpdateServiceCommand } from "@aws-sdk/client-ecs";
import {
  Aws,
  definition,
  type Inputs,
  jobDirectories,
  pidOf,
  processes,
  withoutInit,
} from "../../__tests__/helpers/local.ts";
import { serviceTasks } from "../../__tests__/helpers/service.ts";
import { until } from "../../__tests__/helpers/until.ts";
import { FIRST_READ_MS } from "../../local/agent/pty.ts";
import type { StepResult } from "../../local/runner/step.ts";
import type { StopCode } from "../../local/task/lifecycle.ts";
import type { Task } from "../../local/task/task.ts";
import { isStarting } from "../../simulation/draw-tasks.ts";
import type { ContainerOptions, RunnerOptions, Scenario, TimedFault } from "../../simulation/scenario.ts";
import { FAMILY } from "../../simulation/world/names.ts";
import { callFaults, s3Away } from "./call-faults.ts";
import {
  comparedOutputs,
  differences,
  itemsOf,
  type Left,
  linesOf,
  OF_SCRIPT,
  type Seen,
  type SeenStep,
  shapes,
  type Simulated,
} from "./seen.ts";
import { shellText } from "./shell-text.ts";

/** A step that attaches begins so long after the end of the one that it follows. */
const FOLLOWS_AFTER_MS = 1_000;
/** How long what is left may take to be what it is in the simulation: processes end a little later on a busy machine. */
const PATIENCE_MS = 30_000;
const LOOK_MS = 500;
/** What a container runs before a step comes. */
const OWN_COMMAND = withoutInit.command?.join(" ");
/**
 * Runs a scenario by the bundled action on a local Fargate. `told` is what the simulation has told of it, `rest` milliseconds after its last step.
 */
export async function runLocally(scenario: Scenario, told: Simulated, rest: number): Promise<Seen> {
  const { ecs, world } = scenario;
  const aws = await Aws.start({
    gateway: { announceLostAgent: world.announcesLostAgents !== false, pauseAfter: world.pausesAfter },
    delays: {
      ...{ call: average(world.latency), firstRead: FIRST_READ_MS },
      ...(ecs !== undefined && {
        ...{ provisioning: ecs.start.network, pull: ecs.start.pull, activating: ecs.start.activate },
        ...{ agent: ecs.start.agent, connect: ecs.start.connect },
      }),
      ...(isStuck(scenario) && { pull: 3_600_000 }),
    },
  });
  try {
    return await new LocalRun(aws, scenario, told).run(rest);
  } finally {
    await aws.stop();
  }
}

function isStuck({ faults }: Scenario): boolean {
  return faults.some((fault) => fault.kind === "fate" && fault.what === "stuck");
}

type Outputs = Readonly<Record<string, string>>;

interface Started {
  /** A variable of its environment, by which its process is found. */
  readonly mark: string;
  /** The id of its access key, once it has one. */
  key: string;
  /** Cancels it. */
  readonly button: AbortController;
}

interface Running extends Started {
  readonly mainEnded: Promise<Outputs>;
  readonly ended: Promise<StepResult | undefined>;
}

class LocalRun {
  readonly #aws: Aws;
  readonly #scenario: Scenario;
  readonly #told: Simulated;
  /** Resolves when the log of a step has the first line of a script. */
  readonly #firstLine: Promise<void>;
  #noteFirstLine: () => void = () => undefined;
  readonly #running: Running[] = [];
  /** The tasks that run when the scenario begins, by the number of their container. */
  readonly #tasks = new Map<number, Task>();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #troubles: unknown[] = [];
  /** The definitions that no step has made. */
  #definitions: ReadonlySet<string> = new Set();

  constructor(aws: Aws, scenario: Scenario, told: Simulated) {
    this.#aws = aws;
    this.#scenario = scenario;
    this.#told = told;
    this.#firstLine = new Promise((resolve) => (this.#noteFirstLine = resolve));
  }

  async run(rest: number): Promise<Seen> {
    await this.#prepare();
    const { runners, faults } = this.#scenario;
    for (const fault of callFaults(faults)) this.#aws.world.local.fail(fault);
    for (const options of runners) this.#running.push(this.#begin(options));
    for (const fault of faults)
      if ("at" in fault && fault.kind !== "credentials-end") void this.#schedule(fault);
    const results = await Promise.all(this.#running.map(({ ended }) => ended));
    for (const timer of this.#timers) clearTimeout(timer);
    if (this.#troubles.length > 0) throw new AggregateError(this.#troubles, "a fault could not be made");
    this.#aws.world.local.calm();
    const steps = results.map((result, index) => result && stepOf(result, runners[index]?.inputs ?? {}));
    return { steps, left: await this.#leftAtRest(rest) };
  }

  /** The cluster of the steps: that of the scenario logs its sessions, or not. */
  get #cluster(): string {
    const { made } = this.#aws.world;
    return this.#scenario.world.sessionLogs === undefined ? made.cluster : made.loggedCluster;
  }

  async #prepare(): Promise<void> {
    const { containers, runners, ecs } = this.#scenario;
    const { ecs: calls, made } = this.#aws.world;
    for (const [index, options] of containers.entries()) {
      const arn = await this.#aws.register(index === (ecs?.like ?? 0) ? FAMILY : `app-${index}`, [
        containerOf(options),
      ]);
      const isUsed = runners.some((runner) => runner.container === index && isInContainer(runner));
      if (isUsed) this.#tasks.set(index, await this.#aws.runningTask(arn, this.#cluster));
      if (ecs?.service === undefined || index !== ecs.like) continue;
      await calls.send(
        new UpdateServiceCommand({ cluster: made.cluster, service: made.service, taskDefinition: arn }),
      );
      await until(() =>
        serviceTasks(this.#aws).some(
          ({ plan, agents, desiredStatus }) =>
            plan.definition.taskDefinitionArn === arn &&
            desiredStatus === "RUNNING" &&
            [...agents.values()].every(({ connected }) => connected !== undefined),
        ),
      );
    }
    this.#definitions = new Set(await this.#aws.definitions());
  }

  /** Interferes at the fault's time, which counts from the first line of a script when it comes behind that in the simulation. */
  async #schedule(fault: TimedFault): Promise<void> {
    const { firstLineAt = Infinity } = this.#told;
    const isLater = fault.at >= firstLineAt;
    await (isLater ? this.#firstLine : this.#begun());
    const act = (): void => {
      this.#interfere(fault).catch((error: unknown) => this.#troubles.push(error));
    };
    this.#timers.push(setTimeout(act, fault.at - (isLater ? firstLineAt : 0)));
  }

  /** Resolves when the first step calls AWS: the time of a scenario begins there, and not with the start of a process. */
  async #begun(): Promise<void> {
    const [first] = this.#running;
    await until(() => this.#aws.world.local.requests.some(({ key }) => key === first?.key));
  }

  #begin(options: RunnerOptions): Running {
    const about = { mark: `BESIDE=${randomUUID()}`, key: "", button: new AbortController() };
    let mainIsOver: (outputs: Outputs) => void = () => undefined;
    const mainEnded = new Promise<Outputs>((resolve) => (mainIsOver = resolve));
    const run = async (running: Started): Promise<StepResult | undefined> => {
      await sleep(options.at);
      const inputs = await this.#inputsOf(options);
      if (inputs === undefined) return undefined;
      const keys = this.#aws.keysFor(inputs);
      running.key = keys["AWS_ACCESS_KEY_ID"] ?? "";
      const [name = "", value = ""] = running.mark.split("=");
      return await this.#aws.step(inputs, {
        ...{ env: { ...keys, [name]: value }, signal: running.button.signal, beforePost: mainIsOver },
        onLine: (line) => {
          if (OF_SCRIPT.test(line)) this.#noteFirstLine();
        },
      });
    };
    return Object.assign(about, { mainEnded, ended: run(about) });
  }

  /** Undefined when there is no job to attach to. */
  async #inputsOf(options: RunnerOptions): Promise<Inputs | undefined> {
    const { made } = this.#aws.world;
    const { follows, container, inputs } = options;
    if (follows !== undefined) {
      const { handle = "" } = (await this.#running[follows]?.mainEnded) ?? {};
      await sleep(FOLLOWS_AFTER_MS);
      return handle === "" ? undefined : { handle, ...inputs };
    }
    return {
      ...{ run: shellText(options), cluster: this.#cluster },
      ...(this.#scenario.world.bucket && { bucket: made.bucket }),
      ...(isInContainer(options) && { task: this.#tasks.get(container)?.id ?? "" }),
      ...inputs,
      ...("subnets" in inputs && { subnets: made.subnets.join(",") }),
    };
  }

  async #interfere(fault: TimedFault): Promise<void> {
    const { local, made, ecs } = this.#aws.world;
    const runner = this.#running[Number(/runner (\d+)$/.exec(fault.actor)?.[1] ?? -1)];
    switch (fault.kind) {
      case "cut":
        if (this.#running.length > 1) throw new Error("whose session is cut is known for one step only");
        await local.inject({ session: { do: fault.isSilent ? "silence" : "cut" } });
        return;
      case "signal":
        if (fault.signal === "cancel") runner?.button.abort();
        else process.kill(pidOf(runner?.mark ?? "") ?? NaN, fault.signal);
        return;
      case "stop-task":
        await local.inject({
          task: {
            ...{ task: this.#taskOf(fault.actor).id, stopCode: fault.code as StopCode },
            stoppedReason:
              fault.code === "SpotInterruption" ? "Your Spot Task was interrupted." : "Task stopped by user",
          },
        });
        return;
      case "agent-dies":
        await local.inject({ agent: { task: this.#taskOf(fault.actor).id, noticed: false } });
        return;
      case "deploy":
        await ecs.send(
          new UpdateServiceCommand({
            ...{ cluster: made.cluster, service: made.service, forceNewDeployment: true },
          }),
        );
        return;
      case "s3-away":
        for (const away of s3Away(fault)) local.fail(away);
        return;
      case "kill-process": {
        if (fault.process !== "worker") throw new Error(`no ${fault.process} is killed here`);
        const worker = workerIn(this.#taskOf(fault.actor));
        process.kill(worker, "SIGKILL");
        return;
      }
      default:
        throw new Error(`the local Fargate has no fault '${fault.kind}' here`);
    }
  }

  #taskOf(actor: string): Task {
    const [, number, of] = /^task (\d+) of runner (\d+)$/.exec(actor) ?? [];
    const key = this.#running[Number(of ?? -1)]?.key;
    const found =
      number === undefined
        ? this.#tasks.get(Number(/^container (\d+)$/.exec(actor)?.[1]))
        : this.#startedBy(key)[Number(number) - 1];
    if (found === undefined) throw new Error(`there is no ${actor}`);
    return found;
  }

  /** The tasks that the step with this key has started. */
  #startedBy(key: string | undefined): readonly Task[] {
    const { requests, tasks } = this.#aws.world.local;
    const names = new Set(
      requests
        .filter((call) => call.operation === "RunTask" && call.key === key)
        .map(({ body }) => (body as { readonly startedBy?: string }).startedBy),
    );
    return tasks.filter(({ plan }) => plan.startedBy !== undefined && names.has(plan.startedBy));
  }

  /** What is left after some seconds, or as soon after that as it is what is wanted. */
  async #leftAtRest(rest: number): Promise<Left> {
    const wanted = this.#told.seen.left;
    await sleep(rest);
    const latest = Date.now() + PATIENCE_MS;
    for (;;) {
      const left = await this.#left();
      const same = differences({ steps: [], left: wanted }, { steps: [], left }).length === 0;
      if (same || Date.now() > latest) return left;
      await sleep(LOOK_MS);
    }
  }

  async #left(): Promise<Left> {
    const { local } = this.#aws.world;
    const alive = local.tasks.filter(({ lastStatus }) => lastStatus === "RUNNING");
    const started = new Set(this.#running.flatMap(({ key }) => this.#startedBy(key)));
    const isBusy = (task: Task): boolean =>
      processes(task).some(({ innerPid, command }) => innerPid !== 1 && command !== OWN_COMMAND);
    return {
      tasks: [...started].filter(({ desiredStatus }) => desiredStatus === "RUNNING").length,
      definitions: (await this.#aws.definitions()).filter((arn) => !this.#definitions.has(arn)).length,
      objects: shapes(await this.#aws.objects("")),
      sessions: local.gateway.sessions.filter(({ ended }) => !ended).length,
      directories: alive.flatMap((task) => jobDirectories(task)).length,
      busy: alive.filter((task) => !started.has(task) && isBusy(task)).length,
    };
  }
}

/** Whether the step runs in a task that it names. */
function isInContainer(options: RunnerOptions): boolean {
  return options.follows === undefined && !isStarting(options) && !("service" in options.inputs);
}

function containerOf({ boto3, python, curl, reaps, stopsIn }: ContainerOptions) {
  if (stopsIn > 0) throw new Error("the containers here end at once");
  const image =
    python === false
      ? curl === false
        ? "busybox"
        : "debian-bash-curl"
      : boto3
        ? "debian-python-boto3"
        : "debian-python";
  return {
    ...{ ...withoutInit, image: `local/${image}` },
    ...(reaps && { linuxParameters: { initProcessEnabled: true } }),
  } satisfies Parameters<typeof definition>[1][number];
}

/** The process of the first worker's script on this machine. */
function workerIn(task: Task): number {
  const [directory = ""] = jobDirectories(task);
  const [first] = task.containers;
  // The file begins with the process's number in the container.
  const inner = parseInt(readFileSync(`/proc/${first?.handle?.pid ?? 0}/root${directory}/0.pid`, "utf8"), 10);
  const found = processes(task).find(({ innerPid }) => innerPid === inner);
  if (found === undefined) throw new Error(`the container has no process ${inner}`);
  return found.pid;
}

function stepOf(
  { conclusion, exitCode, post, annotations, outputs, log }: StepResult,
  inputs: RunnerOptions["inputs"],
): SeenStep {
  const codes = annotations.flatMap(({ level, title }) =>
    level === "error" ? (/^fargate-exec: ([\w-]+)$/.exec(title ?? "")?.[1] ?? []) : [],
  );
  const hasItems = "items" in inputs;
  return {
    ...{ conclusion, exitCode, postExitCode: post?.exitCode, code: codes.at(-1) },
    ...{
      outputs: comparedOutputs(outputs, hasItems),
      lines: linesOf(log, hasItems),
      items: itemsOf(outputs),
    },
  };
}

function average([least, most]: readonly [number, number]): number {
  return (least + most) / 2;
}
