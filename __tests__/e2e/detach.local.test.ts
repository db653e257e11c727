import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import type { Task } from "../../local/task/task.ts";
import type { StepResult } from "../../local/runner/step.ts";
import { type JobHandle, parseHandle } from "../../src/inputs/handle.ts";
import { Aws, type Inputs, jobDirectories, mainLog, processes, type StepOptions } from "../helpers/local.ts";
import { runMain } from "../helpers/main-process.ts";
import { eventually } from "../helpers/until.ts";
import { itInSoak } from "../helpers/every-nth.ts";

let aws: Aws;
beforeAll(async () => {
  aws = await Aws.start();
});
afterAll(() => aws.stop());

const count = (to: number, pause = 1): string =>
  `i=0; while [ $i -lt ${to} ]; do i=$((i+1)); echo $i; sleep ${pause}; done; exit 7`;
const numbers = (to: number): string => Array.from({ length: to }, (_, at) => String(at + 1)).join("\n");
const pidOf = (task: Task, words: string): number | undefined =>
  processes(task).find(({ command }) => command === words)?.pid;
const scripts = (task: Task): readonly unknown[] =>
  processes(task).filter(({ command }) => command.endsWith("/script"));

/** Runs a step that detaches from its job: main alone, as when the runner is killed after it. Returns the handle. */
async function detachFrom(inputs: Inputs): Promise<string> {
  let shown = "";
  const { outputs, exitCode } = await runMain(
    aws,
    { cluster: aws.world.made.cluster, detach: "true", ...inputs },
    (bytes) => void (shown += bytes.toString()),
  );
  expect(exitCode).toBe(0);
  expect(outputs).toMatchObject({ outcome: "detached", "exit-code": "" });
  const { handle = "" } = outputs;
  expectUntold(handle, shown);
  return handle;
}

/** Checks that this text has neither the handle nor a key of it. */
function expectUntold(handle: string, text: string): void {
  const job = parseHandle(handle);
  if (typeof job === "string") throw new Error(job);
  const { inner, outer } = job.pieces?.keys ?? {};
  for (const secret of [handle.slice(4, 60), job.nonce, inner, outer])
    if (secret !== undefined) expect(text).not.toContain(secret);
}

function attachTo(handle: string, inputs: Inputs = {}, options?: StepOptions): Promise<StepResult> {
  return aws.step({ handle, ...inputs }, options);
}

it.concurrent("one process detaches from a job, and others bring every line and the exit code", async () => {
  const task = await aws.runningTask();
  const prefix = "left/";
  const handle = await detachFrom({
    task: task.id,
    bucket: `${aws.world.made.bucket}/${prefix}`,
    run: count(8),
  });
  expect(scripts(task)).toHaveLength(1);
  const debugging = { env: { RUNNER_DEBUG: "1" } };
  const results = await Promise.all([attachTo(handle, {}, debugging), attachTo(handle)]);
  for (const { outputs, conclusion, rawLog, summary, post } of results) {
    expect(outputs).toMatchObject({ "exit-code": "7", outcome: "failed", stdout: numbers(8), handle: "" });
    expect(conclusion).toBe("failure");
    // The runner itself prints the inputs.
    const own = rawLog.slice(rawLog.indexOf("##[endgroup]") + 1);
    expectUntold(handle, [...own, summary, ...(post?.log ?? [])].join("\n"));
  }
  await eventually(() => aws.objects(prefix), []);
  await eventually(() => jobDirectories(task), []);
});

itInSoak.concurrent(
  "without a bucket one session detaches from the job, and another goes on with it",
  async () => {
    const task = await aws.runningTask();
    const run = `echo kept >/tmp/kept; ${count(6)}`;
    const handle = await detachFrom({ task: task.id, artifacts: "/tmp/kept", run });
    const temp = mkdtempSync(join(tmpdir(), "runner-temp-"));
    const result = await attachTo(
      handle,
      { "artifacts-path": join(temp, "back") },
      { env: { RUNNER_TEMP: temp } },
    );
    expect(result.outputs).toMatchObject({ "exit-code": "7", outcome: "failed" });
    expect(readFileSync(join(temp, "back/tmp/kept"), "utf8")).toBe("kept\n");
    rmSync(temp, { recursive: true });
    const shown = result.outputs["stdout"] ?? "";
    expect(numbers(6).endsWith(shown)).toBe(true);
    expect(shown).toContain("6");
    await eventually(() => jobDirectories(task), []);
    const late = await attachTo(handle);
    expect(late.outputs).toMatchObject({ outcome: "unknown" });
    expect(mainLog(late).join("\n")).toContain("no longer has the job of the handle");
  },
);

