import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import type { World } from "../../../src/aws/world.ts";
import type { RunnerProcess } from "../../../src/doors/github/process.ts";
import { Runner } from "../../../src/doors/github/runner.ts";
import { startForward } from "../../../src/doors/github/start-forward.ts";
import { runnerSurroundings } from "../../../src/doors/github/surroundings.ts";
import { run } from "../../../src/main.ts";
import { finishCleanup } from "../../../src/doors/post-main.ts";
import { realWorld } from "../../../src/run/step/world.ts";

/** A runner's process that is none: its files, its output and its signals are in memory. */
class MemoryProcess implements RunnerProcess {
  readonly world: World;
  readonly directory = "/nowhere";
  readonly began = 1_700_000_000_000;
  readonly files = new Map<string, string>();
  readonly exits: number[] = [];
  exitCode = 0;
  readonly stdout: Writable;
  #shown = "";
  readonly #acts: ((signal: "SIGINT" | "SIGTERM") => void)[] = [];

  /** The files of the runner that `env` names are there, and empty. */
  constructor(env: NodeJS.ProcessEnv, world: Partial<World> = {}) {
    this.world = { ...realWorld, ...world, env };
    for (const name of ["GITHUB_STATE", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"] as const)
      if (env[name] !== undefined) this.files.set(env[name], "");
    this.stdout = new Writable({
      write: (bytes: Buffer, _, done) => {
        this.#shown += bytes.toString();
        done();
      },
    });
  }

  get lines(): readonly string[] {
    return this.#shown.trimEnd().split("\n");
  }

  onSignal = (act: (signal: "SIGINT" | "SIGTERM") => void): void => void this.#acts.push(act);

  signal(name: "SIGINT" | "SIGTERM"): void {
    for (const act of this.#acts) act(name);
  }

  exit = (code: number): void => void this.exits.push(code);

  setExitCode = (code: number): void => void (this.exitCode = code);

  appendFile = (path: string, text: string): void => {
    const before = this.files.get(path);
    if (before === undefined) throw new Error(`no such file: ${path}`);
    this.files.set(path, before + text);
  };

  context = () => ({
    ...{ repo: { owner: "example", repo: "demo" }, runId: 42, runAttempt: 1 },
    serverUrl: "https://github.com",
  });

  getJson = () => Promise.resolve({ status: 200, body: '{"value":"a.b.c"}' });

  /** The values in a file that the runner reads. */
  values(path: string): Readonly<Record<string, string>> {
    const entries = [...(this.files.get(path) ?? "").matchAll(/^(\S+)<<(\S+)\n(.*?)\n\2$/gms)];
    return Object.fromEntries(entries.map(([, name = "", , value = ""]) => [name, value]));
  }
}

const FILES = { GITHUB_STATE: "state", GITHUB_OUTPUT: "output", GITHUB_STEP_SUMMARY: "summary" };
const ENV = { GITHUB_REPOSITORY: "example/demo", GITHUB_WORKSPACE: "/nowhere", ...FILES };
const wrong = (workers: string) =>
  new MemoryProcess({ ...ENV, INPUT_REGION: "eu-west-1", INPUT_WORKERS: workers });

it("two steps in one process each have their own log, outputs, summary and end", async () => {
  const [one, other] = [wrong("none"), wrong("many")];
  await Promise.all([run(runnerSurroundings(one)), run(runnerSurroundings(other))]);
  for (const [step, own, foreign] of [
    [one, "none", "many"],
    [other, "many", "none"],
  ] as const) {
    expect(step.exitCode).toBe(1);
    expect(step.values("output")).toMatchObject({ outcome: "not-started", "exit-code": "" });
    expect(step.lines.at(-1)).toContain(`'${own}'`);
    expect(step.files.get("summary")).toContain(own);
    expect([...step.lines, ...step.files.values()].join("\n")).not.toContain(`'${foreign}'`);
  }
});

it("a signal cancels the step of its own process only, and a second one ends that process", () => {
  const [one, other] = [wrong("none"), wrong("none")];
  const [first, second] = [runnerSurroundings(one), runnerSurroundings(other)];
  one.signal("SIGINT");
  expect([first.cancel.aborted, second.cancel.aborted, one.exits]).toEqual([true, false, []]);
  one.signal("SIGTERM");
  expect([one.exits, other.exits]).toEqual([[130], []]);
});

it("a step's state is read by the post step of the same job", () => {
  const main = new MemoryProcess(ENV);
  const entry = { kind: "protection", cluster: "ci", task: "17", until: 1 };
  const saved = { region: "eu-west-1", role: undefined, undo: [entry] } as never;
  new Runner(main).saveState({ ...(saved as object), page: 0 } as never);
  const states = Object.entries(main.values("state")).map(([name, value]) => [`STATE_${name}`, value]);
  const post = new MemoryProcess({ ...ENV, ...(Object.fromEntries(states) as NodeJS.ProcessEnv) });
  expect(new Runner(post).savedState()).toEqual(saved);
});

it("the post step of a step that has saved nothing shows nothing", async () => {
  const post = new MemoryProcess(ENV);
  await finishCleanup(post);
  expect(post.lines).toEqual([""]);
  post.signal("SIGTERM");
  await post.world.clock.turn();
  expect(post.lines).toEqual(["Finishing in spite of SIGTERM."]);
});

it("a forward that can't begin on this machine fails by name", async () => {
  const main = new MemoryProcess({ ...ENV, RUNNER_TEMP: "/nowhere" });
  await startForward(main, "forward.js");
  expect([main.exitCode, main.lines.at(-1)]).toEqual([
    1,
    expect.stringMatching(/^::error title=fargate-exec%3A internal-error::.*ENOENT/),
  ]);
});

it("a forward whose journal was damaged is a warning of its post step", async () => {
  const directory = mkdtempSync(join(tmpdir(), "runner-"));
  writeFileSync(join(directory, "journal"), "no record\n");
  const post = new MemoryProcess({ ...ENV, STATE_forward: JSON.stringify({ directory, shown: 0 }) });
  await finishCleanup(post);
  expect(post.lines[0]).toMatch(/^::warning .*The forward could not be ended as it should: .*JSON/);
  rmSync(directory, { recursive: true });
});

it("a runner without files gets commands, in which nothing of a value is a command", () => {
  const main = new MemoryProcess({});
  new Runner(main).saveState({ region: "eu\n::x::%", role: undefined, undo: [], page: 0 });
  expect(main.lines).toEqual([
    '::save-state name=fargate-exec::{"region":"eu\\n::x::%25","undo":[],"page":0}',
  ]);
});

it("an annotation's text and title are escaped as the runner wants them", () => {
  const main = new MemoryProcess({});
  new Runner(main).screen.error("50 %\nof it", { title: "a: b, c", file: "x.py", startLine: 3 });
  expect(main.lines).toEqual(["::error title=a%3A b%2C c,file=x.py,line=3::50 %25%0Aof it"]);
});

it("a file of the runner that is not there is named by its variable", async () => {
  const main = wrong("none");
  main.files.delete("summary");
  await run(runnerSurroundings(main));
  expect(main.lines.at(-1)).toMatch(/^::error .*GITHUB_STEP_SUMMARY.*no such file: summary/);
});

it("the runner masks secrets, however many there are", () => {
  const process = new MemoryProcess({});
  // Each line of a long secret has a dozen forms. Short values have none, so that the test is fast.
  new Runner(process).mask(
    Object.fromEntries(Array.from({ length: 150_000 }, (_, i) => [`A${i}`, `${i % 3}`])),
  );
  expect(process.lines.filter((line) => line.startsWith("::add-mask::"))).toHaveLength(3);
});
