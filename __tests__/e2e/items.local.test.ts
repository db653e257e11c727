import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StepResult } from "../../local/runner/step.ts";
import { Aws, jobLog, type Inputs } from "../helpers/local.ts";
import { mountDisk } from "../helpers/disk.ts";
import { itInSoak } from "../helpers/every-nth.ts";

let aws: Aws;
beforeAll(async () => {
  aws = await Aws.start();
});
afterAll(() => aws.stop());

/** Where the times of items are kept. */
const RECORDS = "fargate-exec/items/times/";

interface Entry {
  readonly item: string;
  readonly index: number;
  readonly directory?: string;
  readonly exitCode?: number;
  readonly outcome: string;
  readonly attempts: number;
  readonly task: number;
}

const entriesOf = ({ outputs }: StepResult): Entry[] => JSON.parse(outputs["results"] ?? "") as Entry[];
const newTasks = (tasks: number, more: Inputs): Inputs => ({
  ...{ service: aws.world.made.service, start: "true", tasks: String(tasks) },
  ...more,
});
const list = (count: number): string =>
  Array.from({ length: count }, (_, index) => `item ${index}`).join("\n");

// The first four batches last some seconds, so that a task that starts a little later comes to its share.
it.concurrent("a script runs once for each item, as workers of two tasks get free", async () => {
  const result = await aws.step(
    newTasks(2, {
      ...{ workers: "2", items: list(24), batch: "2" },
      run: 'cat "$FARGATE_EXEC_ITEMS_FILE"; [ "$FARGATE_EXEC_ITEM_INDEX" -gt 6 ] || sleep 3; sleep 0.$FARGATE_EXEC_ITEM_INDEX; case $FARGATE_EXEC_ITEM in *"item 6"*) echo because; exit 3 ;; esac',
    }),
  );
  const printed = jobLog(result).flatMap((line) => /item \d+$/.exec(line)?.[0] ?? []);
  expect(printed.toSorted()).toEqual(list(24).split("\n").toSorted());
  expect(result.outputs).toMatchObject({ "exit-code": "3", outcome: "failed" });
  const entries = entriesOf(result);
  expect(entries.slice(0, 2).map(({ item, exitCode }) => [item, exitCode])).toEqual([
    ["item 6", 3],
    ["item 7", 3],
  ]);
  expect(entries).toHaveLength(24);
  expect(new Set(entries.map(({ task }) => task))).toEqual(new Set([0, 1]));
  expect(result.annotations).toEqual([
    expect.objectContaining({ message: expect.stringContaining("2 of 24 items failed") as string }),
  ]);
  expect(result.summary).toContain("because");
});

itInSoak.concurrent(
  "items of batches have the ends that the script reports, and run again by themselves",
  async () => {
    const result = await aws.step(
      newTasks(1, {
        ...{ workers: "2", items: list(40), batch: "auto", retry: "75" },
        run: `
echo "a batch of $(wc -l <"$FARGATE_EXEC_ITEMS_FILE")"
while read -r item; do
  code=0
  [ "$item" != "item 3" ] || code=$((75 * (2 - FARGATE_EXEC_ITEM_ATTEMPT)))
  [ "$item" != "item 5" ] || code=4
  echo "$code 0.25 $item" >>"$FARGATE_EXEC_ITEM_RESULTS"
done <"$FARGATE_EXEC_ITEMS_FILE"
exit 1`,
      }),
    );
    const entries = entriesOf(result);
    const red = entries.filter(({ outcome }) => outcome !== "succeeded");
    // A batch in which no item has failed has failed as a whole.
    expect(red.map(({ item, exitCode }) => [item, exitCode])).toContainEqual(["item 5", 4]);
    const of = (item: string) => entries.find((entry) => entry.item === item);
    expect(of("item 3")).toMatchObject({ attempts: 2 });
    expect(of("item 4")).toMatchObject({ outcome: "succeeded", attempts: 1, seconds: 0.25 });
    expect(of("item 39")).toMatchObject({ outcome: "failed", exitCode: 1 });
    const sizes = jobLog(result).flatMap((line) => /a batch of (\d+)$/.exec(line)?.[1] ?? []);
    expect(Math.max(...sizes.map(Number))).toBeGreaterThan(1);
    expect(sizes.length).toBeLessThan(40);
    expect(result.log.join("\n")).toContain("Item 'item 5' failed with exit code 4 after 0.3 s");
  },
);

