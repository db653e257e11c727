import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { Failure } from "../../src/errors.ts";
import { cutOutputs, makeOutputs } from "../../src/report/outputs.ts";
import { NO_RESULTS } from "../../src/report/file-commands.ts";
import { failedResult } from "../../src/report/result.ts";
import { ID, TASK } from "../helpers/tasks.ts";
import { aResult, someFacts } from "./example-results.ts";

const nothing = failedResult(new Failure("bad-input", { failed: "f", seen: "s", advice: "a" }));

it("the outputs are those that action.yml names, whatever is known", () => {
  const action = parse(readFileSync(new URL("../../action.yml", import.meta.url), "utf8")) as {
    outputs: object;
  };
  const names = Object.keys(action.outputs).toSorted();
  expect(Object.keys(makeOutputs(aResult("exited", "0"))).toSorted()).toEqual(names);
  expect(Object.keys(makeOutputs(nothing)).toSorted()).toEqual(names);
});

it("the outputs say what is known", () => {
  expect(makeOutputs(aResult("exited", "0", "3"))).toMatchObject({
    "exit-code": "3",
    outcome: "failed",
    stdout: "schema version 42",
    duration: "11",
    "task-arn": TASK,
    "task-id": ID,
    "task-arns": JSON.stringify([TASK]),
    "session-id": "ecs-execute-command-2",
    "log-group": "/ecs/exec",
    "log-stream": "ecs-execute-command-2",
    "log-url": "https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1#logsV2:x",
    "private-ip": "10.0.0.7",
    results: JSON.stringify([
      { task: 0, taskArn: TASK, worker: 0, exitCode: 0, outcome: "succeeded", seconds: 10, stdout: "" },
      { task: 0, taskArn: TASK, worker: 1, exitCode: 3, outcome: "failed", seconds: 11, stdout: "" },
    ]),
  });
});

it("the output 'results' includes a task whose workers' ends are not known", () => {
  const one = aResult("exited", "0");
  const other = "arn:aws:ecs:eu-central-1:123456789012:task/prod/fedcba9876543210fedcba9876543210";
  const failure = new Failure("task-stopped", { failed: "f", seen: "s", advice: "a" });
  const target = { ...one.task.target, taskArn: other };
  const lost = failedResult(failure, someFacts({ target }), true);
  const stdout = "schema version 42";
  expect(JSON.parse(makeOutputs({ kind: "several", tasks: [one, lost] })["results"] ?? "")).toEqual([
    { task: 0, taskArn: TASK, worker: 0, seconds: 10, exitCode: 0, outcome: "succeeded", stdout },
    { task: 1, taskArn: other, worker: null, seconds: null, exitCode: null, outcome: "unknown", stdout },
  ]);
});

it("the output 'duration' is that of the longest of all workers, of as many as there may be", () => {
  const one = aResult("exited", "0");
  const workers = Array.from({ length: 256 }, () => one.workers).flat();
  const tasks = Array.from({ length: 600 }, () => ({ ...one, workers }));
  const last = aResult("exited", "0", "0");
  expect(makeOutputs({ kind: "several", tasks: [...tasks, last] })["duration"]).toBe("11");
});

it("the output 'exit-code' is empty when the code is not known, and not 0", () => {
  expect(makeOutputs(aResult("exited", "0"))["exit-code"]).toBe("0");
  expect(makeOutputs(nothing)["exit-code"]).toBe("");
});

