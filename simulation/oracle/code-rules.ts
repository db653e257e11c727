import { isStarting } from "../draw-tasks.ts";
import { itemsOf, listingOf, parseItem } from "../items.ts";
import type { Runner } from "../runner/runner.ts";
import type { Fault, ScriptLine, SessionLogOptions } from "../scenario.ts";
import type { Simulated } from "../simulate.ts";
import { awayFor } from "./away-for.ts";
import { itemStepsOf } from "./items.ts";
import { isStopCommand } from "./is-stop-command.ts";
import { isStoppedByOther } from "./is-stopped-by-other.ts";
import { hasUnwrittenLog } from "./log-rules.ts";
import type { Rule } from "./rule.ts";
import { firstOf, hasItems, jobsOf, readsLog } from "./script-output.ts";
import { hasSilentAgent } from "./silent-agent.ts";
import { HOLD_MS } from "./task-rules.ts";
import { tasksOf } from "./tasks-of.ts";
import { timeoutOf } from "./timeout-of.ts";

/** A code of docs/errors.md, or the outcome of a script. At most three fit one cause, so that the message names it. */
type Codes = readonly [] | readonly [string] | readonly [string, string] | readonly [string, string, string];

/** The codes with which a step may end red when this fault alone took effect. */
const CODES_OF_FAULTS: Readonly<Record<string, Codes>> = {
  "agent-dies": ["exec-not-ready", "container-busy", "container-blocked"],
  "agent-dies told": ["exec-agent-stopped"],
  "call denied": ["access-denied"],
  "call failed": ["aws-error", "aws-unreachable"],
  "call lost": ["aws-unreachable"],
  "call mute": ["aws-unreachable", "timed-out", "lock-lost"],
  "call slow": ["timed-out"],
  "call throttled": ["throttled"],
  "credentials-end": ["no-credentials", "lock-lost", "no-status"],
  cut: ["session-lost", "container-blocked", "no-status"],
  deploy: ["task-stopped", "no-running-task", "task-not-started"],
  "fate agent-stops": ["exec-agent-stopped"],
  "fate exits": ["task-stopped", "hold-ended"],
  "fate no-address": ["task-not-started"],
  "fate no-agent": ["exec-not-ready", "timed-out"],
  "fate no-capacity": ["task-not-started", "timed-out"],
  "fate no-image": ["task-not-started"],
  "fate no-secret": ["task-not-started"],
  "fate stuck": ["task-not-started", "timed-out"],
  "frame cut": ["session-lost", "container-blocked", "no-status"],
  "frame late": ["container-blocked"],
  "frame lost": ["container-blocked"],
  "frame twice": [],
  "gateway-away": ["session-lost", "container-blocked", "no-status"],
  "kill-process attacher": ["no-status"],
  "kill-process item-worker": ["no-status"],
  "kill-process job": ["no-status"],
  "kill-process recorder": ["no-status"],
  "kill-process relay": ["session-lost", "container-refused"],
  "kill-process supervisor": ["no-status", "lock-lost"],
  "kill-process uploader": [],
  "kill-process worker": ["failed"],
  pause: ["lock-lost", "session-lost", "no-status"],
  "refusal agent": ["task-not-started"],
  "refusal capacity": ["task-not-started"],
  "refusal capacity-failure": ["task-not-started"],
  "refusal disguised-throttle": ["throttled"],
  "refusal no-tags": ["aws-error"],
  "refusal quota": ["task-not-started"],
  "s3-away": ["aws-unreachable", "lock-lost", "no-status"],
  "scale-in": ["task-stopped", "no-running-task"],
  shell: ["container-busy", "container-blocked"],
  signal: ["cancelled"],
  "stop-task": ["task-stopped", "task-not-started", "task-not-found"],
};

type StepCodes = readonly {
  readonly holds: (runner: Runner, ended: Simulated) => boolean;
  readonly codes: Codes;
}[];

function decides({ options }: Runner): boolean {
  return options.inputs["deployment"] !== undefined;
}

