import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../../src/clock.ts";
import { JobOutput } from "../../../src/run/job/output.ts";
import type { JobEnd } from "../../../src/carriers/job-end.ts";
import type { Inputs } from "../../../src/inputs/inputs.ts";
import type { OutputItem } from "../../../src/carriers/stream/items.ts";
import type { ItemsOfJob } from "../../../src/run/items/job-items.ts";
import { Listener } from "../../helpers/listener.ts";
import { LARGEST_WHOLE_LINE } from "../../../src/report/show/printer.ts";
import { realWorld } from "../../../src/run/step/world.ts";
import { StepBudget } from "../../../src/run/step-budget.ts";
import { SeenJob } from "../../helpers/extracted.ts";
import { anInputs, aTarget } from "../../helpers/runs.ts";

const NONCE = "0123456789abcdef0123456789abcdef";
const mark = (text: string): string => `\x1b]7733;${NONCE};${text}\x07`;

function outputFor(inputs: Partial<Inputs> = {}, tasks?: number, items?: ItemsOfJob) {
  const log = new Listener();
  let shown = "";
  const output = new JobOutput(
    { nonce: NONCE, workers: 1 },
    {
      ...{ inputs: anInputs(inputs), target: aTarget(), log, clock: systemClock, workspace: "/" },
      gunzip: realWorld.gunzip,
      drained: () => Promise.resolve(),
      budget: new StepBudget(),
      items,
      origin: tasks === undefined ? {} : { fanOut: { runId: "r", task: 0, tasks } },
      write: ({ bytes }) => void (shown += `${bytes.toString()}\n`),
    },
  );
  return { output, log, shown: () => shown };
}

const text = (stream: "stdout" | "stderr", line: string) =>
  ({
    kind: "text",
    stream,
    source: stream === "stderr" ? "e" : "",
    bytes: Buffer.from(line),
    ends: true,
  }) as const;

it.each([
  ["shows the output of a session", "auto", "out\n"],
  ["shows the output of a session when only that is asked for", "session", "out\n"],
  ["leaves the output of a session to its log when the log is asked for", "cloudwatch", ""],
] as const)("%s", (_, logs, expected) => {
  const { output, shown } = outputFor({ logs });
  output.showLive(text("stdout", "out"));
  output.end();
  expect(shown()).toBe(expected);
});

it.each([
  ["a session", "showLive", "auto"],
  ["a session whose output is left to its log", "showLive", "cloudwatch"],
  ["a log", "show", "cloudwatch"],
] as const)("takes what items tell from %s", (_, how, logs) => {
  const taken: OutputItem[] = [];
  const items = {
    jobDirectories: { note: () => undefined },
    take: (item: OutputItem) => void taken.push(item),
  } as unknown as ItemsOfJob;
  const { output } = outputFor({ logs }, undefined, items);
  const told = text("stdout", "out");
  output[how](told);
  expect(taken).toEqual([told]);
});

it("keeps both streams apart", () => {
  const { output, shown } = outputFor();
  output.show(text("stdout", "out"));
  output.show(text("stderr", "err"));
  const { stdout, stderr, allStderr, cut } = output.end();
  expect([shown(), stdout, [...stderr]]).toEqual(["out\nerr\n", "out", [[0, "err\n"]]]);
  expect([allStderr, cut]).toEqual(["err", []]);
});

it("a detach while the artifacts come makes the next reader begin at the first of them", () => {
  const { output } = outputFor();
  const seen = new SeenJob(NONCE, output.spool);
  const reads = (bytes: string): void => {
    for (const item of seen.read(Buffer.from(bytes)))
      if (item.kind === "text" || item.kind === "artifact-bytes" || item.kind === "confirmed")
        output.showLive(item);
  };
  reads(`${mark("@0")}\none\ntwo\n${mark("~ 8")}`);
  expect(output.resumeAt).toBe(8);
  const record = `\x1b]7733;a\x07${Buffer.from("archive").toString("base64")}\n`;
  reads(`three\n${record}${record}${mark(`~ ${14 + 2 * record.length}`)}`);
  expect([output.resumeAt, output.spool.confirmed]).toEqual([14, 14 + 2 * record.length]);
});

it("a detach while the ends of items are told once more leaves all of them to the next reader", () => {
  const { output } = outputFor();
  const seen = new SeenJob(NONCE, output.spool);
  const record = (fact: string): string => `\x1b]7733;i\x07${fact}\n`;
  const once = `one\n${record("end 1 0 3 0")}`;
  const again = `${record("text 0 a")}${record("end 1 0 3 0")}`;
  for (const item of seen.read(
    Buffer.from(`${mark("@0")}\n${once}${again}${mark(`~ ${`${once}${again}`.length}`)}`),
  ))
    if (item.kind === "text" || item.kind === "item-fact" || item.kind === "confirmed") output.showLive(item);
  expect([output.resumeAt, output.isEnding]).toEqual([once.length, true]);
});

