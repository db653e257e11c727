import { readFileSync } from "node:fs";
import { Failure } from "../../src/errors.ts";
import { makeAnnotation, explain } from "../../src/report/explain.ts";
import { HANDLE } from "../inputs/a-handle.ts";
import { aFailedResult, aResult, aStep, someFacts } from "./example-results.ts";

/** A job whose workers printed this on standard error. */
function resultWithStderr(codes: readonly string[], stderr: Readonly<Record<number, string>>) {
  const texts = new Map(Object.entries(stderr).map(([worker, text]) => [Number(worker), text]));
  return { ...aResult("exited", ...codes), task: someFacts({ stderr: texts }) };
}

it("says nothing of a success", () => {
  expect(explain(aResult("exited", "0", "0"), aStep)).toBeUndefined();
});

it("explains a failure by its three parts, under its code, with the address of its paragraph", () => {
  const failure = new Failure("task-stopped", {
    failed: "It failed.",
    seen: "This was seen.",
    advice: "Do that.",
  });
  const explanation = {
    title: "fargate-exec: task-stopped",
    message: "It failed.\nThis was seen.\nDo that.",
    page: `${aStep.page}#task-stopped`,
  };
  expect(explain(aFailedResult(failure), aStep)).toEqual({
    ...explanation,
    parts: failure.messageParts("workflow"),
  });
  expect(makeAnnotation(explanation)).toBe(
    `It failed.\nThis was seen.\nDo that.\nSee ${aStep.page}#task-stopped`,
  );
});

it("the annotation of a script that failed says how many tests failed", () => {
  const tests = { passed: 1, failed: 1 };
  const { message } = explain(aResult("exited", "1"), { ...aStep, tests }) ?? { message: "" };
  expect(message).toBe("1 of 2 tests failed. The script failed. Exit code 1.");
});

it.each([
  ["1", "Exit code 1."],
  ["126", "Exit code 126: a command was found but could not be executed."],
  ["127", "Exit code 127: a command was not found in the image."],
  ["128", "Exit code 128."],
  ["130", "Exit code 130: ended by signal 2."],
  ["137", "Exit code 137: killed by SIGKILL, often because memory ran out; see 'memory' of the task."],
  ["143", "Exit code 143: ended by signal 15."],
  ["159", "Exit code 159: ended by signal 31."],
  ["160", "Exit code 160."],
  ["255", "Exit code 255."],
])("says what exit code %s usually means", (code, meaning) => {
  expect(explain(aResult("exited", code), aStep)).toMatchObject({
    title: "fargate-exec: failed",
    message: `The script failed. ${meaning}`,
    page: `${aStep.page}#a-script-that-failed`,
  });
  expect(readFileSync("docs/errors.md", "utf8")).toContain("\n## A script that failed\n");
});

it.each<[string, Parameters<typeof aResult>, string, string]>([
  [
    "a timeout",
    ["timed-out", "143!"],
    "timed-out",
    "The script did not end within 5s (input 'timeout') and was stopped. Exit code 124.",
  ],
  ["a cancel", ["cancelled", "143!"], "cancelled", "The script was cancelled. Exit code 130."],
  [
    "several workers",
    ["exited", "0", "7", "0", "3"],
    "failed",
    "2 of 4 workers failed (worker 1: exit code 7, worker 3: exit code 3). The exit code is 7.",
  ],
  [
    "a timeout of one of several",
    ["timed-out", "0", "143!"],
    "timed-out",
    "1 of 2 workers failed (worker 1: exit code 124). The script did not end within 5s (input 'timeout') and was stopped. The exit code is 124.",
  ],
  [
    "many workers",
    ["exited", ...Array.from({ length: 20 }, () => "1")],
    "failed",
    `20 of 20 workers failed (${[0, 1, 2, 3, 4, 5, 6, 7].map((n) => `worker ${n}: exit code 1`).join(", ")} and 12 more). The exit code is 1.`,
  ],
])("says what has failed, and how: %s", (_, job, outcome, message) => {
  expect(explain(aResult(...job), aStep)).toMatchObject({ title: `fargate-exec: ${outcome}`, message });
});

it.each([
  [90_000, "90s"],
  [60_000, "1m"],
  [3_600_000, "60m"],
  [21_600_000, "6h"],
])("writes a timeout of %i ms as %s", (timeout, words) => {
  const result = aResult("timed-out", "143!");
  expect(explain(result, { ...aStep, timeout })?.message).toContain(`within ${words} (input 'timeout')`);
});

it("does not name its own timeout for a job that another step has started", () => {
  const selection = { region: "eu-west-1", where: { kind: "handle", handle: HANDLE } } as const;
  expect(explain(aResult("timed-out", "143!"), { ...aStep, selection })?.message).toBe(
    "The script did not end within the 'timeout' of the step that has started it, and was stopped. Exit code 124.",
  );
});