itInSoak.concurrent(
  "the ends of a batch are those of its items also when the longest comes first",
  async () => {
    const items = ["short 0.1", "longest 3", "middle 0.5"].join("\n");
    const run = `
while IFS= read -r item; do
  code=0
  case $FAIL$item in yesshort*) code=7 ;; esac
  echo "$code \${item#* } $item" >>"$FARGATE_EXEC_ITEM_RESULTS"
done <"$FARGATE_EXEC_ITEMS_FILE"`;
    const inputs = { items, run, batch: "3", bucket: aws.world.made.bucket };
    const once = async (fail: string): Promise<StepResult> =>
      await aws.step(newTasks(1, { ...inputs, env: `FAIL=${fail}` }), { env: { GITHUB_JOB: "batches" } });
    await once("no");
    const result = await once("yes");
    expect(result.log.join("\n")).toContain("3 of 3 are known");
    expect(entriesOf(result).map(({ item, exitCode }) => [item, exitCode])).toEqual([
      ...[
        ["short 0.1", 7],
        ["longest 3", 0],
        ["middle 0.5", 0],
      ],
    ]);
  },
);

itInSoak.concurrent(
  "what items write comes back by item, with their reports, also of a task that dies later",
  async () => {
    const temp = mkdtempSync(join(tmpdir(), "fx-item-dirs-"));
    let dead = false;
    const run = `
cat >"$FARGATE_EXEC_ITEM_DIR/junit.xml" <<END
<testsuite name="of $FARGATE_EXEC_ITEM"><testcase name="passes"/><testcase name="may fail">$([ "$FARGATE_EXEC_ITEM_INDEX" != 3 ] || echo '<failure message="broken"/>')</testcase></testsuite>
END
[ "$FARGATE_EXEC_ITEM_INDEX" -lt 14 ] || rm "$FARGATE_EXEC_ITEM_DIR/junit.xml"
echo "$(hostname) $FARGATE_EXEC_ITEM_INDEX"
# Item 8 is in hand when its task dies, however late a busy machine reads its line.
[ "$FARGATE_EXEC_ITEM_INDEX.$FARGATE_EXEC_ITEM_ATTEMPT" = 8.1 ] && exec sleep 120
sleep 0.5`;
    const result = await aws.step(
      newTasks(2, {
        ...{ workers: "2", items: list(16), retry: "infrastructure", reports: "*.xml" },
        ...{ run, "artifacts-path": join(temp, "back") },
      }),
      {
        env: { RUNNER_TEMP: temp },
        onLine: (line) => {
          const [, host] = / (\S+) 8$/.exec(line) ?? [];
          if (host === undefined || dead) return;
          dead = true;
          const dies = aws.world.local.tasks.find(({ hostname }) => hostname === host);
          const why = { stopCode: "TerminationNotice", stoppedReason: "Task maintenance" } as const;
          void aws.world.local.inject({ task: { task: dies?.id ?? "", ...why } });
        },
      },
    );
    expect(dead).toBe(true);
    expect(result.outputs).toMatchObject({ outcome: "succeeded", "artifacts-path": join(temp, "back") });
    const entries = entriesOf(result);
    expect(entries.find(({ index }) => index === 8)?.attempts).toBeGreaterThan(1);
    for (const { index, directory } of entries) {
      if (index >= 14) expect(directory).toBeUndefined();
      else expect(readFileSync(join(directory ?? "", "junit.xml"), "utf8")).toContain(`of item ${index}"`);
    }
    // Each of the 14 reports once, also when its item ran twice.
    expect(JSON.parse(result.outputs["tests"] ?? "")).toMatchObject({ passed: 27, failed: 1 });
    expect(result.summary).toContain("item 3 'item 3'");
    rmSync(temp, { recursive: true });
  },
);

itInSoak.concurrent.each([
  ["by session", false],
  ["by S3, with a retry", true],
])("a task whose disk was full for a moment ends, and the other one has the rest: %s", async (_, retries) => {
  const started: string[] = [];
  const began = Date.now();
  const more = retries ? { bucket: aws.world.made.bucket, retry: "unknown" } : {};
  const run = `
echo "runs $FARGATE_EXEC_ITEM_INDEX"
seq 2000
if [ "$FARGATE_EXEC_ITEM_INDEX.$FARGATE_EXEC_ITEM_ATTEMPT" != 5.1 ]; then sleep 0.3; exit; fi
grep -q ' /var/lib tmpfs' /proc/mounts || exit 9
dd if=/dev/zero of=/var/lib/fill bs=64k 2>/dev/null || true
seq 100000
rm /var/lib/fill`;
  const inputs = newTasks(2, { workers: "2", items: list(60), timeout: "5m", run, ...more });
  const result = await aws.step(inputs, {
    onLine: (line) => {
      const [, id] = /Started task ([0-9a-f]{32})/.exec(line) ?? [];
      if (id !== undefined) started.push(id);
      if (!line.includes("task is ready")) return;
      for (const task of aws.world.local.tasks.filter((task) => started.includes(task.id)))
        mountDisk(task, "/var/lib", "8m");
      started.splice(0);
    },
  });
  // As long as its items last, which is a while on a busy machine, and not until 'timeout'.
  expect(Date.now() - began).toBeLessThan(300_000);
  const entries = entriesOf(result);
  if (retries) {
    expect(new Set(entries.map(({ outcome }) => outcome))).toEqual(new Set(["succeeded"]));
    expect(entries[5]).toMatchObject({ index: 5, attempts: 2 });
    expect(result.conclusion).toBe("success");
    return;
  }
  const full = entries.find(({ index }) => index === 5)?.task;
  const of = (isFull: boolean): Entry[] => entries.filter(({ task }) => (task === full) === isFull);
  // The healthy task has done its own and all that was not handed out when the disk was full.
  expect(new Set(of(false).map(({ outcome }) => outcome))).toEqual(new Set(["succeeded"]));
  expect(of(false).length).toBeGreaterThan(20);
  expect(new Set(of(true).map(({ outcome }) => outcome))).toEqual(new Set(["succeeded", "unknown"]));
  // Those that a worker had taken, and not the others of its stock.
  expect(of(true).filter(({ outcome }) => outcome === "unknown").length).toBeLessThanOrEqual(4);
  expect(result.outputs).toMatchObject({ outcome: "unknown", "exit-code": "" });
  const message = result.annotations[0]?.message;
  expect(message).toContain(`1 of 2 tasks failed (task ${full}: no-status).`);
  expect(message).toContain("not all of its output could be kept, as on a full disk");
});

