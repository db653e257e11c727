import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { Failure } from "../../src/errors.ts";
import { outputs } from "../../src/report/outputs.ts";
import { failedResult } from "../../src/report/result.ts";
import { TASK } from "../helpers/tasks.ts";
import { aResult, someFacts } from "./results.ts";

const nothing = failedResult(new Failure("bad-input", { failed: "f", seen: "s", advice: "a" }));

it("are those that action.yml names, whatever is known", () => {
  const action = parse(readFileSync(new URL("../../action.yml", import.meta.url), "utf8")) as {
    outputs: object;
  };
  const names = Object.keys(action.outputs).toSorted();
  expect(Object.keys(outputs(aResult("exited", "0"))).toSorted()).toEqual(names);
  expect(Object.keys(outputs(nothing)).toSorted()).toEqual(names);
});

it("say what is known", () => {
  expect(outputs(aResult("exited", "0", "3"))).toMatchObject({
    "exit-code": "3",
    outcome: "failed",
    stdout: "schema version 42",
    "task-arn": TASK,
    "task-arns": JSON.stringify([TASK]),
    "session-id": "ecs-execute-command-2",
    "log-group": "/ecs/exec",
    "log-stream": "ecs-execute-command-2",
    "log-url": "https://eu-central-1.console.aws.amazon.com/cloudwatch/home?region=eu-central-1#logsV2:x",
    "private-ip": "10.0.0.7",
    results: JSON.stringify([
      { taskArn: TASK, worker: 0, seconds: 10, exitCode: 0, outcome: "succeeded" },
      { taskArn: TASK, worker: 1, seconds: 11, exitCode: 3, outcome: "failed" },
    ]),
  });
});

it("tell of a task whose workers' ends are not known", () => {
  const one = aResult("exited", "0");
  const other = "arn:aws:ecs:eu-central-1:123456789012:task/prod/fedcba9876543210fedcba9876543210";
  const failure = new Failure("task-stopped", { failed: "f", seen: "s", advice: "a" });
  const target = { ...one.task.target, taskArn: other };
  const lost = failedResult(failure, someFacts({ target }), true);
  expect(JSON.parse(outputs({ kind: "several", tasks: [one, lost] })["results"] ?? "")).toEqual([
    { taskArn: TASK, worker: 0, seconds: 10, exitCode: 0, outcome: "succeeded" },
    { taskArn: other, worker: null, seconds: null, exitCode: null, outcome: "unknown" },
  ]);
});

it("tell an exit code of 0 from one that is not known", () => {
  expect(outputs(aResult("exited", "0"))["exit-code"]).toBe("0");
  expect(outputs(nothing)["exit-code"]).toBe("");
});

it("are one harmless line each, whatever their source, save the job's own", () => {
  const words = "x\n::error::y\r##[error]z\x1b[1m";
  const result = aResult("exited", "0");
  const target = { ...result.task.target, taskArn: words, privateIp: words };
  const log = { kind: "cloudwatch", name: words, group: words, stream: words, url: words } as const;
  const task = { ...result.task, target, log, sessionId: words, publicIp: words, stdout: words };
  const { stdout, ...rest } = outputs({ ...result, task });
  expect(stdout).toBe(words);
  expect(Object.values(rest).filter((value) => /^\s*::|##\[|\p{Cc}/u.test(value))).toEqual([]);
  expect(JSON.parse(rest["task-arns"] ?? "")).toEqual(["x ::error::y ##\\[error]z"]);
  expect(rest["private-ip"]).toBe("x ::error::y ##\\[error]z");
});

it("are empty where nothing is known", () => {
  const { outcome, "task-arns": arns, results, ...rest } = outputs(nothing);
  expect([outcome, arns, results]).toEqual(["not-started", "[]", "[]"]);
  expect(new Set(Object.values(rest))).toEqual(new Set([""]));
});