describe("the last words", () => {
  it("are the last line of the first failing worker's standard error, without its number", () => {
    const result = resultWithStderr(["0", "7", "3"], {
      0: "fine\n",
      1: "first\nno such table\n \n\n",
      2: "[2] later\n",
    });
    const explanation = explain(result, aStep);
    expect(explanation?.lastWords).toBe("Last line of standard error of worker 1: no such table");
    expect(explanation?.message).not.toContain("no such table");
    expect(explanation && makeAnnotation(explanation)).toContain(
      "\nLast line of standard error of worker 1: no such",
    );
  });

  it("are those of standard output when nothing came by standard error", () => {
    const both = aResult("exited", "0", "3");
    const stdout = new Map([
      [0, "fine\n"],
      [1, "begun\nbad-line\n"],
    ]);
    const task = someFacts({ stderr: new Map([[1, "\n"]]), workerStdout: stdout });
    expect(explain({ ...both, task }, aStep)?.lastWords).toBe(
      "Last line of standard output of worker 1: bad-line",
    );
  });

  it("are bounded, harmless, and absent when nothing was printed", () => {
    const hostile = explain(
      resultWithStderr(["1"], { 0: `::error::x ##[error]y\x1b[31m${"z".repeat(5_000)}\n` }),
      aStep,
    );
    expect(hostile?.lastWords?.length).toBeLessThan(340);
    expect(hostile?.lastWords).toMatch(/^Last line of standard error: \\::error::x ##\\\[error\]yzzz.*z…$/);
    expect(explain(resultWithStderr(["1"], {}), aStep)?.lastWords).toBeUndefined();
    expect(explain(resultWithStderr(["1"], { 0: " \n\r\n" }), aStep)?.lastWords).toBeUndefined();
  });
});

describe("the line of a script file", () => {
  const script = "/tmp/fargate-exec-0123456789abcdef0123/script";
  it.each([
    ["dash", 127, `${script}: 3: foo: not found`, 3],
    ["bash", 127, `${script}: line 12: foo: command not found`, 12],
    ["bash, of a file that may not be executed", 126, `${script}: line 12: ./foo: Permission denied`, 12],
    ["busybox ash", 2, `${script}: line 2: syntax error: unexpected end of file`, 2],
    ["bash, of an unset variable", 1, `${script}: line 5: foo: unbound variable`, 5],
    ["zsh", 127, `${script}:4: command not found: foo`, 4],
    [
      "Python",
      1,
      `Traceback (most recent call last):\n  File "${script}", line 9, in <module>\nValueError: x`,
      9,
    ],
    [
      "Python's innermost frame in the script",
      1,
      `  File "${script}", line 30, in <module>\n  File "${script}", line 7, in f\n  File "/usr/lib/python3/json.py", line 99, in g\nValueError`,
      7,
    ],
    ["Perl", 255, `died at ${script} line 5.`, 5],
    ["none", 2, "make: *** [all] Error 1", undefined],
    ["another file of that name", 2, "/srv/script: line 3: x", undefined],
    ["no line", 2, `${script}: line 0: x`, undefined],
    ["a command that is not there, but the script went on", 7, `${script}: 2: foo: not found`, undefined],
    ["a command that is not there, before 'exit 1'", 1, `${script}: 2: foo: not found`, undefined],
    [
      "an error before a command that is not there in a program",
      127,
      `${script}: 2: cd: can't cd to x`,
      undefined,
    ],
    [
      "an exception that was printed, before 'exit 3'",
      3,
      `  File "${script}", line 9, in f\nValueError`,
      undefined,
    ],
    ["an error before a signal", 137, `${script}: line 2: foo: unbound variable`, undefined],
  ])(
    "is the one that the interpreter names, when the exit code is that of its error: %s",
    (_, code, stderr, startLine) => {
      const place = startLine === undefined ? undefined : { file: "ops/job.sh", startLine };
      expect(explain(resultWithStderr([`${code}`], { 0: `${stderr}\n` }), aStep)?.place).toEqual(place);
    },
  );

  it("is not given for a script that is no file of the workspace, or that ran out of time", () => {
    const result = resultWithStderr(["127"], { 0: `${script}: 3: foo: not found\n` });
    expect(explain(result, { ...aStep, scriptFile: undefined })?.place).toBeUndefined();
    const late = { ...aResult("timed-out", "143!"), task: result.task };
    expect(explain(late, aStep)?.place).toBeUndefined();
    expect(explain(late, aStep)?.lastWords).toContain("foo: not found");
  });
});