/** What ends a step red that decides on a deployment: the hook and its time-out, and who else decides, or deploys. */
const CODES_OF_DEPLOYMENTS: StepCodes = [
  { codes: ["deployment-not-found", "hook-not-reached"], holds: decides },
  {
    codes: ["hook-not-configured", "deployment-ended"],
    holds: (runner, { scenario }) => decides(runner) && scenario.ecs?.service?.hook?.isAtHand === false,
  },
  {
    codes: ["deployment-too-early"],
    holds: (runner, { scenario }) => decides(runner) && scenario.ecs?.service?.hook?.stage === "PRE_SCALE_UP",
  },
  {
    codes: ["hook-expired", "deployment-ended"],
    holds: (runner, { world }) =>
      decides(runner) &&
      world.ecs.service?.deployments.some(({ hook }) => hook?.status === "TIMED_OUT") === true,
  },
  {
    codes: ["deployment-replaced", "deployment-ended"],
    holds: (runner, { world }) => decides(runner) && (world.ecs.service?.deployments.length ?? 0) > 1,
  },
  {
    codes: ["deployment-ended"],
    holds: (runner, { runners }) => runners.filter(decides).length > 1 && decides(runner),
  },
];

/** A payload of more than a mebibyte, with the rest of which files are a part, is not typed where a bucket could have it. */
const LARGEST_TYPED = 900_000;

/** A session without a job in which nothing comes is given up after so long. */
const SILENCE_MS = 150_000;
/** A step follows its job for so long after the latest end that its inputs allow. */
const AFTER_TIMEOUT_MS = 60_000;

/** A script under a lock is stopped when its container has heard nothing for so long. */
const FENCED_MS = 90_000;
/** The last sign is up to 5 s old when the gateway goes. The next one needs a pause of 5 s or less, a session, and a connection. */
const WITHOUT_SIGN_MS = 15_000;

/** What a script needs beside its waits. */
const WORK_MS = 500;
/** GitHub's ID tokens are valid for so long. */
const ID_TOKEN_LASTS_MS = 300_000;