itInSoak.concurrent(
  "items that a step has left go on, and a step that attaches by S3 tells of all of them",
  async () => {
    const task = await aws.runningTask();
    const handle = await detachFrom({
      ...{ task: task.id, items: "one\ntwo\nthree\nfour\nfive", batch: "2" },
      bucket: aws.world.made.bucket,
      run: 'sleep 2; echo "ran $FARGATE_EXEC_ITEM_INDEX"; [ "$FARGATE_EXEC_ITEM_INDEX" != 2 ] || exit 9',
    });
    const { outputs, log } = await attachTo(handle);
    expect(outputs).toMatchObject({ "exit-code": "9", outcome: "failed", handle: "" });
    const results = JSON.parse(outputs["results"] ?? "") as { item: string; exitCode: number }[];
    expect(results.map(({ item, exitCode }) => [item, exitCode])).toEqual([
      ...[
        ["three", 9],
        ["four", 9],
        ["one", 0],
        ["two", 0],
        ["five", 0],
      ],
    ]);
    expect(log.join("\n")).toContain("ran 4");
    await eventually(() => jobDirectories(task), []);
  },
);

/** What stands in a directory, by its path. */
const filesBelow = (root: string): readonly string[] =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((each) => !each.isDirectory())
    .map(({ parentPath, name }) => relative(root, join(parentPath, name)))
    .sort();

itInSoak.concurrent(
  "a container whose root forges the archive places in the checkout only what the lines select, in the step of the job and in one that attaches",
  async () => {
    const task = await aws.runningTask();
    const run = readFileSync(join(import.meta.dirname, "../helpers/forge-archive.py"), "utf8");
    const artifacts = "reports\n!reports/*.log";
    const temp = mkdtempSync(join(tmpdir(), "runner-temp-"));
    const checkout = (name: string): string => {
      mkdirSync(join(temp, name, ".git"), { recursive: true });
      writeFileSync(join(temp, name, ".git/config"), "token");
      return join(temp, name);
    };
    const env = { RUNNER_TEMP: temp };
    const [own, attached] = [checkout("own"), checkout("attached")];
    // The script forges the packer that packs its own artifacts, too.
    const result = await aws.step({ task: task.id, run, artifacts, "artifacts-path": own }, { env });
    expect(result.outputs).toMatchObject({ "exit-code": "0", stdout: "forged" });
    const handle = await detachFrom({ task: task.id, run: "sleep 1", artifacts });
    const second = await attachTo(handle, { "artifacts-path": attached }, { env });
    expect(second.outputs).toMatchObject({ "exit-code": "0" });
    for (const [directory, { annotations, log }] of [
      [own, result],
      [attached, second],
    ] as const) {
      expect(filesBelow(directory)).toEqual([".git/config", "reports/a.xml"]);
      expect(readFileSync(join(directory, ".git/config"), "utf8")).toBe("token");
      expect(annotations.map(({ message }) => message).join("\n")).toContain(
        "'.git/hooks/pre-commit' was not unpacked: no line of 'artifacts' asks for it.",
      );
      expect(log.join("\n")).toContain("Artifacts left out: reports/.env, reports/.GIT/config, as no line");
    }
    expect(filesBelow(temp).filter((path) => path.includes("escaped"))).toEqual([]);
    rmSync(temp, { recursive: true });
  },
);

itInSoak.concurrent("a job is handed on from step to step, and its held container ends with it", async () => {
  const prefix = "chain/";
  const run = "echo 1; sleep 601 || :; echo 2; exit 7";
  const inputs = { ...aws.newTask(), bucket: `${aws.world.made.bucket}/${prefix}`, run };
  const started = await aws.step({ ...inputs, detach: "1s" });
  expect(started.outputs).toMatchObject({ outcome: "detached" });
  expect(started.conclusion).toBe("success");
  const task = aws.world.local.tasks.find(({ arn }) => arn === started.outputs["task-arn"]);
  expect(task?.lastStatus).toBe("RUNNING");
  const second = await attachTo(started.outputs["handle"] ?? "", { detach: "2s" });
  expect(second.outputs).toMatchObject({ outcome: "detached" });
  // No step in the chain moves the end of the job.
  const [first, next] = [started, second].map(({ outputs }) => parseHandle(outputs["handle"] ?? ""));
  expect(next).toMatchObject({ until: (first as JobHandle).until });
  const third = attachTo(second.outputs["handle"] ?? "");
  process.kill(task === undefined ? NaN : (pidOf(task, "sleep 601") ?? NaN));
  expect((await third).outputs).toMatchObject({ "exit-code": "7", stdout: numbers(2) });
  await eventually(() => aws.objects(prefix), []);
  await eventually(() => task?.lastStatus, "STOPPED");
});
