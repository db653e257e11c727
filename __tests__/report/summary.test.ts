import { Failure } from "../../src/errors.ts";
import type { Inputs } from "../../src/inputs/inputs.ts";
import { failedResult, type Result } from "../../src/report/result.ts";
import { scriptSummaries } from "../../src/report/script-summaries.ts";
import { foldedTable } from "../../src/report/summary-tables.ts";
import { makeSummary } from "../../src/report/summary.ts";
import { expectGolden } from "../helpers/golden.ts";
import { aTarget } from "../helpers/runs.ts";
import { aTask, ID } from "../helpers/tasks.ts";
import { HOSTILE, PLAIN, renderMarkdown } from "./rendered.ts";
import { aFailedResult, aResult, aStep, aThousandRetried, someFacts, NO_TIME } from "./example-results.ts";

const failure = new Failure("no-status", {
  failed: "Session 's-1' ended before the job's status was known.",
  seen: "It said: <b>no</b> *more* `words` | #1 [link](https://example.com)",
  advice: "Look at the container.",
});

it.each<[string, Result]>([
  ["succeeded", aResult("exited", "0")],
  ["failed", aResult("exited", "127")],
  ["workers", aResult("timed-out", "0", "7", "143!")],
  ["unknown", aFailedResult(failure)],
  ["not-started", failedResult(failure)],
  [
    "logged-in-s3",
    {
      ...aResult("exited", "0"),
      task: someFacts({
        log: { kind: "s3", name: "s3://example-logs/exec/s-1.log" },
      }),
    },
  ],
])("the summary is the text of its golden file: %s", (name, result) => {
  expectGolden(`summary-${name}.md`, makeSummary(result, aStep, NO_TIME));
});

it("the summary links to the workflow run and says which attempt it is", () => {
  const run = { runId: "17", runAttempt: "2", url: "https://github.com/org/shop/actions/runs/17" };
  const summaryOf = (step: object): string =>
    makeSummary(aResult("exited", "0"), { ...aStep, ...step }, NO_TIME);
  expect(summaryOf({ run })).toContain(`| Run | [\`17, attempt 2\`](${run.url}) |`);
  expect(summaryOf({ run: { ...run, url: "" } })).not.toContain("| Run |");
});

it("the summary has a row for each attempt of a job that was run again", () => {
  const earlier = [
    { taskId: "1".repeat(32), outcome: "unknown", end: "task-stopped", reason: "spot" },
  ] as const;
  const once = { ...aResult("exited", "0"), earlier };
  expect(makeSummary(once, aStep, NO_TIME)).toContain(
    [
      "| Attempt | Task | Outcome | End | Run again for |",
      "|---|---|---|---|---|",
      `| 1 | \`${"1".repeat(32)}\` | unknown | task-stopped | spot |`,
      `| 2 | \`${aTarget().taskId}\` | succeeded | exit code 0 |  |`,
    ].join("\n"),
  );
  const times = { from: 0, to: 9_000 };
  const retried = { ...once, task: { ...once.task, times: { beganAt: 7_000, endedAt: 9_000 } } };
  expect(makeSummary(retried, aStep, times)).toContain("| Earlier attempts | 7.0 |");
  const several: Result = { kind: "several", tasks: [aResult("exited", "0"), once] };
  expect(makeSummary(several, aStep, NO_TIME)).toContain("| 1 | 2 | ");
});

it("the summary fits when each of a thousand jobs was run ten times", () => {
  const text = makeSummary(aThousandRetried, aStep, NO_TIME);
  expect(Buffer.byteLength(text)).toBeLessThan(1024 * 1024);
  expect(text).toContain("… and 7000 more.");
});

it.each([
  ["always", "0", true],
  ["on-failure", "1", true],
  ["on-failure", "0", false],
  ["never", "1", false],
])(
  "the summary has the commands for a shell in a task that is kept: keep-task %s, exit code %s",
  (keepTask, code, isKept) => {
    const where = { kind: "new", start: { keepTask } } as Extract<Inputs["where"], { kind: "new" }>;
    const result = aResult("exited", code);
    const task = { ...result.task, startedAt: 1_000, target: { ...aTarget(), started: true } };
    const text = makeSummary(
      { ...result, task },
      { ...aStep, selection: { where, region: "eu-west-1" } },
      NO_TIME,
    );
    const which = `--region eu-west-1 --cluster ci --task ${ID} --container app`;
    for (const command of ["aws ecs execute-command", "npx fargate-exec shell"])
      expect(text.includes(`${command} ${which}`)).toBe(isKept);
  },
);

it("the summary shows nothing of standard output", () => {
  expect(makeSummary(aResult("exited", "1"), aStep, NO_TIME)).not.toContain("schema version");
});

it("the summary takes no untrusted words for Markdown, HTML or a link", () => {
  for (const words of [...HOSTILE, HOSTILE.join("\n"), HOSTILE.join("\n\n"), HOSTILE.join(" ")]) {
    const one = aFailedResult(new Failure("no-status", { failed: words, seen: words, advice: words }));
    const target = { ...aTarget(), clusterName: words, taskId: words, container: words };
    const url = "https://console.aws.amazon.com/x)<b>|`[y](https://example.com)";
    const log = { kind: "cloudwatch", name: words, group: words, stream: words, url } as const;
    const result = { ...one, task: someFacts({ target, log }) };
    for (const whole of [result, { kind: "several", tasks: [result, result] } as const]) {
      const { types, links, literals, texts } = renderMarkdown(makeSummary(whole, aStep, NO_TIME));
      expect([...types].filter((type) => !PLAIN.has(type))).toEqual([]);
      expect(links).toEqual([
        `${aStep.page}#no-status`,
        "https://console.aws.amazon.com/x%29%3Cb%3E%7c%60%5By%5D%28https://example.com%29",
      ]);
      expect(texts.join(" ")).not.toMatch(/example|mallory|words|item|heading/);
      // All of the words are there to be read.
      if (words.includes("example.com")) expect(literals.join(" ")).toContain("https://example.com");
    }
  }
});