/** What needs no fault to end a step red: its script, its inputs, its image, its rights, and who runs beside it. */
const CODES_OF_STEPS: StepCodes = [
  { codes: ["failed"], holds: ({ script }) => script.exitCode !== 0 || typeof script.onTerm !== "string" },
  {
    codes: ["failed"],
    holds: (runner) => itemsOf(firstOf(runner).options).some((text) => / exit .*[1-9?]/.test(text)),
  },
  { codes: ["failed"], holds: ({ options }) => (listingOf(options)?.exitCode ?? 0) !== 0 },
  { codes: ["bad-input"], holds: ({ options }) => isNoList(options) },
  {
    codes: ["files-not-placed"],
    holds: (runner, ended) => firstOf(runner).options.files !== undefined && hasNoPlace(runner, ended),
  },
  // What is too large to be typed has no other way where S3 is away, or where the image lacks what fetches it.
  { codes: ["download-failed"], holds: (runner) => bytesOfFiles(runner) > LARGEST_TYPED },
  // An unknown number of tasks counts as a thousand, for all of which there may be 1 GiB.
  {
    codes: ["bad-input"],
    holds: (runner) => runner.options.inputs["tasks"] === "all" && bytesOfFiles(runner) > LARGEST_TYPED,
  },
  // The step was paused between the ID token and its use.
  {
    codes: ["role-not-assumed"],
    holds: (runner, ended) => awayFor(runner, ended, ["pause"]) >= ID_TOKEN_LASTS_MS,
  },
  // The hold of a task that the step has started ends also while the step is paused.
  {
    codes: ["hold-ended", "task-stopped"],
    holds: (runner, ended) => isStarting(runner.options) && awayFor(runner, ended, ["pause"]) >= HOLD_MS,
  },
  { codes: ["artifacts-missing"], holds: ({ options }) => options.inputs["artifacts-missing"] === "error" },
  {
    codes: ["timed-out"],
    holds: (runner, ended) =>
      longestItemsOf(runner, ended) + awayFor(runner, ended) >= timeoutOf(firstOf(runner)),
  },
  // S3 brings items no orders while it is away from the step, or the step is paused.
  {
    codes: ["timed-out"],
    holds: (runner, ended) => hasItems(runner) && awayFor(runner, ended) >= timeoutOf(firstOf(runner)),
  },
  {
    codes: ["timed-out"],
    holds: (runner) => longestOf(firstOf(runner).script.lines) >= timeoutOf(firstOf(runner)),
  },
  { codes: ["timed-out", "exec-not-ready"], holds: ({ options }) => isStarting(options) },
  { codes: ["access-denied"], holds: (_, { scenario }) => hasFewRights(scenario.ecs) },
  {
    codes: ["role-not-assumed", "no-id-token", "no-credentials"],
    holds: (runner, ended) =>
      "role-to-assume" in runner.options.inputs &&
      faultsOf(runner, ended).some(
        (fault) => fault.kind === "call" && /^(github|sts):/.test(fault.operation),
      ),
  },
  // A step that asks for a log has no end of it where the agent could write none, or where nobody may read it.
  {
    codes: ["access-denied", "no-status"],
    holds: (runner, { scenario }) => isLogMissing(runner, scenario.world.sessionLogs),
  },
  // An agent that has died before it could upload the log has told the end by the session at most: the log is to have the output.
  { codes: ["no-status"], holds: (runner, ended) => readsLog(runner) && hasUnwrittenLog(runner, ended) },
  // The log of a session is not uploaded when its task ends.
  {
    codes: ["no-status"],
    holds: (runner, ended) =>
      readsLog(runner) && tasksOf(runner, ended).some(({ state }) => state.desiredStatus === "STOPPED"),
  },
  // Nothing ends the session of an agent that has died without a word. A step whose time is over before it gives that session up asks for no other one.
  {
    codes: ["session-lost"],
    holds: (runner, ended) => hasSilentAgent(runner, ended) && isOverBeforeSilence(runner, ended),
  },
  // S3 denies the read of an object that another run has just deleted, and the message says so.
  {
    codes: ["access-denied"],
    holds: (_, { scenario: { world }, runners }) => world.bucket && !world.mayList && runners.length > 1,
  },
  {
    codes: ["hold-ended", "task-stopped"],
    holds: ({ options }, { scenario }) => isStarting(options) && scenario.ecs?.hasOwnEntryPoint === true,
  },
  { codes: ["task-stopped"], holds: ({ options }) => options.inputs["hold"] === "false" },
  // No session reaches a job whose agent is dead. The container that the step has started ends when its hold does.
  {
    codes: ["task-stopped", "hold-ended"],
    holds: (runner, ended) =>
      isStarting(firstOf(runner).options) &&
      faultsOf(runner, ended).some(({ kind }) => kind === "agent-dies"),
  },
  // For a while ECS still tells of a task that is being stopped as of one that runs, but its agent takes no session.
  {
    codes: ["exec-not-ready"],
    holds: (runner, ended) => {
      const seen = (runner.mainEnd?.at ?? Infinity) - (ended.scenario.ecs?.lag ?? 0);
      return tasksOf(runner, ended).some(({ stoppedAt = -Infinity }) => stoppedAt > seen);
    },
  },
  { codes: ["task-not-started"], holds: (_, { scenario }) => scenario.ecs?.quota !== undefined },
  ...CODES_OF_DEPLOYMENTS,
  { codes: ["no-running-task"], holds: ({ options }) => options.inputs["service"] !== undefined },
  { codes: ["task-stopped", "task-not-started", "task-not-found"], holds: ({ host }) => host !== undefined },
  { codes: ["job-gone", "job-followed", "task-stopped"], holds: ({ before }) => before !== undefined },
  // A step that is cancelled or killed, or whose credentials end, stops the job for all that follow it.
  { codes: ["cancelled"], holds: (runner, ended) => isStoppedByOther(runner, ended) },
  { codes: ["timed-out"], holds: ({ options }) => options.inputs["start-timeout"] !== undefined },
  // The step waits in a task that its service has just started.
  {
    codes: ["exec-not-ready"],
    holds: ({ options: { inputs } }) => inputs["service"] !== undefined && "start-timeout" in inputs,
  },
  {
    codes: ["timed-out", "container-refused", "session-lost"],
    holds: ({ options }) => options.clients !== undefined,
  },
  { codes: ["container-busy"], holds: (_, { runners }) => runners.length > 1 },
  // Sessions of others that nobody sees may block the container, also for the session that is to follow a lost one.
  {
    codes: ["container-blocked", "session-lost"],
    holds: (_, ended) => ended.runners.length > 1 && !isSeen(ended),
  },
  // A stop command takes no seat in the queue, and the log of a session that has ended keeps its place while it is uploaded.
  {
    codes: ["container-blocked"],
    holds: ({ name }, { scenario, world }) =>
      scenario.world.sessionLogs !== undefined &&
      [...world.gateway.sessions.values()].some(
        ({ owner, command, agent }) => owner !== name && isStopCommand(command) && agent.isBlocked,
      ),
  },
  // The session of a call whose answer was lost has no client, and keeps a seat of the agent until it ends by itself.
  {
    codes: ["container-blocked"],
    holds: (runner, ended) =>
      faultsOf(runner, ended).some(
        (fault) => fault.kind === "call" && fault.what === "lost" && fault.operation === "ecs:ExecuteCommand",
      ),
  },
  // Another run has deregistered the definition that they share, and a try before may have started a task: no other one is started beside it.
  {
    codes: ["task-definition-not-found"],
    holds: (runner, ended) =>
      ended.runners.length > 1 &&
      faultsOf(runner, ended).some(
        (fault) =>
          fault.kind === "call" &&
          fault.operation === "ecs:RunTask" &&
          ["failed", "lost", "mute"].includes(fault.what),
      ),
  },
  { codes: ["lock-busy"], holds: ({ options }) => options.inputs["lock"] !== undefined },
  // No sign of the step reaches the container while the gateway is away. By S3 there is one only once the session has brought an order for that.
  {
    codes: ["lock-lost"],
    holds: (runner, { world }) =>
      runner.options.inputs["lock"] !== undefined &&
      world.base.faults.taken.some(
        (fault) =>
          fault.kind === "gateway-away" &&
          fault.actor === runner.name &&
          fault.ms >= FENCED_MS - WITHOUT_SIGN_MS,
      ),
  },
  // A small disk holds the job until a session has brought what waits, and keeps nothing when it is full.
  { codes: ["timed-out", "no-status"], holds: (runner, ended) => hadTightDisk(runner, ended) },
  // The jobs behind those that were lost have ended, and an item whose runs are used up has not.
  { codes: ["no-status"], holds: (runner, ended) => hasUsedUpItem(runner, ended) },
];

