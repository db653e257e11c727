import type { StepResult } from "../../local/runner/step.ts";
import { Aws, jobLog, type Inputs, type StepOptions } from "../helpers/local.ts";

let aws: Aws;
beforeAll(async () => {
  aws = await Aws.start();
});
afterAll(() => aws.stop());

interface Entry {
  readonly item: string;
  readonly outcome: string;
  readonly carriedFrom?: number;
}

const entriesOf = ({ outputs }: StepResult): Entry[] => JSON.parse(outputs["results"] ?? "") as Entry[];
/** The items that the script has run for, sorted. */
const ran = (result: StepResult): string[] =>
  jobLog(result)
    .flatMap((line) => /runs (\S+)$/.exec(line)?.[1] ?? [])
    .toSorted();
const logOf = (result: StepResult): string => result.log.join("\n");

const base = (): Inputs => ({
  ...{ service: aws.world.made.service, start: "true", bucket: aws.world.made.bucket },
  ...{ items: "a\nb\nc\nd", retry: "rerun", files: "fails" },
  run: 'echo "runs $FARGATE_EXEC_ITEM"; ! grep -qx "$FARGATE_EXEC_ITEM" fails',
});
const around = (attempt: number, run: number, files: Record<string, string>): StepOptions => ({
  files,
  env: { GITHUB_RUN_ID: String(run), GITHUB_RUN_ATTEMPT: String(attempt) },
});

interface Changes {
  /** The item that fails, by a file of the workspace, which is mended between two attempts. */
  readonly fails?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly inputs?: Inputs;
}

/** A step of an attempt of a workflow's run. */
async function attempt(number: number, run: number, changes: Changes = {}): Promise<StepResult> {
  const { fails = "", env = {}, inputs = {} } = changes;
  const options = around(number, run, { fails: `${fails}\n` });
  return await aws.step({ ...base(), ...inputs }, { ...options, env: { ...options.env, ...env } });
}

it.concurrent(
  "the next attempt runs the item alone that has failed, in the one task that it needs",
  async () => {
    const first = await attempt(1, 1, { fails: "b", inputs: { tasks: "2" } });
    expect(first.outputs).toMatchObject({ outcome: "failed", "exit-code": "1" });
    expect(ran(first)).toEqual(["a", "b", "c", "d"]);
    const second = await attempt(2, 1, { inputs: { tasks: "2" } });
    expect(logOf(second)).toContain("3 of 4 items succeeded in attempt 1, and are not run again.");
    expect(ran(second)).toEqual(["b"]);
    expect(second.outputs).toMatchObject({ outcome: "succeeded", "exit-code": "0" });
    expect(JSON.parse(second.outputs["task-arns"] ?? "")).toHaveLength(1);
    expect(logOf(second).match(/Started task/g)).toHaveLength(1);
    expect(
      entriesOf(second)
        .toSorted((one, other) => (one.item < other.item ? -1 : 1))
        .map(({ carriedFrom }) => carriedFrom),
    ).toEqual([1, undefined, 1, 1]);
  },
);

it.concurrent.each<[string, Changes, string]>([
  [
    "another script",
    { inputs: { run: 'true; echo "runs $FARGATE_EXEC_ITEM"' } },
    "no earlier attempt of this run has left results of the same script, items and inputs",
  ],
  ["debug logging", { env: { RUNNER_DEBUG: "1" } }, "RUNNER_DEBUG is 1"],
])("with %s all items run in the next attempt, and a line says why", async (what, more, why) => {
  const run = 100 + what.length;
  expect((await attempt(1, run, { fails: "b" })).outputs).toMatchObject({ outcome: "failed" });
  const second = await attempt(2, run, more);
  expect(logOf(second)).toContain(`All 4 items run: ${why}.`);
  expect(ran(second)).toEqual(["a", "b", "c", "d"]);
});

