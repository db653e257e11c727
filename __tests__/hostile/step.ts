import { realWorld } from "../../src/run/step/world.ts";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Aws } from "../../src/aws/calls.ts";
import { systemClock } from "../../src/clock.ts";
import { parseHandle } from "../../src/inputs/handle.ts";
import type { Inputs } from "../../src/inputs/inputs.ts";
import { runJob } from "../../src/run/job.ts";
import type { JobContext } from "../../src/run/job/context.ts";
import { logFailure } from "../../src/log.ts";
import { StepBudget } from "../../src/run/step-budget.ts";
import { conclude } from "../../src/report/conclude.ts";
import { makeOutputs } from "../../src/report/outputs.ts";
import { failedResult, NO_OUTPUT, printedOutput, type TaskResult } from "../../src/report/result.ts";
import { makeSummary } from "../../src/report/summary.ts";
import { Screen } from "../../src/report/show/screen.ts";
import { readTestReports } from "../../src/run/step/test-reports.ts";
import { TaskLooks } from "../../src/targets/tasks/task-looks.ts";
import { cleanUp } from "../../src/undo/cleanup.ts";
import { Ledger } from "../../src/undo/ledger.ts";
import { LeapingClock } from "../helpers/leaping-clock.ts";
import { anExecConfiguration, anInputs, aTarget } from "../helpers/runs.ts";
import { type Random, randomOf } from "../helpers/seeds.ts";
import { aDefinition, aTask, TASK } from "../helpers/tasks.ts";
import type { Session } from "../../src/session/session.ts";
import { OpenBucket } from "./bucket.ts";
import { type HostileCase, hostileCase, hostileHandle } from "./cases.ts";
import { CaseContainer } from "./container.ts";

/** Opens a session in place of the gateway: a program that loads this module puts it in the place of `openSession`. */
export const opening: { open: (sessionId: string) => Promise<Session> } = {
  open: () => Promise.reject(new Error("there is no case")),
};

const HOUR_MS = 3_600_000;
const RUN = "hostile-1";
const PREFIX = "ci/";
/** The most calls of S3 of one case: of its queue, its looks for pieces, and its cleanup. */
const MOST_CALLS = 6_000;

/**
 * Runs the case of this seed through a step's job, its report and both cleanups. `root` is an empty directory, or one that earlier cases have
 * used. Fails with what should not have happened.
 */
export async function runHostileCase(seed: number, root: string): Promise<TaskResult["outcome"]> {
  const random = randomOf(seed);
  const hostile = hostileCase(random);
  const workspace = join(root, "workspace");
  const artifacts = join(workspace, "artifacts");
  mkdirSync(artifacts, { recursive: true });
  writeFileSync(join(workspace, "kept"), "kept");
  try {
    return await runIn(root, workspace, hostile, random);
  } finally {
    if (readdirSync(artifacts).length > 0) rmSync(artifacts, { recursive: true, force: true });
  }
}

async function runIn(
  root: string,
  workspace: string,
  hostile: HostileCase,
  random: Random,
): Promise<TaskResult["outcome"]> {
  parseHandle(hostileHandle(random));
  const step = new HostileStep(hostile, workspace);
  const result = await step.run();
  check(readdirSync(root).join() === "workspace", "something was written outside the workspace");
  check(
    readdirSync(workspace).sort().join() === "artifacts,kept",
    "something was written beside the artifacts",
  );
  checkVerdict(hostile, result);
  checkCalls(step.bucket);
  checkShown(step.shown);
  return result.outcome;
}

function checkVerdict({ attacker, exitCode }: HostileCase, result: TaskResult): void {
  const seen = `outcome ${result.outcome}, exit code ${result.exitCode ?? "none"}`;
  if (attacker === "container") {
    check(result.outcome !== "succeeded", `no success was said: ${seen}`);
    return;
  }
  // Another principal may keep a run waiting by the queue. It has no say in the status: without the bucket a session brings that.
  const isUnknown = attacker === "bucket" && result.outcome === "not-started";
  check(isUnknown || result.exitCode === exitCode, `the exit code is ${exitCode}: ${seen}`);
  check(
    (result.outcome === "succeeded") === (!isUnknown && exitCode === 0),
    `the exit code is ${exitCode}: ${seen}`,
  );
}

function checkCalls({ calls }: OpenBucket): void {
  check(calls.length <= MOST_CALLS, `there were ${calls.length} calls of S3`);
  const due = new RegExp(
    `^${PREFIX}(staged/${RUN}/payload|claims/[0-9a-f]{32}/app\\.json|output/[0-9a-f]{32}/(\\d{1,6}|part\\.\\d{1,4}|alive|control))$`,
  );
  for (const { operation, key } of calls) check(due.test(key), `${operation} of ${key} was not due`);
}