/** A message is of use only when its code is one of the cause. */
const fitting: Rule = {
  name: "a code fits its cause",
  look(ended, check) {
    for (const runner of ended.runners) {
      const { exitCode } = runner.mainEnd ?? {};
      if (exitCode === undefined || exitCode === 0) continue;
      const [, code] =
        [...runner.main.stdout.matchAll(/^::error title=fargate-exec(?::|%3A) ([\w-]+)::/gm)].at(-1) ?? [];
      // The second signal of a cancel ends a step at once.
      if (code === undefined && runner.cancelledAt !== undefined) continue;
      const faults = faultsOf(runner, ended).map(kindOf);
      const fits = new Set<string>([
        ...faults.flatMap((kind) => CODES_OF_FAULTS[kind] ?? []),
        ...CODES_OF_STEPS.filter(({ holds }) => holds(runner, ended)).flatMap(({ codes }) => codes),
      ]);
      check(
        code !== undefined && fits.has(code),
        runner.name,
        () =>
          `ends with ${code ?? "no code"}, of which neither the step nor a fault is a cause: ${faults.join(", ")}`,
      );
    }
  },
};

/** The faults that met the step, its tasks, or the steps whose job or task it goes on with. */
function faultsOf(runner: Runner, ended: Simulated): readonly Fault[] {
  const actors = new Set(["service", ...tasksOf(runner, ended).map(({ name }) => name)]);
  for (let each: Runner | undefined = runner; each !== undefined; each = each.before ?? each.host)
    actors.add(each.name);
  return ended.world.base.faults.taken.filter(({ actor }) => actors.has(actor));
}