itInSoak.concurrent(
  "a file among the artifacts has the end of each item, also of a step that fails",
  async () => {
    const temp = mkdtempSync(join(tmpdir(), "runner-temp-"));
    const result = await aws.step(
      newTasks(1, {
        ...{ items: "good\nbad", artifacts: "/tmp/of-*", "artifacts-path": join(temp, "back") },
        run: 'echo "$FARGATE_EXEC_ITEM"; echo >/tmp/of-$FARGATE_EXEC_ITEM; [ "$FARGATE_EXEC_ITEM" = good ]',
      }),
      { env: { RUNNER_TEMP: temp } },
    );
    expect(result.outputs).toMatchObject({ "exit-code": "1", "artifacts-path": join(temp, "back") });
    const lines = readFileSync(join(temp, "back/fargate-exec-items.jsonl"), "utf8").trim().split("\n");
    expect(lines.map((line) => JSON.parse(line) as Entry)).toEqual([
      expect.objectContaining({ item: "good", outcome: "succeeded", exitCode: 0 }),
      expect.objectContaining({ item: "bad", outcome: "failed", exitCode: 1, lastLines: ["bad"] }),
    ]);
    expect(readdirSync(join(temp, "back/tmp")).toSorted()).toEqual(["of-bad", "of-good"]);
    rmSync(temp, { recursive: true });
  },
);

it.concurrent("a command in the first task lists the items, and files of the checkout can", async () => {
  const result = await aws.step(
    newTasks(1, {
      items: "run:seq 3 | sed s/^/of-a-command-/",
      run: 'echo "$FARGATE_EXEC_ITEM of $FARGATE_EXEC_ITEMS_TOTAL"',
    }),
  );
  expect(jobLog(result).filter((line) => line.endsWith(" of 3"))).toEqual(
    [1, 2, 3].map((n) => `of-a-command-${n} of 3`),
  );
  expect(result.outputs).toMatchObject({ "exit-code": "0", outcome: "succeeded" });
});

itInSoak.concurrent(
  "a command that lists nothing, or fails, ends the step before the script runs",
  async () => {
    const [none, fails] = await Promise.all([
      aws.step(newTasks(1, { items: "run:echo", run: "echo ran" })),
      aws.step(newTasks(1, { items: "run:echo some; exit 7", run: "echo ran" })),
    ]);
    expect(none.outputs).toMatchObject({ "exit-code": "", outcome: "not-started" });
    expect(fails.outputs).toMatchObject({ "exit-code": "7", outcome: "failed" });
    expect(fails.annotations.at(-1)?.message).toContain("The command of 'items' failed. Exit code 7.");
    expect([...jobLog(none), ...jobLog(fails)].filter((line) => line === "ran")).toEqual([]);
  },
);

it.concurrent(
  "items of a job that the container refuses have not begun, and none is said to be lost",
  async () => {
    const refused = await aws.step(newTasks(1, { items: list(3), run: "echo ran", user: "nobody-knows" }));
    expect(refused.outputs).toMatchObject({ "exit-code": "", outcome: "not-started" });
    expect(entriesOf(refused).map(({ outcome, attempts }) => [outcome, attempts])).toEqual(
      Array<unknown>(3).fill(["not-started", 0]),
    );
    expect(refused.annotations.at(-1)?.message).not.toContain("may have begun");
    expect(refused.annotations.at(-1)?.message).toContain("'nobody-knows'");
  },
);

// The last one: it begins when those above have ended.
it("a step with items leaves neither a task nor an object other than the times", async () => {
  expect(aws.startedAndAlive()).toEqual([]);
  expect((await aws.objects()).filter((key) => !key.startsWith(RECORDS))).toEqual([]);
});
