import { runnerSurroundings } from "../../src/doors/github/surroundings.ts";
import { run } from "../../src/main.ts";
import { runForward } from "../../src/run/run-forward.ts";
import { finishCleanup } from "../../src/doors/post-main.ts";
import { itemsOf, parseItem } from "../items.ts";
import { type RunnerOptions, type Script, scriptText, type Signal } from "../scenario.ts";
import { CLUSTER, REGION } from "../world/names.ts";
import type { World } from "../world/world.ts";
import { Process } from "./process.ts";
import { Programs } from "./programs.ts";
import { Workspace } from "./workspace.ts";

/** The value of the one secret that a step may have. */
export const SECRET = "s3cr3t-value-0815";

/** The inputs that name another target than `task` does. */
const TARGETS = ["service", "task-definition", "image"];

/** How a process of the runner has ended. */
export interface ProcessEnd {
  /** Undefined when it was killed. */
  readonly exitCode: number | undefined;
  readonly at: number;
}

/** A step on a runner: main, what interferes with it, then post. */
export class Runner {
  readonly name: string;
  readonly options: RunnerOptions;
  readonly script: Script;
  readonly main: Process;
  post: Process | undefined;
  mainEnd: ProcessEnd | undefined;
  postEnd: ProcessEnd | undefined;
  /** When the first signal of a cancel came. */
  cancelledAt: number | undefined;
  /** How long main could not run after that, in milliseconds. */
  pausedMs = 0;
  isKilled = false;
  hasBegun = false;
  beganAt = 0;
  /** The workflow run that the job's payload names: that of the step which has started the job. */
  readonly jobUrl: string;
  /** True when the step did not begin, because the one before it has left no job. */
  isSkipped = false;
  /** The step whose handle this one attaches to. */
  readonly before: Runner | undefined;
  /** The step whose task this one runs in. */
  readonly host: Runner | undefined;
  /** The attempt of the workflow's run before this one. */
  readonly earlier: Runner | undefined;
  /** The workflow's run, and its attempt, from 1. */
  readonly runId: number;
  readonly attempt: number;
  /** The steps that come later in its workflow job. */
  readonly #later: Runner[] = [];
  /** What is in its directory of artifacts at the end of main, by path; undefined for a step that asks for none. */
  artifacts: ReadonlyMap<string, Buffer> | undefined;
  #outputs: { readonly text: string; readonly values: Readonly<Record<string, string>> } | undefined;
  readonly #workspace: Workspace | undefined;
  readonly #world: World;
  readonly #whenMainEnded: (() => void)[] = [];
  readonly #whenOver: (() => void)[] = [];