/** Whether no job has begun in the step's only session, and the inputs of the step leave it less time than a silent session has. */
function isOverBeforeSilence(runner: Runner, ended: Simulated): boolean {
  const { name, beganAt, options, before } = runner;
  const [session, ...others] = [...ended.world.gateway.sessions.values()].filter(
    ({ owner, command }) => owner === name && !isStopCommand(command),
  );
  if (session === undefined || others.length > 0 || before !== undefined) return false;
  if (!("start-timeout" in options.inputs) || jobsOf(runner, ended).length > 0) return false;
  const kinds = ["start-timeout", "queue-timeout", "timeout"] as const;
  const most = kinds.reduce((sum, kind) => sum + timeoutOf(runner, kind), AFTER_TIMEOUT_MS);
  return beganAt + most <= session.begun + SILENCE_MS;
}

/** The row of a fault in the table. */
function kindOf(fault: Fault): string {
  if (fault.kind === "kill-process") return `${fault.kind} ${fault.process}`;
  if (fault.kind === "agent-dies" && fault.isTold === true) return `${fault.kind} told`;
  return "what" in fault ? `${fault.kind} ${fault.what}` : fault.kind;
}

/** How long these lines take, with what the shell needs beside its waits. */
function longestOf(lines: readonly ScriptLine[]): number {
  return lines.reduce((sum, line) => sum + ("wait" in line ? line.wait : 0), lines.length > 0 ? WORK_MS : 0);
}

/** Whether the command of items prints none, or a secret. */
function isNoList(options: Runner["options"]): boolean {
  const lines = listingOf(options)?.lines ?? [{ out: "" }];
  return lines.every((line) => !("out" in line)) || lines.some((line) => "secret" in line);
}

/** How long its items would take in one worker, behind the command that lists them. One that `retry` runs again counts each time. */
function longestItemsOf(runner: Runner, ended: Simulated): number {
  const { options } = firstOf(runner);
  const listing = longestOf(listingOf(options)?.lines ?? []);
  const runs = itemStepsOf(ended).find((step) => step.runner === runner)?.runs ?? [];
  return itemsOf(options).reduce(
    (sum, text, index) =>
      sum + ((parseItem(text)?.wait ?? 0) + WORK_MS) * Math.max(1, runs[index]?.length ?? 0),
    listing,
  );
}

function hasFewRights(ecs: Simulated["scenario"]["ecs"]): boolean {
  return ecs !== undefined && !(ecs.mayDescribe && ecs.mayRegister);
}

/** Whether the log that a step reads is one that nobody writes, or that the callers may not read. */
function isLogMissing(runner: Runner, logs: SessionLogOptions | undefined): boolean {
  if (logs === undefined || !readsLog(runner)) return false;
  const isGroup = runner.options.inputs["logs"] === "cloudwatch";
  return logs.hasScript === false || (isGroup && (logs.group === "missing" || !logs.mayRead));
}

/** Whether a run knows of the others in its container. */
function isSeen({ scenario: { world } }: Simulated): boolean {
  return world.bucket && world.maySeeSessions;
}

/** Whether a container has died under items of a step with `retry`, and the step does not know the end of one. */
function hasUsedUpItem(runner: Runner, ended: Simulated): boolean {
  const step = itemStepsOf(ended).find((each) => each.runner === runner);
  if (step?.inputs["retry"] === undefined || step.told === undefined) return false;
  const isLost = step.all.some(({ ended: at, exitCode }) => at !== undefined && exitCode === undefined);
  return isLost && step.told.some(({ outcome }) => outcome === "unknown");
}

function hadTightDisk(runner: Runner, ended: Simulated): boolean {
  return tasksOf(runner, ended).some(({ container }) => container?.wasTight === true);
}

/** Whether a container of the step has a directory, or no room, where a file is to be. */
function hasNoPlace(runner: Runner, ended: Simulated): boolean {
  return (
    hadTightDisk(runner, ended) ||
    tasksOf(runner, ended).some(({ container }) => container?.options.directories !== undefined)
  );
}

function bytesOfFiles(runner: Runner): number {
  const { files = [] } = firstOf(runner).options;
  return files.reduce((sum, { file }) => sum + Number(file.split(" ")[1]), 0);
}

/** What must hold of what a step says. */
export const CODE_RULES: readonly Rule[] = [fitting];