/** The runner obeys a line only while the guard is down. */
function checkShown(shown: string): void {
  let token: string | undefined;
  for (const line of shown.split(/[\n\r]/)) {
    const [, raised] = /^::stop-commands::(\S+)$/.exec(line) ?? [];
    if (token === undefined && raised !== undefined) token = raised;
    else if (token !== undefined && line === `::${token}::`) token = undefined;
    else if (token === undefined)
      check(!/^\s*::|##\[(?!group\]|endgroup\])/.test(line), `the runner would obey ${JSON.stringify(line)}`);
    else check(!/^##\[(?!group\]|endgroup\])/.test(line), `the viewer would obey ${JSON.stringify(line)}`);
  }
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

/** A step whose calls of AWS are answered by the case. */
class HostileStep {
  readonly bucket = new OpenBucket();
  readonly #clock = new LeapingClock();
  readonly #screen: Screen;
  readonly #parts: Buffer[] = [];
  readonly #inputs: Inputs;
  readonly #aws: Aws;
  readonly #workspace: string;
  #sessions = 0;
  #commands = new Map<string, string>();

  constructor(hostile: HostileCase, workspace: string) {
    this.#workspace = workspace;
    const container = new CaseContainer(hostile, this.bucket);
    opening.open = (id) => Promise.resolve(container.open(id, this.#commands.get(id) ?? ""));
    if (hostile.queue !== undefined)
      this.bucket.plant(`${PREFIX}claims/${aTarget().taskId}/app.json`, hostile.queue);
    this.#screen = screenTo(this.#parts);
    const directory = join(workspace, "artifacts");
    this.#inputs = anInputs({
      ...{ bucket: "b", prefix: PREFIX, timeout: 120_000, startTimeout: 60_000, queueTimeout: 120_000 },
      logs: hostile.byBucket ? "bucket" : "auto",
      artifacts: {
        ...{ globs: [], directory, within: [workspace], maxCount: 50, maxBytes: 256 * 1024, missing: "warn" },
      },
      reports: ["**/*.xml"],
    });
    this.#aws = this.#fakeAws();
  }

  get shown(): string {
    return Buffer.concat(this.#parts).toString("latin1");
  }

  async run(): Promise<TaskResult> {
    const clock = this.#clock;
    const ledger = new Ledger({ region: "eu-central-1", undo: [] }, () => undefined);
    this.#screen.open({ workflowCommands: false });
    const result = await clock.run(this.#job(ledger), 4 * HOUR_MS);
    this.#screen.open({ workflowCommands: false });
    for (const patient of [false, true]) {
      const options = { aws: this.#aws, clock, log: this.#screen, reason: "over", patient };
      await clock.run(cleanUp(ledger, options), HOUR_MS);
    }
    this.#screen.close();
    return result;
  }

  async #job(ledger: Ledger): Promise<TaskResult> {
    const context = this.#context(ledger);
    const { target, looks } = context;
    const report = await runJob(context).catch((error: unknown) => logFailure(error, this.#screen));
    const ended = "end" in report ? report : undefined;
    const facts = {
      ...{ target, startedAt: undefined, publicIp: undefined, described: looks.lastLook(target.taskArn) },
      ...{
        times: ended?.times,
        artifacts: ended?.artifacts,
        sessionId: ended?.sessionIds.at(-1),
        log: ended?.log,
      },
      ...(ended === undefined ? NO_OUTPUT : printedOutput(ended)),
    };
    const result = "end" in report ? conclude(report, facts) : failedResult(report, facts);
    const tests = await readTestReports(result, context);
    makeOutputs(result, tests);
    const step = { inputs: this.#inputs, workspace: this.#workspace, docs: "https://docs/" };
    makeSummary(result, step as never, { from: 0, to: 1 }, tests);
    return result;
  }

  #context(ledger: Ledger): JobContext {
    const [aws, clock] = [this.#aws, this.#clock];
    return {
      ...{
        target: aTarget(),
        exec: Promise.resolve(anExecConfiguration()),
        inputs: this.#inputs,
        aws,
        undoing: aws,
      },
      looks: new TaskLooks({ ecs: aws.ecs, tasks: [TASK], described: [], clock }),
      origin: { id: RUN, repository: "o/r", runId: "1", runAttempt: "1", url: "https://x/", variables: {} },
      ...{
        ledger,
        clock,
        log: this.#screen,
        write: this.#screen.writer(),
        writer: () => this.#screen.writer(),
      },
      ...{ drained: () => Promise.resolve(), cancel: new AbortController().signal, giveUp: () => undefined },
      ...{ budget: new StepBudget(), workspace: this.#workspace, runner: "hostile", queues: true, env: {} },
      gunzip: realWorld.gunzip,
    } as unknown as JobContext;
  }

  #fakeAws(): Aws {
    const executeCommand = ({ command }: { readonly command: string }) => {
      const sessionId = `ecs-execute-command-${(this.#sessions += 1)}`;
      this.#commands.set(sessionId, command);
      return Promise.resolve({ session: { sessionId, streamUrl: "wss://x/", token: "t" } });
    };
    const ecs = {
      describeTask: () => Promise.resolve(aTask()),
      describeTasks: () => Promise.resolve([aTask()]),
      describeTaskDefinition: () => Promise.resolve(aDefinition()),
      executeCommand,
    };
    const ssm = {
      terminateSession: () => Promise.resolve(),
      resumeSession: () => Promise.resolve(undefined),
      listActiveSessions: () => Promise.resolve([]),
    };
    return { ecs, ssm, s3: this.bucket.s3, clients: {}, kms: {}, logs: {} } as unknown as Aws;
  }
}

function screenTo(parts: Buffer[]): Screen {
  const nothing = (): void => undefined;
  return new Screen({
    write: (...pieces) => void parts.push(...pieces.map((piece) => Buffer.from(piece))),
    flush: nothing,
    commands: {
      isDebug: () => false,
      debug: nothing,
      warning: nothing,
      notice: nothing,
      error: nothing,
      setSecret: nothing,
    },
    docs: "https://docs.example.com/",
    random: systemClock.random,
  });
}