it("each output is one harmless line, whatever its source, except for the job's own output", () => {
  const words = "x\n::error::y\r##[error]z\x1b[1m";
  const result = aResult("exited", "0");
  const target = { ...result.task.target, taskArn: words, privateIp: words };
  const log = { kind: "cloudwatch", name: words, group: words, stream: words, url: words } as const;
  const task = {
    ...result.task,
    target,
    log,
    sessionId: words,
    publicIp: words,
    stdout: words,
    allStderr: words,
  };
  const { stdout, stderr, ...rest } = makeOutputs({ ...result, task });
  expect([stdout, stderr]).toEqual([words, words]);
  expect(Object.values(rest).filter((value) => /^\s*::|##\[|\p{Cc}/u.test(value))).toEqual([]);
  expect(JSON.parse(rest["task-arns"] ?? "")).toEqual(["x ::error::y ##\\[error]z"]);
  expect(rest["private-ip"]).toBe("x ::error::y ##\\[error]z");
});

it("the outputs are empty when nothing is known", () => {
  const { outcome, "task-arns": arns, results, ...rest } = makeOutputs(nothing);
  expect([outcome, arns, results]).toEqual(["not-started", "[]", "[]"]);
  expect(new Set(Object.values(rest))).toEqual(new Set([""]));
});

/** The results of two workers of this many tasks, each of which has printed this. `ends` has the end of each worker's output. */
function several(tasks: number, stdout: string, ends: readonly string[] = []) {
  const one = aResult("exited", "0", "0");
  const workerStdout = new Map(ends.entries());
  return {
    kind: "several",
    tasks: Array.from({ length: tasks }, () => ({ ...one, task: { ...one.task, stdout, workerStdout } })),
  } as const;
}

/** Tasks of which each has printed this, and how many of the texts were read. */
function readTexts(tasks: number, stdout: string) {
  const read = new Set<number>();
  const one = aResult("exited", "0");
  const results = Array.from({ length: tasks }, (_, i) => {
    const task = Object.defineProperty({ ...one.task, workerStdout: new Map() }, "allStderr", {
      get: () => (read.add(i), stdout),
    });
    return { ...one, task };
  });
  return { read, result: { kind: "several", tasks: results } as const };
}

it("the outputs of many tasks have the last mebibyte of their lines, and no line is labelled in vain", () => {
  const lines = 40_000;
  const { read, result } = readTexts(200, "\n".repeat(lines - 1));
  const { stderr = "" } = makeOutputs(result);
  expect(cutOutputs(result)).toContain("stderr");
  expect(Buffer.byteLength(stderr)).toBe(1024 * 1024);
  expect(stderr.endsWith("\n[task 199] \n[task 199] ")).toBe(true);
  expect([...read].toSorted()).toEqual([197, 198, 199]);
});

it.each([
  [["a\nb", "", "\nc\n"], "[task 0] a\n[task 0] b\n[task 2] \n[task 2] c\n[task 2] "],
  [["", "é"], "[task 1] é"],
  [["a\n"], "a\n"],
  [["", ""], ""],
])("what tasks have printed, %j, is one output with the label of each line", (texts, stdout) => {
  const one = aResult("exited", "0");
  const tasks = texts.map((text) => ({ ...one, task: { ...one.task, stdout: text } }));
  expect(makeOutputs({ kind: "several", tasks })["stdout"]).toBe(stdout);
});

it("the output 'results' has the seconds of each phase of a task, once", () => {
  const times = { beganAt: 1_000, readyAt: 1_250, seatedAt: 1_250, attachedAt: 2_504, endedAt: 14_900 };
  const { task, ...rest } = aResult("exited", "0", "0");
  const result = { ...rest, task: { ...task, times } };
  const [first, second] = JSON.parse(makeOutputs(result)["results"] ?? "") as object[];
  expect(first).toMatchObject({ phases: { "Exec agent": 0.25, "Session and delivery": 1.25, Script: 12.4 } });
  expect(second).not.toHaveProperty("phases");
});

it("the output 'results' has each worker's own last lines of standard output, whole", () => {
  const long = Array.from({ length: 9 }, (_, i) => `${i}${"x".repeat(300)}`);
  const ends = ["a\n[1] b\n", `${long.join("\n")}\n`];
  const results = JSON.parse(makeOutputs(several(2, "", ends))["results"] ?? "") as object[];
  expect(results).toMatchObject([
    { task: 0, worker: 0, stdout: "a\n[1] b" },
    { task: 0, worker: 1, stdout: long.slice(-6).join("\n") },
    { task: 1, worker: 0, stdout: "a\n[1] b" },
    { task: 1, worker: 1, stdout: long.slice(-6).join("\n") },
  ]);
  const commands = `${"##[".repeat(600)}end`;
  const [escaped, endOfLong] = JSON.parse(
    makeOutputs(several(1, "", [commands, `${"y".repeat(3_000)}z`]))["results"] ?? "",
  ) as { stdout: string }[];
  expect(escaped?.stdout).toBe(`${"##\\[".repeat(600)}end`);
  expect(endOfLong?.stdout).toBe(`${"y".repeat(1_999)}z`);
  const lines = Array.from({ length: 30 }, (_, i) => `line ${i}`);
  const { task, ...rest } = aResult("exited", "0");
  const [entry] = JSON.parse(
    makeOutputs({ ...rest, task: { ...task, stdout: lines.join("\n") } })["results"] ?? "",
  ) as { stdout: string }[];
  expect(entry?.stdout).toBe(lines.slice(-10).join("\n"));
});

it("the outputs of hundreds of tasks are bounded, and 'results' leaves a quarter of what GitHub takes of a workflow job to others", () => {
  const stdout = `[0] ${'"'.repeat(5_000)}\n[1] ${"\u0001é".repeat(5_000)}`;
  const ends = stdout.split("\n").map((line) => line.slice(-8_192));
  const { results = "", stdout: all = "" } = makeOutputs(several(500, stdout, ends));
  expect(Buffer.byteLength(results, "utf16le")).toBeLessThanOrEqual(768 * 1024);
  expect(Buffer.byteLength(all)).toBeLessThanOrEqual(1024 * 1024);
  expect(JSON.parse(results)).toHaveLength(1_000);
  const [green, red] = ["0", "1"].map((code) =>
    aResult("exited", ...Array.from({ length: 256 }, () => code)),
  );
  const mixed = Array.from({ length: 100 }, (_, at) => (at === 99 ? red : green)).flatMap((one) => one ?? []);
  const { results: many = "" } = makeOutputs({ kind: "several", tasks: mixed });
  expect(Buffer.byteLength(many, "utf16le")).toBeLessThanOrEqual(768 * 1024);
  const entries = JSON.parse(many) as { exitCode: number }[];
  expect(entries.length).toBeGreaterThan(2_000);
  expect(entries.filter(({ exitCode }) => exitCode === 1)).toHaveLength(256);
});

it("the output 'results' has ends of each task, however many workers of other tasks have failed", () => {
  const codes = (code: string, count: number) => Array.from({ length: count }, () => code);
  const hostile = aResult("exited", ...codes("1", 256));
  const [green, mixed] = [aResult("exited", ...codes("0", 256)), aResult("exited", "1", ...codes("0", 255))];
  const tasks = [...Array.from({ length: 60 }, () => hostile), green, mixed, hostile];
  const { results = "" } = makeOutputs({ kind: "several", tasks });
  const entries = JSON.parse(results) as { task: number; worker: number; exitCode: number }[];
  const of = (task: number) => entries.filter((entry) => entry.task === task);
  expect(of(60)).toMatchObject([{ worker: 0, exitCode: 0 }]);
  expect(of(61)).toMatchObject([{ worker: 0, exitCode: 1 }]);
  const shares = tasks.flatMap((task, at) => (task === hostile ? [of(at).length] : []));
  expect(Math.min(...shares)).toBeGreaterThan(20);
  expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
  const order = entries.map(({ task, worker }) => task * 256 + worker);
  expect(order).toEqual(order.toSorted((one, other) => one - other));
});

it("the outputs that lack their beginning are known, of one task and of several together", () => {
  const { task, ...rest } = aResult("exited", "0");
  expect(cutOutputs({ ...rest, task: { ...task, cut: ["stderr"] } })).toEqual(["stderr"]);
  expect(cutOutputs(several(2, "x".repeat(600_000)))).toEqual(["stdout"]);
  expect(cutOutputs(several(2, "x"))).toEqual([]);
  const cut = { ...rest, task: { ...task, cut: ["stdout" as const] } };
  expect(cutOutputs({ kind: "several", tasks: [aResult("exited", "0"), cut] })).toEqual(["stdout"]);
});

it("an output that the script sets again in another case has its last value only", () => {
  const { task, ...rest } = aResult("exited", "0");
  const set = [
    ["foo", "1"],
    ["Foo", "2"],
    ["other", "x"],
    ["FOO", "3"],
    ["foo", "4"],
  ] as const;
  const result = { ...rest, task: { ...task, script: { ...NO_RESULTS, outputs: set } } };
  const of = Object.entries(makeOutputs(result)).filter(([name]) => /^foo$/i.test(name));
  expect(of).toEqual([["foo", "4"]]);
});

it("the outputs of the script stand beside them, and those of the last task count", () => {
  const script = (value: string) => ({ ...NO_RESULTS, outputs: [["version", value]] as const });
  const one = aResult("exited", "0");
  const tasks = ["a", "b"].map((value) => ({ ...one, task: { ...one.task, script: script(value) } }));
  expect(makeOutputs({ kind: "several", tasks })).toMatchObject({ version: "b", outcome: "succeeded" });
});