it.concurrent(
  "in another image all items run in the next attempt, in as many tasks as the inputs ask for",
  async () => {
    const family = "rerun-image";
    const of = { service: "", start: "", ...aws.newTask(family), tasks: "2" };
    await aws.register(family, [{ name: "app", image: "public.ecr.aws/docker/library/busybox:1" }]);
    expect((await attempt(1, 3, { fails: "b", inputs: of })).outputs).toMatchObject({ outcome: "failed" });
    await aws.register(family, [{ name: "app", image: "public.ecr.aws/docker/library/busybox:2" }]);
    const second = await attempt(2, 3, { inputs: of });
    expect(logOf(second)).toContain("All 4 items run: the task definition is another one than in attempt 1.");
    expect(ran(second)).toEqual(["a", "b", "c", "d"]);
    expect(JSON.parse(second.outputs["task-arns"] ?? "")).toHaveLength(2);
  },
);

it.concurrent(
  "after two steps with the same script, items and inputs all items run in the next attempt",
  async () => {
    const both = await Promise.all([attempt(1, 4), attempt(1, 4)]);
    expect(both.map(({ outputs }) => outputs["outcome"])).toEqual(["succeeded", "succeeded"]);
    expect(both.map(logOf).join("\n")).toContain("If this job runs again, all of its items run");
    const next = await attempt(2, 4);
    expect(logOf(next)).toContain(
      "All 4 items run: two steps of attempt 1 had the same script, items and inputs.",
    );
    expect(ran(next)).toEqual(["a", "b", "c", "d"]);
  },
);

it.concurrent(
  "when all items have succeeded, the next attempt only looks at a task, and is green",
  async () => {
    await attempt(1, 5);
    const second = await attempt(2, 5, { inputs: { tasks: "2" } });
    expect(logOf(second)).toContain("4 of 4 items succeeded in attempt 1, and are not run again.");
    expect(logOf(second).match(/Started task/g)).toHaveLength(1);
    expect(logOf(second)).not.toMatch(/^runs /m);
    expect(second.outputs).toMatchObject({ outcome: "succeeded", "exit-code": "0" });
    expect(entriesOf(second).map(({ carriedFrom }) => carriedFrom)).toEqual([1, 1, 1, 1]);
    expect(second.annotations).toEqual([]);
  },
);

it.concurrent(
  "items that a command lists are carried over, too, after a cancel of the first attempt",
  async () => {
    const cancel = new AbortController();
    const listed = {
      items: "run:printf '%s\\n' a b c d",
      run: 'echo "runs $FARGATE_EXEC_ITEM"; [ "$FARGATE_EXEC_ITEM" != c ] || [ ! -s slow ] || sleep 60',
    };
    const first = await aws.step(
      { ...base(), ...listed, files: "slow" },
      {
        ...around(1, 6, { slow: "x" }),
        signal: cancel.signal,
        onLine: (line) => line.endsWith("runs c") && cancel.abort(),
      },
    );
    expect(first.conclusion).toBe("cancelled");
    const second = await aws.step({ ...base(), ...listed, files: "slow" }, around(2, 6, { slow: "" }));
    expect(logOf(second)).toContain("2 of 4 items succeeded in attempt 1, and are not run again.");
    expect(ran(second)).toEqual(["c", "d"]);
  },
);

it.concurrent(
  "after an attempt that failed by missing artifacts, and by no item, all items run in the next one",
  async () => {
    const missing = { artifacts: "nothing/*.xml", "artifacts-missing": "error" };
    const first = await attempt(1, 7, { inputs: missing });
    expect(first.outputs).toMatchObject({ outcome: "failed" });
    expect(entriesOf(first).map(({ outcome }) => outcome)).toEqual(Array(4).fill("succeeded"));
    const second = await attempt(2, 7, { inputs: missing });
    expect(logOf(second)).toContain(
      "All 4 items run: attempt 1 failed by 'artifacts-missing', and not by the end of an item.",
    );
    expect(ran(second)).toEqual(["a", "b", "c", "d"]);
    expect(second.outputs).toMatchObject({ outcome: "failed" });
  },
);

// The last one: it begins when those above have ended.
it("a step leaves no task, and no object but the records of its items", async () => {
  expect(aws.startedAndAlive()).toEqual([]);
  const objects = await aws.objects();
  const records = objects.filter((key) => /^fargate-exec\/items\/(runs|times)\/[\da-f]+\.json$/.test(key));
  expect(objects).toEqual(records);
  expect(records.some((key) => key.includes("/runs/"))).toBe(true);
});
