import { Failure, type FailureCode } from "../../src/errors.ts";
import type { JobStatus } from "../../src/stream/status.ts";
import type { JobEnd } from "../../src/follow/job-end.ts";
import { Expiry, lacksCredentials } from "../../src/follow/expiry.ts";
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

function expiry(started = false, more: { endsTask?: boolean; heldFor?: number } = {}) {
  const clock = new SteppedClock();
  const log = new Listener();
  const made = new Expiry({
    ...{ target: aTarget({ started }), endsTask: more.endsTask ?? true, clock, log },
    until: clock.now() + 3_600_000,
    heldUntil: more.heldFor === undefined ? undefined : clock.now() + more.heldFor,
  });
  return { made, log };
}

const seenOf = (came: JobEnd): string => (came.kind === "impossible" ? came.failure.seen : `a ${came.kind}`);

it.each<[FailureCode, boolean]>([
  ["no-credentials", true],
  ["no-id-token", true],
  ["role-not-assumed", true],
  ["access-denied", false],
  ["aws-unreachable", false],
  ["throttled", false],
])("%s lacks credentials: %s", (code, lacks) => {
  expect(lacksCredentials(refusal(code))).toBe(lacks);
});

describe("a job whose step has no credentials any more", () => {
  it("is told to stop, once, with a warning", () => {
    const { made, log } = expiry();
    expect(made.stop.aborted).toBe(false);
    made.onRefused(refusal(), true);
    made.onRefused(refusal(), true);
    expect(made.stop.aborted).toBe(true);
    expect(log.lines).toHaveLength(1);
    expect(log.lines[0]).toContain("ExpiredTokenException: over The job is told to stop through the session");
  });

  it("is not said to be told to stop when no session is open, but to go on, and so is its task", () => {
    const { made, log } = expiry(true, { heldFor: 4_500_000 });
    made.onRefused(refusal(), false);
    expect(log.lines).toEqual([
      expect.stringMatching(
        /Expired\. ExpiredTokenException: over No session is open to stop the job through\. The job goes on in .*stops it at 2023-11-14T23:13:20.* The task runs until 2023-11-14T23:28:20\.000Z at the latest/,
      ),
    ]);
    expect(seenOf(made.conclude(cut, true))).toContain("No session is open to stop the job through.");
  });

  it("is not said to go on for certain when it was told to stop and its session was cut then", () => {
    const { made } = expiry();
    made.onRefused(refusal(), true);
    expect(seenOf(made.conclude(cut, true))).toContain(
      "was told to stop, but no session shows whether it has",
    );
  });

  it("ends with a failure of the step when it was stopped", () => {
    const { made } = expiry();
    made.onRefused(refusal(), true);
    const came = made.conclude(status("cancelled"), true);
    expect(came).toMatchObject({ kind: "impossible", failure: { code: "no-credentials" } });
    expect(seenOf(came)).toContain("was told to stop through its session, and has stopped.");
  });

  it("keeps its own end when it ended by itself all the same", () => {
    const { made } = expiry();
    made.onRefused(refusal(), true);
    expect(made.conclude(status("exited"), true)).toEqual(status("exited"));
  });

  it.each<[string, JobEnd]>([
    ["its session was cut", cut],
    ["there can be no further session", { kind: "impossible", failure: refusal() }],
  ])("is said to go on, and until when, when %s", (_, attended) => {
    const { made } = expiry();
    if (attended === cut) made.onRefused(refusal(), true);
    const came = made.conclude(attended, true);
    expect(came).toMatchObject({ kind: "impossible", failure: { code: "no-credentials" } });
    expect(seenOf(came)).toMatch(
      /o(es)? on in container 'app' of task \w+, .* stops it at 2023-11-14T23:13:20/,
    );
    expect(seenOf(came)).not.toContain("stop-task");
  });

  it.each<[string, number | undefined, string]>([
    ["held", 4_500_000, "The task runs until 2023-11-14T23:28:20.000Z at the latest"],
    ["not held", undefined, "The task runs until you stop it"],
  ])("has its task named, too, when the step has started that and it is %s", (_, heldFor, words) => {
    const { made } = expiry(true, heldFor === undefined ? {} : { heldFor });
    made.onRefused(refusal(), true);
    expect(seenOf(made.conclude(cut, true))).toContain(words);
    expect(seenOf(made.conclude(cut, true))).toContain("aws ecs stop-task");
  });

  it.each<[string, boolean, boolean, boolean]>([
    ["of ours", true, true, true],
    ["of ours that is to be kept", true, false, false],
    ["of another principal", false, true, false],
  ])("has a task %s, which is told to end: %s", (_, started, endsTask, ends) => {
    const { made } = expiry(started, { endsTask });
    made.onRefused(refusal(), true);
    expect(made.endsTask).toBe(ends);
    expect(seenOf(made.conclude(status("cancelled"), true)).includes("its task was told to end")).toBe(ends);
  });
});

it("a job that has not begun, and one with credentials, keep their ends", () => {
  const { made } = expiry();
  const impossible: JobEnd = { kind: "impossible", failure: refusal() };
  expect(made.conclude(impossible, false)).toBe(impossible);
  for (const attended of [cut, status("cancelled"), status("exited")])
    expect(made.conclude(attended, true)).toBe(attended);
});
