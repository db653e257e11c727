import { Failure } from "../../src/errors.ts";
import type { Retry } from "../../src/inputs/inputs.ts";
import { taskStopped } from "../../src/ready/stopped.ts";
import { failedResult, statusResult, type TaskResult } from "../../src/report/result.ts";
import { retryReason } from "../../src/run/retry-reason.ts";
import { aTask } from "../helpers/tasks.ts";
import { someFacts } from "../report/example-results.ts";

const ALL: Retry = { reasons: ["spot", "infrastructure", "unknown"], exitCodes: [75], attempts: 2 };

const ended = (exitCode: number, reason: "exited" | "timed-out" | "cancelled" = "exited"): TaskResult =>
  statusResult(
    { kind: "ended", reason, workers: [{ worker: 0, exitCode, seconds: 1, stopped: reason !== "exited" }] },
    someFacts(),
  );
const failed = (failure: Failure, attached = true): TaskResult =>
  failedResult(failure, someFacts(), attached);
const failure = (code: Failure["code"]) => new Failure(code, { failed: "f", seen: "s", advice: "a" });
const stopped = (stopCode: string, stoppedReason = "") =>
  taskStopped(aTask({ lastStatus: "STOPPED", stopCode, stoppedReason }));

/** An end of an attempt, the reason to run the job again in a task of the step's own, and the reason in another task. */
const rows: readonly (readonly [string, TaskResult, string | undefined, string | undefined])[] = [
  ["an exit code that is named", ended(75), "exit code 75", "exit code 75"],
  ["another exit code", ended(1), undefined, undefined],
  ["success", ended(0), undefined, undefined],
  ["a timeout", ended(75, "timed-out"), undefined, undefined],
  ["a cancel", ended(75, "cancelled"), undefined, undefined],
  ["a cancel before the job's end is known", failed(failure("cancelled")), undefined, undefined],
  ["Spot, while the job ran", failed(stopped("SpotInterruption")), "spot", "spot"],
  ["Spot, before the job", failed(stopped("SpotInterruption"), false), "spot", "spot"],
  ["a lost host", failed(stopped("TerminationNotice")), "spot", "spot"],
  ["the platform's health", failed(stopped("InfrastructureHealth")), "infrastructure", "infrastructure"],
  ["a deployment", failed(stopped("ServiceSchedulerInitiated")), "infrastructure", "infrastructure"],
  ["an unknown stop code", failed(stopped("SomethingNew")), "infrastructure", "infrastructure"],
  [
    "a start that the platform failed",
    failed(stopped("TaskFailedToStart", "CannotInspectContainerError: timeout"), false),
    "infrastructure",
    "infrastructure",
  ],
  [
    "an image that can't be pulled",
    failed(stopped("TaskFailedToStart", "CannotPullContainerError: not found"), false),
    undefined,
    undefined,
  ],
  [
    "a container that ended before the job",
    failed(stopped("EssentialContainerExited"), false),
    undefined,
    undefined,
  ],
  [
    "a container that ended while the job ran",
    failed(stopped("EssentialContainerExited")),
    "unknown",
    "unknown",
  ],
  ["a call of StopTask", failed(stopped("UserInitiated")), "unknown", "unknown"],
  [
    "an agent that died before the job",
    failed(failure("exec-agent-stopped"), false),
    "infrastructure",
    "infrastructure",
  ],
  // In another task the script may still run.
  [
    "an agent that died while the job ran",
    failed(failure("exec-agent-stopped")),
    "infrastructure",
    "unknown",
  ],
  ["an end that is not known", failed(failure("no-status")), "unknown", "unknown"],
  ["a wrong image", failed(failure("shell-not-found"), false), undefined, undefined],
];

it.each(rows)("%s", (_, result, own, running) => {
  expect([true, false].map((isOwn) => retryReason(result, ALL, isOwn)?.words)).toEqual([own, running]);
});

it.each(rows)("%s is no reason when the inputs do not name it", (_, result) => {
  const none: Retry = { reasons: [], exitCodes: [], attempts: 2 };
  expect([true, false].map((isOwn) => retryReason(result, none, isOwn))).toEqual([undefined, undefined]);
});

it("a script that may still run has to be stopped first, unless the inputs name 'unknown'", () => {
  const without: Retry = { ...ALL, reasons: ["spot", "infrastructure"] };
  const agentDied = failed(failure("exec-agent-stopped"));
  expect([without, ALL].map((retry) => retryReason(agentDied, retry, true)?.mustStopFirst)).toEqual([
    true,
    false,
  ]);
  const over = [failed(failure("exec-agent-stopped"), false), failed(stopped("SpotInterruption"))];
  expect(over.map((result) => retryReason(result, without, true)?.mustStopFirst)).toEqual([false, false]);
});

it("an unknown end is a reason only when 'retry' names 'unknown'", () => {
  const without: Retry = { ...ALL, reasons: ["spot", "infrastructure"] };
  expect(retryReason(failed(failure("no-status")), without, true)).toBeUndefined();
  expect(retryReason(failed(failure("exec-agent-stopped")), without, false)).toBeUndefined();
});
