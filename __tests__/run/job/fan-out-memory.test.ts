import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { Header } from "tar/header";
import { Pax } from "tar/pax";
import { systemClock } from "../../../src/clock.ts";
import { JobOutput } from "../../../src/run/job/output.ts";
import type { PrintedOutput } from "../../../src/report/result.ts";
import { partAtOnce, StepBudget } from "../../../src/run/step-budget.ts";
import { realWorld } from "../../../src/run/step/world.ts";
import { heldBytes } from "../../helpers/memory.ts";
import { everyNth, itInSoak } from "../../helpers/every-nth.ts";
import { Listener } from "../../helpers/listener.ts";
import { anInputs, aTarget } from "../../helpers/runs.ts";

// What the containers of one fan-out can make the step keep together. Root of a container can send all of this.

const MIB = 1024 * 1024;
const TASKS = 40;
const scratch = mkdtempSync(join(tmpdir(), "fx-fan-out-"));
afterAll(() => rmSync(scratch, { recursive: true }));

function fanOut({ tasks = TASKS, workers = 1 } = {}) {
  const log = new Listener();
  const limits = { maxCount: 10_000, maxBytes: 1 << 30, missing: "warn" } as const;
  const globs = [{ pattern: "a", isExclusion: false }];
  const artifacts = { globs, directory: join(scratch, "back"), within: [scratch], ...limits };
  const inputs = anInputs({
    where: { kind: "service", service: "web", tasks: "all" } as never,
    artifacts,
  });
  const budget = new StepBudget(artifacts);
  const outputOf = (task: number): JobOutput =>
    new JobOutput(
      { nonce: "n", workers },
      {
        ...{
          inputs,
          target: aTarget(),
          log,
          clock: systemClock,
          workspace: scratch,
          budget,
          gunzip: realWorld.gunzip,
        },
        drained: () => Promise.resolve(),
        origin: { fanOut: { runId: "r", task, tasks } },
        write: () => undefined,
      },
    );
  return { outputOf, log, budget };
}

const memory = (): number => heldBytes() / MIB;

function writeFile(output: JobOutput, file: "output" | "summary", text: string): void {
  for (let at = 0; at < text.length; at += 64 * 1024)
    output.show({
      kind: "file-command",
      ...{ file, worker: 0, bytes: Buffer.from(text.slice(at, at + 64 * 1024)), ends: false },
    });
}

it.each(
  everyNth(
    [
      ["one name again and again", () => "a=\n".repeat(MIB / 12)],
      ["a large value of a name that all set", () => `a=${"x".repeat(MIB - 10)}\n`],
      ["a large value of a name of its own", (task: number) => `a${task}=${"x".repeat(MIB - 20)}\n`],
      ["names of its own", (task: number) => lines(task)],
    ] as const,
    4,
    1,
  ),
)("scripts of a fan-out that each set %s, and write a large summary, take little memory", (_, text) => {
  const { outputOf, log } = fanOut();
  const before = memory();
  const kept: PrintedOutput[] = [];
  for (let task = 0; task < TASKS; task += 1) {
    const output = outputOf(task);
    writeFile(output, "output", text(task));
    writeFile(output, "summary", "y".repeat(MIB));
    output.show({ kind: "confirmed" });
    kept.push(output.end());
  }
  expect(memory() - before).toBeLessThan(40);
  const sizes = kept.map(({ script }) =>
    script.outputs.reduce((sum, [name, value]) => sum + name.length + value.length, 0),
  );
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(MIB);
  expect(log.lines.join("\n")).toContain("GITHUB_STEP_SUMMARY of task ");
});

function lines(task: number): string {
  return Array.from({ length: 20_000 }, (_, i) => `n${task}_${i}=\n`).join("");
}

it("scripts that all write their files at the same time take what a step has for them, and the others are told", () => {
  const { outputOf, log } = fanOut();
  const before = memory();
  const outputs = Array.from({ length: TASKS }, (_, task) => outputOf(task));
  for (const output of outputs) {
    writeFile(output, "output", `a=${"x".repeat(MIB - 10)}\n`);
    output.show({ kind: "confirmed" });
  }
  expect(memory() - before).toBeLessThan(90);
  for (const output of outputs) output.end();
  expect(log.lines.join("\n")).toContain("GITHUB_OUTPUT was left out: ");
});

