import { Failure, type FailureCode, isAboutCredentials } from "../../src/errors.ts";
import type { JobStatus } from "../../src/carriers/stream/status.ts";
import type { JobEnd } from "../../src/carriers/job-end.ts";
import { Expiry } from "../../src/carriers/expiry.ts";
import { aTarget } from "../helpers/runs.ts";
import { Listener } from "../helpers/listener.ts";
import { SteppedClock } from "../helpers/stepped-clock.ts";

const refusal = (code: FailureCode = "no-credentials"): Failure =>
  new Failure(code, { failed: "Expired.", seen: "ExpiredTokenException: over", advice: "A." });
const status = (reason: "exited" | "cancelled"): JobEnd => ({
  kind: "status",
  status: { kind: "ended", reason, workers: [] } as JobStatus,
});
const cut: JobEnd = { kind: "ended", attached: true, end: { kind: "lost", why: "network" } };

function makeExpiry(started = false, more: { mustEndTask?: boolean; heldFor?: number } = {}) {
  const clock = new SteppedClock();
  const log = new Listener();
  const expiry = new Expiry({
    ...{ target: aTarget({ started }), mustEndTask: more.mustEndTask ?? true, clock, log },
    until: clock.now() + 3_600_000,
    heldUntil: more.heldFor === undefined ? undefined : clock.now() + more.heldFor,
  });
  return { expiry, log };
}

const seenOf = (end: JobEnd): string => (end.kind === "impossible" ? end.failure.seen : `a ${end.kind}`);

it.each<[FailureCode, boolean]>([
  ["no-credentials", true],
  ["no-id-token", true],
  ["role-not-assumed", true],
  ["access-denied", false],
  ["aws-unreachable", false],
  ["throttled", false],
])("the failure %s means that the step lacks credentials: %s", (code, lacks) => {
  expect(isAboutCredentials(refusal(code))).toBe(lacks);
});

describe("a job whose step has no credentials any more", () => {
  it("is told to stop, once, with a warning", () => {
    const { expiry, log } = makeExpiry();
    expiry.refuse(refusal(), true);
    expiry.refuse(refusal(), true);
    expect(log.lines).toHaveLength(1);
    expect(log.lines[0]).toContain("ExpiredTokenException: over The job is told to stop through the session");
  });

  it.each([
    [true, true, true],
    [true, false, false],
    [false, true, false],
  ])(
    "reads in the warning whether its task is told to end: started here %s, and not kept %s",
    (started, mustEndTask, isTold) => {
      const { expiry, log } = makeExpiry(started, { mustEndTask });
      expiry.refuse(refusal(), true);
      expect(log.lines[0]?.endsWith(", and its task to end.")).toBe(isTold);
    },
  );

  it("goes on when no session is open, and a warning says until when it and its task run", () => {
    const { expiry, log } = makeExpiry(true, { heldFor: 4_500_000 });
    expiry.refuse(refusal(), false);
    expect(log.lines).toEqual([
      expect.stringMatching(
        /Expired\. ExpiredTokenException: over No session is open to stop the job through\. The job goes on in .*stops it at 2023-11-14T23:13:20.* The task runs until 2023-11-14T23:28:20\.000Z at the latest/,
      ),
    ]);
    expect(seenOf(expiry.conclude(cut, true))).toContain("No session is open to stop the job through.");
  });

  it("has a failure that says it may go on, when its session is cut after it was told to stop", () => {
    const { expiry } = makeExpiry();
    expiry.refuse(refusal(), true);
    expect(seenOf(expiry.conclude(cut, true))).toContain(
      "was told to stop, but no session shows whether it has",
    );
  });

  it("ends with a failure of the step when it was stopped", () => {
    const { expiry } = makeExpiry();
    expiry.refuse(refusal(), true);
    const end = expiry.conclude(status("cancelled"), true);
    expect(end).toMatchObject({ kind: "impossible", failure: { code: "no-credentials" } });
    expect(seenOf(end)).toContain("was told to stop through its session, and has stopped.");
  });

  it("keeps its own end when it ends by itself after it was told to stop", () => {
    const { expiry } = makeExpiry();
    expiry.refuse(refusal(), true);
    expect(expiry.conclude(status("exited"), true)).toEqual(status("exited"));
  });

  it.each<[string, JobEnd]>([
    ["its session was cut", cut],
    ["there can be no further session", { kind: "impossible", failure: refusal() }],
  ])("has a failure that says until when it may go on, when %s", (_, attended) => {
    const { expiry } = makeExpiry();
    if (attended === cut) expiry.refuse(refusal(), true);
    const end = expiry.conclude(attended, true);
    expect(end).toMatchObject({ kind: "impossible", failure: { code: "no-credentials" } });
    expect(seenOf(end)).toMatch(
      /o(es)? on in container 'app' of task \w+, .* stops it at 2023-11-14T23:13:20/,
    );
    expect(seenOf(end)).not.toContain("stop-task");
  });

  it.each<[string, number | undefined, string]>([
    ["held", 4_500_000, "The task runs until 2023-11-14T23:28:20.000Z at the latest"],
    ["not held", undefined, "The task runs until you stop it"],
  ])(
    "has a failure that also says how long its task runs, when the step started that task and it is %s",
    (_, heldFor, words) => {
      const { expiry } = makeExpiry(true, heldFor === undefined ? {} : { heldFor });
      expiry.refuse(refusal(), true);
      expect(seenOf(expiry.conclude(cut, true))).toContain(words);
      expect(seenOf(expiry.conclude(cut, true))).toContain("aws ecs stop-task");
    },
  );

  it.each<[string, boolean, boolean, boolean]>([
    ["that the step started", true, true, true],
    ["that the step started and keeps", false, true, false],
    ["that others started", false, false, true],
  ])("has a task %s; the task is told to end: %s", (_, ends, started, mustEndTask) => {
    const { expiry } = makeExpiry(started, { mustEndTask });
    expiry.refuse(refusal(), true);
    expect(expiry.mustEndTask).toBe(ends);
    expect(seenOf(expiry.conclude(status("cancelled"), true)).includes("its task was told to end")).toBe(
      ends,
    );
  });
});

it("a job that has not begun, and one with credentials, keep their ends", () => {
  const { expiry } = makeExpiry();
  const impossible: JobEnd = { kind: "impossible", failure: refusal() };
  expect(expiry.conclude(impossible, false)).toBe(impossible);
  for (const attended of [cut, status("cancelled"), status("exited")])
    expect(expiry.conclude(attended, true)).toBe(attended);
});
