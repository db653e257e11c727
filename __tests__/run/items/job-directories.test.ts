import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { ArtifactOptions, Retry } from "../../../src/inputs/inputs.ts";
import { ITEM_BUDGET } from "../../../src/run/items/item-archive.ts";
import type { ItemDirectories, ItemDirectoriesOptions } from "../../../src/run/items/item-directories.ts";
import type { ItemsOfJob } from "../../../src/run/items/job-items.ts";
import { StepItems } from "../../../src/run/items/step-items.ts";
import { Unsettled } from "../../../src/run/job/unsettled.ts";
import { StepBudget } from "../../../src/run/step-budget.ts";
import { Listener } from "../../helpers/listener.ts";
import { quietTime } from "../../helpers/quiet-time.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";
import { aWorkspace, itemDirectories, itemDirectoriesOptions } from "./directories.ts";
import { itInSoak } from "../../helpers/every-nth.ts";

let workspace: string;
beforeEach(() => {
  workspace = aWorkspace();
});
afterEach(() => rmSync(workspace, { recursive: true }));

const AGAIN: Retry = { reasons: ["infrastructure"], exitCodes: [75], attempts: 3 };

/** A step whose jobs have begun, and hear what their containers tell. */
class Step {
  readonly log: Listener;
  readonly directories: ItemDirectories;
  readonly jobs: { readonly items: ItemsOfJob; readonly unsettled: Unsettled }[] = [];
  readonly #items: StepItems;

  private constructor(items: StepItems, directories: ItemDirectories, log: Listener) {
    [this.#items, this.directories, this.log] = [items, directories, log];
  }

  static async open(jobs: number, batch = 1, more: Partial<ItemDirectoriesOptions> = {}): Promise<Step> {
    const list = more.list ?? ["a", "b", "c", "d"];
    const log = new Listener();
    const directories = itemDirectories({ workspace, list, log, ...more });
    const items = await StepItems.open({
      ...{ items: list, batch, tasks: jobs, retry: AGAIN, failFast: false, times: undefined },
      ...{ hasBucket: false, detaches: false, directories, clock: new SteppedClock(), log: new Listener() },
    });
    const step = new Step(items, directories, log);
    for (let task = 0; task < jobs; task += 1) step.start(task);
    return step;
  }

  start(task: number, memory = new StepBudget().memory): number {
    const items = this.#items.attempt(task);
    items.take({ kind: "header", text: "h" }, 4);
    return this.jobs.push({ items, unsettled: new Unsettled(memory, { items: items.jobDirectories }) }) - 1;
  }

  tell(job: number, ...facts: readonly string[]): void {
    const { items, unsettled } = this.jobs[job] ?? { items: undefined, unsettled: undefined };
    for (const text of facts) {
      items?.jobDirectories.note({ kind: "item-fact", text }, 0);
      items?.take({ kind: "item-fact", text }, 4);
      unsettled?.take({ kind: "item-fact", text });
    }
  }

  /** What was told is certain. */
  settle(job = 0): void {
    this.jobs[job]?.unsettled.settle();
  }

  rollBack(): void {
    this.jobs[0]?.unsettled.rollBack();
  }

  /** The job is over. */
  leave(job: number): void {
    this.settle(job);
    const { items } = this.jobs[job] ?? {};
    items?.jobDirectories.close({ isLeft: false });
    items?.leave({ runsAgain: true });
  }

  async end(): Promise<readonly (readonly string[])[]> {
    for (const job of this.jobs.keys()) this.leave(job);
    await this.#items.end();
    await this.directories.end();
    return this.directories.missing(() => true);
  }
}

/** The lines of a packer for these files, and directories with a slash at their end, as facts of this run. */
function packed(run: string, files: Readonly<Record<string, string | Buffer>>): string[] {
  const from = join(aWorkspace(), "from");
  mkdirSync(from);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(from, name, name.endsWith("/") ? "" : ".."), { recursive: true });
    if (!name.endsWith("/")) writeFileSync(join(from, name), content);
  }
  const archive = execFileSync("tar", ["-czC", from, ...readdirSync(from)], { maxBuffer: 1 << 28 });
  rmSync(join(from, ".."), { recursive: true });
  const lines: string[] = [];
  for (let at = 0; at < archive.length; at += 2880)
    lines.push(`a${archive.subarray(at, at + 2880).toString("base64")}`);
  const sizes = Object.entries(files)
    .filter(([name]) => !name.endsWith("/"))
    .map(([name, content]) => `flist ${content.length} ${JSON.stringify(name)}`);
  return [
    ...sizes,
    ...lines,
    `fend ${archive.length} ${createHash("sha256").update(archive).digest("hex")}`,
  ].map((line) => `pack ${run} ${line}`);
}

