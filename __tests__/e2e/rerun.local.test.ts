import type { StepResult } from "../../local/runner/step.ts";
import { Aws, jobLog, type Inputs, type StepOptions } from "../helpers/local.ts";
import { itInSoak } from "../helpers/every-nth.ts";

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
  ...{ items: "a\nb\nc\nd", retry: "rerun", files: "built" },
  run: 'echo "runs $FARGATE_EXEC_ITEM"; [ "$FARGATE_EXEC_ITEM" != b ] || [ "$SERVER" != broken ]',
});
const around = (attempt: number, run: number, built = "1"): StepOptions => ({
  files: { built },
  env: { GITHUB_RUN_ID: String(run), GITHUB_RUN_ATTEMPT: String(attempt) },
});

/** A step of an attempt of a workflow's run. What an item needs is mended between two attempts: of a secret only the name counts. */
const attempt = (number: number, server: "broken" | "mended", built?: string): Promise<StepResult> =>
  aws.step({ ...base(), tasks: "2", secrets: `SERVER=${server}` }, around(number, 1, built));

it.concurrent(
  "the next attempt runs the item alone that has failed, in the one task that it needs",
  async () => {
    const first = await attempt(1, "broken");
    expect(first.outputs).toMatchObject({ outcome: "failed", "exit-code": "1" });
    expect(ran(first)).toEqual(["a", "b", "c", "d"]);
    const second = await attempt(2, "mended");
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
    const third = await attempt(3, "mended", "2");
    expect(logOf(third)).toContain(
      "All 4 items run: no earlier attempt of this run has left results of the same script, items, inputs and files.",
    );
    expect(ran(third)).toEqual(["a", "b", "c", "d"]);
  },
);

itInSoak.concurrent("with debug logging all items run in the next attempt, and a line says why", async () => {
  const in2 = (attempt: number, more: Readonly<Record<string, string>>): Promise<StepResult> => {
    const { files = {}, env = {} } = around(attempt, 2);
    return aws.step(base(), { files, env: { ...env, ...more } });
  };
  expect((await in2(1, {})).outputs).toMatchObject({ outcome: "succeeded" });
  const second = await in2(2, { RUNNER_DEBUG: "1" });
  expect(logOf(second)).toContain("All 4 items run: RUNNER_DEBUG is 1.");
  expect(ran(second)).toEqual(["a", "b", "c", "d"]);
});

itInSoak.concurrent(
  "items that a command lists are carried over, too, after a cancel of the first attempt",
  async () => {
    const cancel = new AbortController();
    const listed = {
      items: "run:printf '%s\\n' a b c d",
      run: 'echo "runs $FARGATE_EXEC_ITEM"; [ "$FARGATE_EXEC_ITEM" != c ] || [ "$SERVER" != slow ] || sleep 60',
    };
    const first = await aws.step(
      { ...base(), ...listed, secrets: "SERVER=slow" },
      {
        ...around(1, 6),
        signal: cancel.signal,
        onLine: (line) => line.endsWith("runs c") && cancel.abort(),
      },
    );
    expect(first.conclusion).toBe("cancelled");
    const second = await aws.step({ ...base(), ...listed, secrets: "SERVER=quick" }, around(2, 6));
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