  /** `others` are the steps of the scenario before this one. */
  constructor(world: World, index: number, options: RunnerOptions, others: readonly Runner[]) {
    this.#world = world;
    this.before = others[options.follows ?? -1];
    this.host = others[options.shares ?? -1];
    if (this.host !== undefined) this.host.#later.push(this);
    this.name = `runner ${index}`;
    this.earlier = others[options.reruns ?? -1];
    const known = this.earlier ?? others[options.twin ?? -1];
    this.runId = known?.runId ?? 4_000 + index;
    this.attempt = this.earlier === undefined ? (known?.attempt ?? 1) : this.earlier.attempt + 1;
    this.#workspace =
      bringsBack(options, this.before) || options.files !== undefined ? new Workspace(this.name) : undefined;
    this.#workspace?.write((options.files ?? []).map(({ file }) => file));
    this.options = options;
    this.script = options.script;
    this.main = new Process(world, this.name, { kind: "main", env: {}, ahead: options.ahead });
    // The oracle tells the jobs of steps apart by this address.
    if (known !== undefined) this.main.serverUrl = `https://${index}.github.com`;
    this.jobUrl = this.before?.jobUrl ?? `${this.main.serverUrl}/org/repo/actions/runs/${this.runId}`;
    world.base.time.after(world.base.host, options.at, () => {
      const last = this.before ?? this.host;
      if (this.earlier !== undefined)
        this.#beginBehind(
          others.filter(({ runId, attempt }) => runId === this.runId && attempt < this.attempt),
        );
      else if (last === undefined || last.mainEnd !== undefined) this.#begin();
      else last.#whenMainEnded.push(() => this.#begin());
    });
  }

  /** Where its forwards lead. */
  get forwards(): readonly string[] {
    return (this.options.inputs["forwards"] ?? "").split("\n").map((text) => text.split(":").at(-2) ?? "");
  }

  get isOver(): boolean {
    if (this.isSkipped) return true;
    return this.mainEnd !== undefined && (!this.options.post || this.postEnd !== undefined);
  }

  /** The outputs of the step, by name. */
  get outputs(): Readonly<Record<string, string>> {
    const text = this.main.files.get("/files/output") ?? "";
    if (this.#outputs?.text !== text) this.#outputs = { text, values: parseFile(text) };
    return this.#outputs.values;
  }

  /** All that the step has written. */
  get record(): string {
    const files = [...this.main.files.values(), ...(this.post?.files.values() ?? [])];
    return [this.main.stdout.replaceAll(/^::add-mask::.*$/gm, ""), this.post?.stdout ?? "", ...files].join(
      "\n",
    );
  }

  signal(signal: Signal): void {
    const { time, host, timeline } = this.#world.base;
    if (this.mainEnd !== undefined) return;
    timeline.note(this.name, `gets ${signal}`);
    if (signal === "SIGKILL") {
      this.isKilled = true;
      this.#endMain(undefined);
      return;
    }
    if (this.cancelledAt === undefined) {
      this.cancelledAt = time.now;
      this.pausedMs = Math.max(0, this.main.host.pausedUntil - time.now);
    }
    if (signal !== "cancel") {
      this.main.signal(signal);
      return;
    }
    this.main.signal("SIGINT");
    time.after(host, 7_500, () => {
      if (this.mainEnd === undefined) this.main.signal("SIGTERM");
    });
    time.after(host, 10_000, () => this.signal("SIGKILL"));
  }

  /** Cuts the connections of its sessions. True when there was one. */
  cut(isSilent: boolean): boolean {
    const isMet =
      [this.main, this.post].filter((process) => process?.sockets.cut(isSilent) === true).length > 0;
    if (isMet) this.#world.base.timeline.note(this.name, isSilent ? "is cut silently" : "is cut");
    return isMet;
  }

  /** Cuts them, and takes no new ones for so long. True when there was one, or there may be one meanwhile. */
  keepGatewayAway(isSilent: boolean, ms: number): boolean {
    for (const process of [this.main, this.post]) process?.sockets.keepAway(ms);
    return this.cut(isSilent) || !this.isOver;
  }

  pause(ms: number): void {
    const { time, timeline } = this.#world.base;
    timeline.note(this.name, `is paused for ${ms} ms`);
    this.main.host.pauseUntil(time.now + ms);
    this.post?.host.pauseUntil(time.now + ms);
    if (this.cancelledAt !== undefined) this.pausedMs += ms;
  }

  #begin(): void {
    const { timeline } = this.#world.base;
    const wanted = this.before?.outputs["handle"] ?? this.host?.outputs["task-arn"] ?? "";
    if ((this.before ?? this.host) !== undefined && wanted === "") {
      this.isSkipped = true;
      if (this.host !== undefined) this.host.#beginPostIfLast();
      return;
    }
    this.main.env = this.#env();
    this.hasBegun = true;
    this.beganAt = this.#world.base.time.now;
    timeline.note(this.name, "main begins");
    const process = this.main.surroundings((code) => this.#endMain(code));
    const { clients } = this.options;
    const ended =
      clients === undefined
        ? run(runnerSurroundings(process, this.before === undefined ? "root" : "attach"))
        : runForward(
            new Programs(this.#world.base, this.main, {
              runner: this.name,
              clients,
              forwards: this.forwards,
            }),
            runnerSurroundings(process, "forward"),
          );
    void ended.then(() => this.main.idle()).then(() => this.#endMain(this.main.exitCode));
  }

  #endMain(exitCode: number | undefined): void {
    const { time, timeline, host } = this.#world.base;
    if (this.mainEnd !== undefined) return;
    this.mainEnd = { exitCode, at: time.now };
    timeline.note(this.name, exitCode === undefined ? "main is killed" : `main ends with ${exitCode}`);
    this.main.host.kill();
    this.#beginPostIfLast();
    if (this.host !== undefined) this.host.#beginPostIfLast();
    this.artifacts = this.#workspace?.filesBelow("artifacts");
    for (const act of this.#whenMainEnded) time.after(host, 1_000, act);
    this.#tellIfOver();
  }

  /** To be called at the end of the world: a step that is killed removes nothing. */
  removeWorkspace(): void {
    this.#workspace?.remove();
  }

  /** GitHub begins an attempt when all jobs of the one before have ended. */
  #beginBehind(others: readonly Runner[]): void {
    const open = others.find(({ isOver }) => !isOver);
    if (open === undefined) this.#begin();
    else open.#whenOver.push(() => this.#beginBehind(others));
  }

  /** GitHub runs a job again some seconds after it has ended. */
  #tellIfOver(): void {
    if (!this.isOver) return;
    for (const act of this.#whenOver.splice(0))
      this.#world.base.time.after(this.#world.base.host, 5_000, act);
  }

  /** The post steps of a workflow job begin after its last main step. */
  #beginPostIfLast(): void {
    const { time, host } = this.#world.base;
    const isLast = this.#later.every(({ mainEnd, isSkipped }) => mainEnd !== undefined || isSkipped);
    if (!this.options.post || this.mainEnd === undefined || !isLast) return;
    time.after(host, 200, () => {
      if (this.post === undefined && this.postEnd === undefined) this.#beginPost();
    });
  }

  #beginPost(): void {
    const { time, timeline } = this.#world.base;
    const states = Object.entries(parseFile(this.main.files.get("/files/state") ?? ""));
    const isNothingLeft = states.every(
      ([, text]) => (JSON.parse(text) as { readonly undo: readonly unknown[] }).undo.length === 0,
    );
    const end = (exitCode: number): void => {
      this.postEnd ??= { exitCode, at: time.now };
      timeline.note(this.name, `post ends with ${exitCode}`);
      this.#tellIfOver();
      this.post?.host.kill();
    };
    if (isNothingLeft) {
      end(0);
      return;
    }
    timeline.note(this.name, "post begins");
    const saved = Object.fromEntries(states.map(([name, value]) => [`STATE_${name}`, value]));
    this.post = new Process(this.#world, this.name, {
      ...{ kind: "post", env: { ...this.main.env, ...saved }, ahead: this.options.ahead },
    });
    const { post } = this;
    void finishCleanup(post.surroundings(end))
      .then(() => post.idle())
      .then(() => end(post.exitCode));
  }

  /** What says where the job is, and what it runs. */
  #jobInputs(): Readonly<Record<string, string>> {
    if (this.before !== undefined) return { handle: this.before.outputs["handle"] ?? "" };
    const { ecs, base, bucket } = this.#world;
    return {
      ...{ cluster: CLUSTER, region: REGION },
      ...(this.options.clients === undefined && { run: scriptText(this.script) }),
      ...(this.host !== undefined && { task: this.host.outputs["task-arn"] ?? "" }),
      ...(this.host === undefined &&
        !TARGETS.some((name) => name in this.options.inputs) && {
          task: ecs.tasks[this.options.container]?.identity.id ?? "",
        }),
      ...(base.options.bucket && { bucket: bucket.name }),
    };
  }

  #env(): Readonly<Record<string, string>> {
    const end = this.#world.credentialsEnd(this.name);
    return {
      ...Object.fromEntries(
        Object.entries({ ...this.#jobInputs(), ...this.options.inputs }).map(([name, value]) => [
          `INPUT_${name.toUpperCase()}`,
          value,
        ]),
      ),
      ...{
        AWS_ACCESS_KEY_ID: "ASIASIMULATED",
        AWS_SECRET_ACCESS_KEY: "simulated",
        AWS_SESSION_TOKEN: "simulated",
        ...(end !== undefined && { AWS_CREDENTIAL_EXPIRATION: end.toISOString() }),
      },
      ...{
        // What `permissions: id-token: write` sets.
        ACTIONS_ID_TOKEN_REQUEST_URL: "https://tokens.actions.example/token",
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: "simulated",
        GITHUB_STATE: "/files/state",
        GITHUB_OUTPUT: "/files/output",
        GITHUB_STEP_SUMMARY: "/files/summary",
      },
      ...{ GITHUB_REPOSITORY: "org/repo", GITHUB_RUN_ID: String(this.runId) },
      GITHUB_RUN_ATTEMPT: String(this.attempt),
      ...{
        GITHUB_SERVER_URL: "https://github.com",
        GITHUB_SHA: "0".repeat(40),
        GITHUB_REF: "refs/heads/main",
      },
      ...{ GITHUB_WORKSPACE: this.#workspace?.path ?? "/workspace", RUNNER_TEMP: "/temp", SECRET },
    };
  }
}

/** Whether the step brings files back, or follows a job that has some. */
function bringsBack({ inputs }: RunnerOptions, before: Runner | undefined): boolean {
  return (
    inputs["artifacts"] !== undefined ||
    itemsOf({ inputs }).some((text) => parseItem(text)?.keeps !== undefined) ||
    (before !== undefined && bringsBack(before.options, before.before))
  );
}

/** A file of name-and-value pairs, as the runner reads it: `name<<END`, the value, `END`. */
function parseFile(text: string): Record<string, string> {
  const values: Record<string, string> = {};
  const lines = text.split("\n");
  for (let at = 0; at < lines.length; at += 1) {
    const [, name, end] = /^(.+?)<<(.+)$/.exec(lines[at] ?? "") ?? [];
    if (name === undefined) continue;
    const last = lines.indexOf(end ?? "", at + 1);
    values[name] = lines.slice(at + 1, last).join("\n");
    at = last;
  }
  return values;
}