/** Bytes that gzip can't make smaller. */
function noise(bytes: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(bytes / 32) }, (_, i) =>
    createHash("sha256").update(`${i}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, bytes);
}

function files(below = "artifacts/items"): Record<string, string> {
  const top = join(workspace, below);
  const names = existsSync(top) ? readdirSync(top, { recursive: true, withFileTypes: true }) : [];
  return Object.fromEntries(
    names
      .filter((each) => each.isFile())
      .map((each) => join(each.parentPath, each.name))
      .toSorted()
      .map((path) => [path.slice(top.length + 1), readFileSync(path, "utf8")]),
  );
}

it("each run's files come into a directory of its own, and one that ended without files has none", async () => {
  const step = await Step.open(1);
  step.tell(0, "begin 1 0 0", "begin 1 1 1", "begin 1 2 2");
  const [one, two] = [
    packed("1 0", { "junit.xml": "of a", "sub/x": "1" }),
    packed("1 1", { "junit.xml": "of b" }),
  ];
  // The workers' lines come mixed.
  step.tell(0, ...one.flatMap((line, i) => [line, two[i] ?? ""]), ...two.slice(one.length));
  step.tell(0, "end 1 1 0 1.0 1", "end 1 2 3 1.0 2", "end 1 0 0 1.0 0");
  expect(await step.end()).toEqual([]);
  expect(files()).toEqual({ "0/junit.xml": "of a", "0/sub/x": "1", "1/junit.xml": "of b" });
  expect([0, 1, 2, 3].map((index) => step.directories.of(index))).toEqual([
    ...["artifacts/items/0", "artifacts/items/1", undefined, undefined],
  ]);
  expect(step.directories.report?.directories.map(({ label }) => label)).toEqual([
    "item 0 'a'",
    "item 1 'b'",
  ]);
  expect(step.log.lines).toEqual(["Directories of 2 items: 3 files, 9 bytes, in artifacts/items."]);
});

it("what is not certain is taken when it has come again, and once", async () => {
  const step = await Step.open(1);
  const [list = "", bytes = "", end = ""] = packed("1 0", { f: "once" });
  step.tell(0, "begin 1 0 0", list);
  step.settle();
  step.tell(0, bytes, end, "end 1 0 0 1.0 0");
  step.rollBack();
  step.tell(0, bytes, end, "end 1 0 0 1.0 0");
  step.settle();
  step.tell(0, end, "end 1 0 0 1.0 0", ...packed("1 0", { f: "again" }));
  expect(await step.end()).toEqual([]);
  expect(files()).toEqual({ "0/f": "once" });
});

it("what a run had sent of its directory when its task died is there, and is said to be incomplete", async () => {
  const step = await Step.open(1);
  const lines = packed("1 1", { early: "x", late: noise(300_000) });
  step.tell(0, "begin 1 1 0", ...lines.slice(0, lines.length - 20));
  expect(await step.end()).toEqual([
    [
      "Item 1 'b': Its directory did not come whole: its task was lost before that. Missing: 'late' (300000 bytes).",
    ],
  ]);
  expect(files()).toEqual({ "1/early": "x" });
  expect(step.log.lines[0]).toBe(
    "warning: Item 1 'b': Its directory did not come whole: its task was lost before that. Missing: 'late' (300000 bytes).",
  );
});

it("a later run has a directory of its own, which counts instead of the one before, and what was missing of that fails nothing", async () => {
  const step = await Step.open(1);
  const lines = packed("1 0", { junit: "first", late: noise(300_000) });
  step.tell(0, "begin 1 0 0", ...lines.slice(0, -1));
  step.leave(0);
  step.start(0);
  const second = packed("1 0", { junit: "second" });
  step.tell(1, "begin 1 0 0", ...second, "end 1 0 0 1.0 0");
  expect(await step.end()).toEqual([]);
  expect(files()["0/junit"]).toBe("first");
  expect(files()["0-attempt-2/junit"]).toBe("second");
  expect(step.directories.of(0)).toBe("artifacts/items/0-attempt-2");
  expect(step.directories.report?.directories.map(({ path }) => path)).toEqual([
    join(workspace, "artifacts/items/0-attempt-2"),
  ]);
});

it.each([
  ["which is named", 1],
  ["of which five are named", 7],
])("five items for which a later run has made up hide no later one, %s", async (_, lost) => {
  const list = Array.from({ length: 5 + lost }, (_, index) => `test ${index}`);
  const step = await Step.open(1, 1, { list });
  const part = (index: number): string[] =>
    packed(`1 ${index}`, { early: "x", late: noise(30_000) }).slice(0, -1);
  for (let index = 0; index < 5; index += 1)
    step.tell(0, `begin 1 ${index} 0`, ...part(index), `end 1 ${index} 75 1.0 0`);
  step.leave(0);
  step.start(0);
  for (let index = 0; index < 5; index += 1)
    step.tell(1, `begin 1 ${index} 0`, ...packed(`1 ${index}`, { f: "x" }), `end 1 ${index} 0 1.0 0`);
  for (let index = 5; index < 5 + lost; index += 1)
    step.tell(1, `begin 1 ${index} 0`, ...part(index), `end 1 ${index} 0 1.0 0`);
  const [problems = []] = await step.end();
  const named = Array.from(
    { length: Math.min(5, lost) },
    (_, i) =>
      `Item ${5 + i} 'test ${5 + i}': Its directory did not come whole: the container did not send all of them.`,
  );
  if (lost > 5) named.push(`… and ${lost - 5} more of this kind.`);
  const short = (sentence: string): string => sentence.replace(/ Missing: .*/, "");
  expect(problems.map(short)).toEqual(named);
  expect(step.log.lines.slice(5, -1).map(short)).toEqual(named.map((sentence) => `warning: ${sentence}`));
});

it("all items of a batch have its directory, which is that of the first", async () => {
  const step = await Step.open(1, 3);
  step.tell(0, "begin 1 0 0", ...packed("1 0", { f: "x" }), "end 1 0,1,2 0 1.0 0");
  await step.end();
  expect([0, 1, 2, 3].map((index) => step.directories.of(index))).toEqual([
    ...Array<string>(3).fill("artifacts/items/0"),
    undefined,
  ]);
  expect(step.directories.report?.directories).toEqual([
    { path: join(workspace, "artifacts/items/0"), label: "item 0 'a' and 2 more of its batch" },
  ]);
});

describe("a container that lies", () => {
  it.each([
    ["for an item that it was not given", "begin 1 0 0", "1 3"],
    ["for an item of another task", "begin 1 0 0", "1 1"],
    ["for an order that it was not given", "begin 1 0 0", "7 0"],
    ["for an item that has not begun", "got 1", "1 0"],
  ])("brings nothing %s", async (_, fact, run) => {
    const step = await Step.open(4);
    step.tell(0, fact, ...packed(run, { f: "forged" }), `end ${run} 0 1.0 0`);
    await step.end();
    expect(files()).toEqual({});
  });

  it("brings no more than the limits allow, of one item and of all", async () => {
    const options = itemDirectoriesOptions({ workspace }).files;
    const step = await Step.open(1, 1, {
      files: { ...options, maxBytes: 100_000 } satisfies ArtifactOptions,
    });
    step.tell(0, "begin 1 0 0", ...packed("1 0", { f: noise(60_000) }), "end 1 0 0 1.0 0");
    step.tell(0, "begin 1 1 1", ...packed("1 1", { f: noise(60_000) }), "end 1 1 0 1.0 1");
    const endless = `pack 1 2 a${noise(2880).toString("base64")}`;
    step.tell(0, "begin 1 2 2");
    for (let i = 0; i < 10_000; i += 1) {
      step.tell(0, endless);
      step.settle();
    }
    step.tell(0, "begin 1 3 3");
    for (let i = 0; i <= ITEM_BUDGET.facts; i += 1) step.tell(0, "pack 1 3 fsome");
    const [problems = []] = await step.end();
    expect(problems.map((each) => each.replace(/ Missing.*/, ""))).toEqual([
      "Item 1 'b': Its directory did not come whole: 'artifacts-max-size' allows no more.",
      expect.stringContaining("Item 2 'c': Its directory did not come whole: the container sends more than"),
      expect.stringContaining("Item 3 'd': Its directory did not come whole: the container sends more than"),
    ]);
    expect(Object.keys(files())).toEqual(["0/f"]);
  });

  it.each([
    ["leads out of the directory", "../x"],
    ["is absolute", "/tmp/x"],
    ["is that of a repository", ".git/config"],
    ["often has a secret", "sub/.env.local"],
  ])("brings no name that %s", async (_, name) => {
    const step = await Step.open(1);
    const script = `import io, sys, tarfile
out = io.BytesIO()
with tarfile.open(fileobj=out, mode="w:gz") as archive:
    for each in (sys.argv[1], "good"):
        member = tarfile.TarInfo(each)
        member.size = 1
        archive.addfile(member, io.BytesIO(b"x"))
sys.stdout.buffer.write(out.getvalue())`;
    const bytes = execFileSync("python3", ["-c", script, name]).toString("base64");
    step.tell(0, "begin 1 0 0", `pack 1 0 a${bytes}`, "pack 1 0 fend 0 -", "end 1 0 0 1.0 0");
    const [[problem] = []] = await step.end();
    expect(problem).toContain("was not unpacked");
    expect(files("")).toEqual({ "artifacts/items/0/good": "x" });
  });
});

it("a second step with the same 'artifacts-path' has a directory of its own for its items", async () => {
  for (const name of ["first", "second", "third"]) {
    const step = await Step.open(1);
    step.tell(0, "begin 1 0 0", ...packed("1 0", { [name]: "x" }), "end 1 0 0 1.0 0");
    expect(await step.end()).toEqual([]);
    const folder = { first: "items", second: "items-2", third: "items-3" }[name];
    expect(step.directories.of(0)).toBe(`artifacts/${folder}/0`);
    expect(step.log.lines).toEqual([`Directories of 1 item: 1 files, 1 bytes, in artifacts/${folder}.`]);
  }
  expect(Object.keys(files(""))).toEqual([
    ...["artifacts/items-2/0/second", "artifacts/items-3/0/third", "artifacts/items/0/first"],
  ]);
});

it("a directory with nothing that can be packed, such as a FIFO, is as an empty one", async () => {
  const step = await Step.open(1);
  step.tell(0, "begin 1 0 0", "pack 1 0 fnone 0", "pack 1 0 fend 0 -", "end 1 0 0 1.0 0");
  expect(await step.end()).toEqual([]);
  expect(step.log.lines).toEqual([]);
});

it("a run that brings no file and no link, but empty directories, leaves no directory, and no later step a name", async () => {
  const step = await Step.open(1);
  step.tell(0, "begin 1 0 0", ...packed("1 0", { "empty/of/": "" }), "end 1 0 0 1.0 0");
  expect(await step.end()).toEqual([]);
  expect(step.directories.of(0)).toBeUndefined();
  expect(readdirSync(join(workspace, "artifacts"))).toEqual([]);
});

it("a link in the place of a directory is not followed", async () => {
  const step = await Step.open(1);
  step.tell(0, "begin 1 0 0", ...packed("1 0", { f: "x" }), "end 1 0 0 1.0 0");
  step.settle();
  await step.directories.end();
  mkdirSync(join(workspace, "elsewhere"));
  symlinkSync(join(workspace, "elsewhere"), join(workspace, "artifacts/items/1"));
  step.tell(0, "begin 1 1 1", ...packed("1 1", { f: "x" }), "end 1 1 0 1.0 1");
  const [[problem] = []] = await step.end();
  expect(problem).toMatch(/Item 1 'b': Its directory did not come whole: .*symbolic link/);
  expect(readdirSync(join(workspace, "elsewhere"))).toEqual([]);
});

itInSoak("archives of more bytes than the memory holds come whole, and leave no other file", async () => {
  const step = await Step.open(1);
  const contents = [0, 1, 2, 3].map((index) => noise(3_000_000 + index));
  const all = contents.map((content, index) => packed(`1 ${index}`, { f: content }));
  step.tell(0, ...contents.map((_, index) => `begin 1 ${index} ${index}`));
  for (let line = 0; line < 1_100; line += 1) {
    step.tell(0, ...all.flatMap((lines) => lines[line] ?? []));
    if (line % 50 === 0) step.settle();
  }
  for (const index of contents.keys()) step.tell(0, `end 1 ${index} 0 1.0 ${index}`);
  expect(await step.end()).toEqual([]);
  for (const [index, content] of contents.entries())
    expect(readFileSync(join(workspace, `artifacts/items/${index}/f`)).equals(content)).toBe(true);
  expect(readdirSync(join(workspace, "artifacts"))).toEqual(["items"]);
});

itInSoak(
  "hundreds of archives of a few bytes that unpack to many cost seconds together, and a small report behind them comes",
  async () => {
    const step = await Step.open(1);
    const bomb = gzipSync(Buffer.alloc(24 << 20));
    const began = quietTime();
    const unpack = async (index: number, lines: readonly string[]): Promise<void> => {
      const archive = step.directories.archive({ task: 0, indices: [index], attempt: 1 });
      for (const line of lines) archive.take(line.replace("pack 1 1 ", ""));
      step.directories.unpack(archive);
      await step.directories.drained();
    };
    for (let i = 0; i < 400; i += 1) await unpack(0, [`a${bomb.toString("base64")}`, "fend 0 -"]);
    await unpack(1, packed("1 1", { "junit.xml": "report" }));
    await step.end();
    expect(quietTime() - began).toBeLessThan(15_000);
    expect(files()).toEqual({ "1/junit.xml": "report" });
  },
);

it("archives that were unpacked leave no descriptor", async () => {
  const step = await Step.open(1);
  const descriptors = readdirSync("/proc/self/fd").length;
  const lines = packed("1 0", { f: "x" });
  for (let i = 0; i < 300; i += 1) {
    const archive = step.directories.archive({ task: 0, indices: [0], attempt: 1 });
    for (const line of lines) archive.take(line.replace("pack 1 0 ", ""));
    step.directories.unpack(archive);
    await step.directories.drained();
  }
  await step.end();
  expect(readdirSync("/proc/self/fd").length).toBe(descriptors);
});

it("a step that leaves says nothing of directories that have not come whole, and another one gets them from their beginning", async () => {
  const step = await Step.open(1);
  const lines = packed("1 0", { f: noise(30_000) });
  const { items, unsettled } = step.jobs[0] ?? {};
  step.tell(0, "begin 1 0 0");
  expect(items?.jobDirectories.openSince).toBeUndefined();
  for (const [at, text] of lines.slice(0, 5).entries()) {
    items?.jobDirectories.note({ kind: "item-fact", text }, 1000 + at);
    unsettled?.take({ kind: "item-fact", text });
  }
  step.settle();
  expect(items?.jobDirectories.openSince).toBe(1000);
  items?.jobDirectories.close({ isLeft: true });
  expect(await step.end()).toEqual([]);
  expect(files()).toEqual({});
  expect(step.log.lines).toEqual([]);
});

it("after a cancel what is not unpacked within a second is left out", async () => {
  const cancel = new AbortController();
  const clock = new SteppedClock();
  const step = await Step.open(1, 1, { cancel: cancel.signal, clock });
  step.tell(0, "begin 1 0 0", ...packed("1 0", { f: "x" }), "end 1 0 143! 1.0 0");
  cancel.abort();
  step.settle();
  await step.directories.end();
  clock.advance(2_000);
  step.tell(0, "begin 1 1 0", ...packed("1 1", { f: "x" }), "end 1 1 143! 1.0 0");
  const [problems] = await step.end();
  expect(problems).toEqual([
    expect.stringContaining("Item 1 'b': Its directory did not come whole: the run was cancelled."),
  ]);
  expect(Object.keys(files())).toEqual(["0/f"]);
});