it("the summary shows the last lines of a script that failed, folded, in a block that they can't end", () => {
  const one = aResult("exited", "1");
  const printed = Array.from({ length: 80 }, (_, i) => `line ${i}`);
  const lastLines = [
    ...printed,
    "```",
    "</details><img src=x>",
    "````` [x](https://example.com) @all ::error::x",
  ].join("\n");
  const text = makeSummary({ ...one, task: { ...one.task, lastLines } }, aStep, NO_TIME);
  const { types, links } = renderMarkdown(text);
  expect(links).toEqual(renderMarkdown(makeSummary(one, aStep, NO_TIME)).links);
  expect(types).toContain("fence");
  expect(text).toContain(
    "<details><summary>The last lines that the script printed</summary>\n\n``````text\nline 33\n",
  );
  expect(text).not.toContain("line 32\n");
  const succeeded = aResult("exited", "0");
  expect(makeSummary({ ...succeeded, task: { ...succeeded.task, lastLines } }, aStep, NO_TIME)).not.toContain(
    "line 79",
  );
});

it("the summary says which image ran in which task", () => {
  const one = aResult("exited", "0");
  const text = makeSummary({ ...one, task: { ...one.task, described: aTask() } }, aStep, NO_TIME);
  for (const row of [
    "| Image | `example/app:1` |",
    "| Task definition | `web:3` |",
    "| CPU and memory | 1 vCPU, 2048 MiB |",
  ])
    expect(text).toContain(row);
  expect(text).toContain(
    `| Task | [\`${ID}\`](https://eu-central-1.console.aws.amazon.com/ecs/v2/clusters/ci/tasks/${ID}?region=eu-central-1) |`,
  );
});

it("the summary links to no task when the address of its partition's console is not known", () => {
  const one = aResult("exited", "0");
  const { target } = one.task;
  const taskArn = target.taskArn.replace(/^arn:aws:ecs:[a-z\d-]+/, "arn:aws-iso:ecs:us-iso-east-1");
  const text = makeSummary({ ...one, task: { ...one.task, target: { ...target, taskArn } } }, aStep, NO_TIME);
  expect(text).toContain(`| Task | \`${ID}\` |`);
  expect(text).not.toContain("undefined");
});

it.each([
  [20, false],
  [21, true],
])("whether a table of %d rows is folded: %s", (count, isFolded) => {
  const rows = Array.from({ length: count }, (_, row) => `| ${row} |`);
  const table = foldedTable("Rows", ["| Row |", "| --- |"], rows);
  expect(table.join("\n").includes("<details>")).toBe(isFolded);
});

it("the summary of a thousand tasks of many workers is folded, and stays below GitHub's limit", () => {
  const one = aResult("exited", ...Array.from({ length: 256 }, () => "255"));
  const script = { ...one.task.script, summaries: [{ worker: 0, text: "é".repeat(1_000) }] };
  const tasks = Array.from({ length: 1_000 }, () => ({
    ...one,
    task: { ...one.task, script, described: aTask() },
  }));
  const result = { kind: "several", tasks } as const;
  const own = makeSummary(result, aStep, { from: 0, to: 5_000 });
  expect(own).toContain("<details><summary>1000 tasks</summary>");
  const all = own + scriptSummaries(result, Buffer.byteLength(own));
  expect(Buffer.byteLength(all)).toBeLessThan(1024 * 1024);
  expect(all).toMatch(/\n\d+ of 1000 parts of the script do not fit into the summary\.\n$/);
});

it("the summary ends with what the scripts wrote, each part below a heading that names its worker", () => {
  const one = aResult("exited", "0", "0");
  const script = { ...one.task.script, summaries: [0, 1].map((worker) => ({ worker, text: `# ${worker}` })) };
  const task = { ...one, task: { ...one.task, script } };
  expect(scriptSummaries(task, 0)).toBe(
    "\n\n#### From the script, worker 0\n\n# 0\n\n\n#### From the script, worker 1\n\n# 1\n",
  );
  expect(scriptSummaries({ kind: "several", tasks: [task, one] }, 0)).toContain(
    "#### From the script, task 0, worker 1",
  );
  expect(scriptSummaries(one, 0)).toBe("");
});

/** The lines that a reader sees before anything is unfolded. */
function openLines(summary: string): readonly string[] {
  const folded = summary.replace(/<details><summary>(.*)<\/summary>[^]*?<\/details>/g, "$1");
  return folded.split("\n").filter((line) => line !== "");
}

it("the summary of a step that has gone well is five lines at most, with details, chart and table folded", () => {
  const lines = openLines(makeSummary(aResult("exited", "0"), aStep, { from: 0, to: 60_000 }));
  expect(lines[0]).toBe("### ✅ fargate-exec: succeeded");
  expect(lines).toContain("Details");
  expect(lines.length).toBeLessThanOrEqual(5);
});

it("the last line of a worker that failed stands in view", () => {
  const task = someFacts({ stderr: new Map([[1, "[1] one\n[1] no such table\n"]]) });
  const lines = openLines(makeSummary({ ...aResult("exited", "0", "3"), task }, aStep, NO_TIME));
  expect(lines.join("\n")).toMatch(/^> .*Last line of standard error of worker 1: .*no such table/m);
});