it("a detach while the script's files come leaves them to the next reader, which begins at the first of them", async () => {
  const { output } = outputFor();
  const seen = new SeenJob(NONCE, output.spool);
  const record = "\x1b]7733;r\x07key=value\n";
  const bytes = `${mark("@0")}\none\n${record}${mark(`~ ${4 + record.length}`)}`;
  for (const item of seen.read(Buffer.from(bytes)))
    if (item.kind === "text" || item.kind === "file-command" || item.kind === "confirmed")
      output.showLive(item);
  expect([output.resumeAt, output.spool.confirmed]).toEqual([4, 4 + record.length]);
  await output.artifacts({ kind: "detached" } as JobEnd, true);
  expect(output.end().script.outputs).toEqual([]);
});

it("keeps the last 1 MiB of a longer stream, and logs nothing about it", () => {
  const { output, log } = outputFor();
  for (let i = 0; i < 1025; i++) output.show(text("stdout", "x".repeat(1023)));
  const { stdout, cut } = output.end();
  expect([stdout.length, cut, log.lines]).toEqual([1024 * 1024 - 1, ["stdout"], []]);
});

it("keeps less of the output of each of many tasks", () => {
  const { output } = outputFor({}, 1_000);
  for (let i = 0; i < 100; i++) output.show(text("stdout", "x".repeat(1023)));
  const { stdout, cut } = output.end();
  expect(stdout.length).toBeLessThan(17 * 1024);
  expect(cut).toEqual(["stdout"]);
});

it.each([
  [true, "[continued] ::add-mask::a"],
  [false, "::add-mask::a"],
])("makes no workflow command of the middle of a long line (obeyed: %s)", (workflowCommands, rest) => {
  const { output, shown } = outputFor({ workflowCommands });
  output.show({ ...text("stdout", "x".repeat(LARGEST_WHOLE_LINE)), ends: false });
  output.show(text("stdout", "::add-mask::a"));
  output.show(text("stdout", "::add-mask::b"));
  output.end();
  expect(shown().split("\n").slice(1)).toEqual([rest, "::add-mask::b", ""]);
});

it("folds the header under a title that names the container and the task", () => {
  const { output, log } = outputFor();
  output.show({ kind: "header", text: "fargate-exec run=1" });
  expect(log.lines).toEqual(["fargate-exec run=1"]);
});

it("has an empty spool for a log that begins at byte 0, whatever the sessions have brought", () => {
  const { output } = outputFor();
  const session = Buffer.from(`${mark("@0")}\none\n${mark("~ 4")}`);
  const seen = new SeenJob(NONCE, output.spool);
  expect([...seen.read(session)].map(({ kind }) => kind)).toEqual(["attached", "text", "confirmed"]);
  expect([output.spool.offset, output.fromTheStart().offset]).toEqual([4, 0]);
});

it.each([
  [undefined, "lost"],
  ["migrations", "fenced"],
] as const)("a status that reports a lost lock counts only in a run with a lock: %s", (lock, kind) => {
  const { output } = outputFor({ lock });
  const marks = Buffer.from(`${mark("@0")}\n${mark(". 0 fenced 0=143:1!")}`);
  const seen = new SeenJob(NONCE, output.spool);
  expect([...seen.read(marks)].at(-1)).toMatchObject({ kind: "status", status: { kind } });
});

it.each([
  ["with items", true, 0],
  ["without items", false, 1],
])("an artifact %s, where what comes of items would lie", async (_, hasItems, count) => {
  const scratch = mkdtempSync(join(tmpdir(), "fx-job-output-"));
  mkdirSync(join(scratch, "items/0"), { recursive: true });
  writeFileSync(join(scratch, "items/0/junit.xml"), "x");
  const bytes = execFileSync("tar", ["-czC", scratch, "items/0/junit.xml"]);
  const options = {
    ...{ directory: join(scratch, "back"), within: [scratch] },
    ...{ maxCount: 10, maxBytes: 1 << 20, missing: "warn" as const },
  };
  const { output } = outputFor({
    artifacts: { ...options, globs: [{ pattern: "/items", isExclusion: false }] },
    itemFiles: hasItems ? options : undefined,
  });
  output.showLive({ kind: "artifact-bytes", bytes });
  output.showLive({ kind: "artifact-fact", text: `end ${bytes.length} -` });
  const end = { kind: "status", status: { kind: "exited", codes: ["0"] } } as unknown as JobEnd;
  expect(await output.artifacts(end, true)).toMatchObject({ count });
  rmSync(scratch, { recursive: true });
});