it("lines without an end of many jobs together take what a step has for them, and are shown", () => {
  const { outputOf } = fanOut();
  const before = memory();
  const outputs = Array.from({ length: TASKS }, (_, task) => outputOf(task));
  for (const output of outputs)
    output.show({
      kind: "text",
      stream: "stdout",
      source: "o",
      bytes: Buffer.alloc(MIB - 1, "x"),
      ends: false,
    });
  expect(memory() - before).toBeLessThan(90);
  for (const output of outputs) output.end();
});

it("the ends that are kept of all workers take what a step has for them", () => {
  const workers = 256;
  const { outputOf } = fanOut({ workers });
  const before = memory();
  const outputs = Array.from({ length: TASKS }, (_, task) => outputOf(task));
  const bytes = Buffer.alloc(16 * 1024, "x".repeat(99) + "\n");
  for (const output of outputs)
    for (let worker = 0; worker < workers; worker += 1)
      output.show({ kind: "text", stream: "stderr", source: `e${worker}`, bytes, ends: true });
  expect(memory() - before).toBeLessThan(90);
  const ends = outputs.map((output) => output.end().stderr);
  expect(new Set(ends.map((end) => end.size))).toEqual(new Set([workers]));
});

it("of a job that has ended nothing is kept but its results", () => {
  const { outputOf } = fanOut({ tasks: 16 });
  const before = memory();
  const bytes = Buffer.alloc(2 * MIB, "x".repeat(99) + "\n");
  for (let task = 0; task < 16; task += 1) {
    const output = outputOf(task);
    for (const [stream, source] of [["stdout", ""] as const, ["stderr", "e"] as const])
      output.show({ kind: "text", stream, source, bytes, ends: true });
    output.end();
  }
  expect(memory() - before).toBeLessThan(20);
});

/** Bytes of a spool, as they come by a carrier. Returns the gaps. */
function comes({ spool }: JobOutput, at: number, bytes: Buffer): readonly unknown[] {
  return [...spool.take({ kind: "bytes", at, bytes })].filter(({ kind }) => kind === "gap");
}

itInSoak(
  "records without an end of many jobs take what a step has for them, and what is given up comes again",
  () => {
    const { outputOf } = fanOut();
    const before = memory();
    const outputs = Array.from({ length: TASKS }, (_, task) => outputOf(task));
    const piece = Buffer.alloc(512 * 1024, "x");
    const honest = outputOf(0);
    for (const output of [honest, ...outputs])
      expect([...output.spool.take({ kind: "attached", at: 0 })]).toEqual([]);
    expect(comes(honest, 0, Buffer.from("one\ntw"))).toEqual([]);
    for (const output of outputs)
      for (let n = 0; n < 3; n += 1) expect(comes(output, n * piece.length, piece)).toEqual([]);
    expect(memory() - before).toBeLessThan(60);
    expect(comes(honest, 6, Buffer.from("o\n"))).toEqual([]);
    expect(honest.spool.offset).toBe(8);
    const gaps = outputs.flatMap((output) => comes(output, 3 * piece.length, Buffer.from("\n")));
    expect(gaps.length).toBeGreaterThan(10);
    for (const gap of gaps) expect(gap).toMatchObject({ offset: 0 });
  },
);

itInSoak(
  "containers that never confirm their artifacts take what a step has for them, and cost no other job its own",
  async () => {
    const { outputOf } = fanOut();
    mkdirSync(join(scratch, "from"));
    writeFileSync(join(scratch, "from/a"), "small");
    const archive = execFileSync("tar", ["-czC", join(scratch, "from"), "a"]);
    const before = memory();
    const innocent = outputOf(TASKS);
    innocent.show({ kind: "artifact-fact", text: 'list 5 "a"' });
    innocent.show({ kind: "artifact-bytes", bytes: archive });
    const hostile = Array.from({ length: TASKS }, (_, task) => outputOf(task));
    for (const output of hostile)
      for (let i = 0; i < 8; i += 1) output.show({ kind: "artifact-bytes", bytes: Buffer.alloc(MIB, "x") });
    expect(memory() - before).toBeLessThan(90);
    innocent.show({ kind: "artifact-fact", text: "end 0 -" });
    const end = { kind: "status", status: { kind: "exited", workers: [] } } as never;
    expect(await innocent.artifacts(end, true)).toMatchObject({ count: 1, problems: [] });
    expect(readFileSync(join(scratch, "back", `task-${TASKS}`, "a"), "utf8")).toBe("small");
    const reports = await Promise.all(hostile.map((output) => output.artifacts(end, true)));
    expect(reports.flatMap((report) => report?.problems ?? []).join(" ")).toContain(
      "more of them came than a step keeps while they are not confirmed",
    );
  },
);

