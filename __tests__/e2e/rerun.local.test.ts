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

/** A step of an attempt of a workflow's run. The item that fails does so by a file of the workspace, which is mended between two attempts. */
const attempt = (number: number, fails: string): Promise<StepResult> =>
  aws.step({ ...base(), tasks: "2" }, around(number, 1, { fails: `${fails}\n` }));

it.concurrent(
  "the next attempt runs the item alone that has failed, in the one task that it needs",
  async () => {
    const first = await attempt(1, "b");
    expect(first.outputs).toMatchObject({ outcome: "failed", "exit-code": "1" });
    expect(ran(first)).toEqual(["a", "b", "c", "d"]);
    const second = await attempt(2, "");
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

it.concurrent("with debug logging all items run in the next attempt, and a line says why", async () => {
  const in2 = (attempt: number, more: Readonly<Record<string, string>>): Promise<StepResult> => {
    const { files = {}, env = {} } = around(attempt, 2, { fails: "\n" });
    return aws.step(base(), { files, env: { ...env, ...more } });
  };
  expect((await in2(1, {})).outputs).toMatchObject({ outcome: "succeeded" });
  const second = await in2(2, { RUNNER_DEBUG: "1" });
  expect(logOf(second)).toContain("All 4 items run: RUNNER_DEBUG is 1.");
  expect(ran(second)).toEqual(["a", "b", "c", "d"]);
});

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

// The last one: it begins when those above have ended.
it("a step leaves no task, and no object but the records of its items", async () => {
  expect(aws.startedAndAlive()).toEqual([]);
  const objects = await aws.objects();
  const records = objects.filter((key) => /^fargate-exec\/items\/(runs|times)\/[\da-f]+\.json$/.test(key));
  expect(objects).toEqual(records);
  expect(records.some((key) => key.includes("/runs/"))).toBe(true);
});
