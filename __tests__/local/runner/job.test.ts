import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../helpers/until.ts";
import {
  type JobRequest,
  type JobResult,
  type JobStep,
  runJob,
  type UsesStep,
} from "../../../local/runner/job.ts";

/** Far shorter than the runner's times. */
const patience = { interrupt: 500, terminate: 300, streams: 300 };

/** The action: a step's input `do` says what it does. `mark` appends a line to a file that all steps share, so the lines are in time order. */
const MAIN = `
const { appendFileSync } = require("node:fs");
const input = process.env.INPUT_DO;
const mark = (what) => appendFileSync(process.env.MARKS, process.env.GITHUB_ACTION + " " + what + "\\n");
const output = (name, value) => appendFileSync(process.env.GITHUB_OUTPUT, name + "=" + value + "\\n");
appendFileSync(process.env.GITHUB_STATE, "id=" + process.env.GITHUB_ACTION + "\\n");
const stay = () => setInterval(() => undefined, 1000);
process.on("SIGINT", () => {
  mark("SIGINT");
  if (input === "deaf") return;
  output("cancelled", "true");
  process.exit(1);
});
mark("begins");
if (input === "deaf") process.on("SIGTERM", () => undefined);
if (input === "fail") process.exit(1);
else if (input === "stay" || input === "deaf") stay();
else output("file", process.env.GITHUB_OUTPUT);
`;
const POST = `
const { appendFileSync } = require("node:fs");
appendFileSync(process.env.MARKS, "post of " + process.env.STATE_id + "\\n");
`;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "job-"));
  writeFileSync(
    join(directory, "action.yml"),
    "name: fixture\ninputs: { do: {} }\nruns: { using: node24, main: main.js, post: post.js, post-if: always() }\n",
  );
  writeFileSync(join(directory, "main.js"), MAIN);
  writeFileSync(join(directory, "post.js"), POST);
  writeFileSync(join(directory, "marks"), "");
});
afterEach(() => rmSync(directory, { recursive: true }));

const marks = (): readonly string[] => readFileSync(join(directory, "marks"), "utf8").trim().split("\n");
const has = (mark: string): Promise<void> => until(() => marks().includes(mark));

const run = (steps: readonly JobStep[], more: Partial<JobRequest> = {}): Promise<JobResult> =>
  runJob({
    ...{ actionDir: directory, workspace: directory, steps, patience },
    ...{ env: { MARKS: join(directory, "marks") }, ...more },
  });
const step = (id: string, what: string, background = true): UsesStep => ({
  ...{ id, background },
  inputs: { do: what },
});

it("a background step has files of its own, and its outputs appear once it was waited for", async () => {
  const seen: (boolean | string | undefined)[] = [];
  const { conclusion, steps } = await run([
    step("a", "write"),
    step("b", "write"),
    {
      run: async (context) => {
        await has("a begins");
        seen.push(context.has("a"));
      },
    },
    { wait: ["a"] },
    { run: (context) => void seen.push(context.get("a")?.["file"], context.has("b")) },
  ]);
  const files = ["a", "b"].map((id) => steps.get(id)?.result?.outputs["file"]);
  expect(new Set(files).size).toBe(2);
  expect(seen).toEqual([false, files[0], false]);
  expect(conclusion).toBe("success");
});

it("the post steps come last, the last step's first, each with its own state", async () => {
  await run([{ parallel: [step("a", "write"), step("b", "write")] }, step("c", "write", false)]);
  expect(marks().slice(-3)).toEqual(["post of c", "post of b", "post of a"]);
});

it("cancel interrupts a step, whose outputs appear, and the job stays green", async () => {
  const seen: unknown[] = [];
  const { conclusion, steps } = await run([
    step("a", "stay"),
    { run: () => has("a begins") },
    { cancel: ["a"] },
    { run: (context) => void seen.push(context.get("a")) },
  ]);
  expect(seen).toEqual([{ cancelled: "true" }]);
  expect(steps.get("a")?.conclusion).toBe("cancelled");
  expect(conclusion).toBe("success");
  expect(marks().at(-1)).toBe("post of a");
});

it("a step that doesn't end is given up after the grace period, without its outputs and its state", async () => {
  const { conclusion, steps } = await run(
    [step("a", "deaf"), { run: () => has("a begins") }, { cancel: ["a"] }, step("b", "write", false)],
    // It is killed after the post steps.
    { patience: { ...patience, terminate: 3_000 } },
  );
  expect(steps.get("a")?.conclusion).toBe("cancelled");
  expect(conclusion).toBe("success");
  expect(marks()).toEqual(["a begins", "a SIGINT", "b begins", "post of b", "post of undefined"]);
});

it("a failure shows at the wait, after which only controls begin", async () => {
  const { conclusion, steps } = await run([
    step("a", "fail"),
    { wait: ["a"] },
    step("b", "write", false),
    { waitAll: true },
  ]);
  expect(conclusion).toBe("failure");
  expect([...steps.keys()]).toEqual(["a"]);
});

it("a step that failed before it was cancelled fails the job", async () => {
  const { conclusion } = await run([
    step("a", "fail"),
    { run: () => has("a begins") },
    { wait: ["a"] },
    { cancel: ["a"] },
  ]);
  expect(conclusion).toBe("failure");
});

it("ten run at once, the eleventh when one has ended", async () => {
  const ids = Array.from({ length: 11 }, (_, at) => `s${at}`);
  const { steps } = await run([
    ...ids.map((id) => step(id, "stay")),
    {
      run: async () => {
        for (const id of ids.slice(0, 10)) await has(`${id} begins`);
        expect(marks()).not.toContain("s10 begins");
      },
    },
    { cancel: ["s0"] },
    { run: () => has("s10 begins") },
    { cancel: ids },
  ]);
  expect(steps.size).toBe(11);
});

it("the job's cancel reaches the steps that a wait waits for", async () => {
  const cancel = new AbortController();
  const { conclusion } = await run(
    [
      step("a", "stay"),
      { run: () => has("a begins").then(() => void setImmediate(() => cancel.abort())) },
      { waitAll: true },
    ],
    { signal: cancel.signal },
  );
  expect(conclusion).toBe("cancelled");
  expect(marks()).toEqual(["a begins", "a SIGINT", "post of a"]);
});