const CHUNK = 48 * 1024;
const ENDED = { kind: "status", status: { kind: "exited", workers: [] } } as never;

itInSoak.each([
  [TASKS / 2, 2 * MIB],
  [5 * TASKS, 128 * 1024],
])(
  "%i honest containers that send faster than the step unpacks are slowed down, and none loses an artifact",
  async (tasks, size) => {
    const { outputOf } = fanOut({ tasks });
    const from = mkdtempSync(join(scratch, "honest-"));
    writeFileSync(join(from, "a"), randomBytes(size));
    const archive = execFileSync("tar", ["-czC", from, "a"], { maxBuffer: 8 * MIB });
    const facts = [
      `list ${size} "a"`,
      `end ${archive.length} ${createHash("sha256").update(archive).digest("hex")}`,
    ];
    const before = memory();
    let most = 0;
    const reports = await Promise.all(
      Array.from({ length: tasks }, async (_, task) => {
        const output = outputOf(task);
        output.show({ kind: "artifact-fact", text: facts[0] ?? "" });
        let unconfirmed = 0;
        for (let at = 0, n = 0; at < archive.length; at += CHUNK, n += 1) {
          output.show({ kind: "artifact-bytes", bytes: archive.subarray(at, at + CHUNK) });
          unconfirmed += CHUNK;
          // The container confirms what it has sent at once.
          if (unconfirmed + CHUNK > partAtOnce(tasks)) {
            output.show({ kind: "confirmed" });
            unconfirmed = 0;
          }
          if (task === 0 && n % 10 === 1) most = Math.max(most, memory() - before);
          await output.drained();
        }
        output.show({ kind: "artifact-fact", text: facts[1] ?? "" });
        return await output.artifacts(ENDED, true);
      }),
    );
    expect(reports.map((report) => [report?.count, report?.problems])).toEqual(Array(tasks).fill([1, []]));
    expect(most).toBeLessThan(120);
  },
);

it("a container that has sent too much is given up once, and the step goes on", async () => {
  const { outputOf } = fanOut();
  const outputs = [0, 1].map(outputOf);
  for (const output of outputs)
    for (let i = 0; i < 40; i += 1) {
      output.show({ kind: "artifact-bytes", bytes: Buffer.alloc(MIB, "x") });
      if (i % 20 === 19) output.show({ kind: "confirmed" });
    }
  const reports = await Promise.all(outputs.map((output) => output.artifacts(ENDED, true)));
  expect(reports.map((report) => report?.problems.length)).toEqual([1, 1]);
});

/** An archive without an end, of links that are made at its end. Each target has 4,000 bytes, which no file system takes. */
function endlessLinks(count: number): Buffer {
  const linkpath = "x".repeat(4_000);
  const blocks = Array.from({ length: count }, (_, at) => {
    const path = `a/${String(at)}`;
    const block = Buffer.alloc(512);
    new Header({ path, linkpath, mode: 0o777, size: 0, type: "SymbolicLink" }).encode(block);
    return [new Pax({ linkpath }).encode(), block];
  });
  const archive = gzipSync(Buffer.concat([...blocks.flat(), Buffer.alloc(1024)]));
  return archive.subarray(0, archive.length - 100);
}

itInSoak(
  "archives whose names take much memory until their end are given up, and cost no other job its own",
  async () => {
    const { outputOf } = fanOut();
    const from = mkdtempSync(join(scratch, "innocent-"));
    writeFileSync(join(from, "a"), "small");
    const innocent = outputOf(TASKS);
    innocent.show({ kind: "artifact-fact", text: 'list 5 "a"' });
    innocent.show({ kind: "artifact-bytes", bytes: execFileSync("tar", ["-czC", from, "a"]) });
    innocent.show({ kind: "confirmed" });
    const links = endlessLinks(2_700);
    const hostile = Array.from({ length: 4 }, (_, task) => outputOf(task));
    for (const output of hostile) output.show({ kind: "artifact-bytes", bytes: links });
    const reports = await Promise.all(hostile.map((output) => output.artifacts(ENDED, true)));
    const given = reports.filter((report) =>
      report?.problems.join(" ").includes("its names take more memory than a step has for them"),
    );
    expect(given.length).toBeGreaterThanOrEqual(2);
    innocent.show({ kind: "artifact-fact", text: "end 0 -" });
    expect(await innocent.artifacts(ENDED, true)).toMatchObject({ count: 1, problems: [] });
  },
);
