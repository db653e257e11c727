import type { CredentialsSource } from "../../src/aws/credentials.ts";
import { realWorld } from "../../src/run/step/world.ts";
import { CALLS_END_MS } from "../../src/undo/budget.ts";
import { StepAws } from "../../src/undo/step-aws.ts";
import { endpoint, type Endpoint } from "../helpers/aws-endpoint.ts";
import { SteppedClock } from "../helpers/stepped-clock.ts";

const TASK = "0123456789abcdef0123456789abcdef";
const command = { cluster: "ci", task: TASK, container: "app", command: "true" };
const session = { sessionId: "s-1", streamUrl: "wss://x", tokenValue: "t" };
const cancelled = new Error("cancelled");

let aws: Endpoint;
let step: StepAws;
let cancel: AbortController;
let ending: AbortController;
let clock: SteppedClock;
/** Called for each request, before its answer. */
let onRequest: (operation: string) => void;
beforeEach(async () => {
  onRequest = () => undefined;
  aws = await endpoint(({ operation }) => {
    onRequest(operation);
    return { body: operation === "ExecuteCommand" ? { session } : {} };
  });
  cancel = new AbortController();
  ending = new AbortController();
  clock = new SteppedClock();
  step = stepWith();
});
function stepWith(credentials?: CredentialsSource): StepAws {
  return new StepAws({
    ...{ region: "eu-central-1", credentials, throttledFor: 1_000 },
    ...{ cancel: cancel.signal, ending: ending.signal, world: { ...realWorld, clock } },
  });
}
afterEach(async () => {
  step.endRun();
  step.close();
  await aws.close();
});

it("a cancel ends a look of the run, with its own reason", async () => {
  onRequest = () => cancel.abort(cancelled);
  await expect(step.run.ecs.listTasks("ci", { service: "web" })).rejects.toBe(cancelled);
});

it("a call that makes something goes on through a cancel, so that it can report what it has made", async () => {
  onRequest = () => cancel.abort(cancelled);
  expect(await step.run.ecs.executeCommand(command)).toMatchObject({ session: { sessionId: "s-1" } });
});

it("after a cancel no call that makes something begins", async () => {
  cancel.abort(cancelled);
  await expect(step.run.ecs.executeCommand(command)).rejects.toBe(cancelled);
  expect(aws.received).toEqual([]);
});

it("a call that makes something is cut short two seconds after the cancel", async () => {
  onRequest = () => {
    cancel.abort(cancelled);
    clock.advance(2_000);
  };
  await expect(step.run.ecs.executeCommand(command)).rejects.toBe(cancelled);
});

it("the calls of the cleanup don't obey the cancel", async () => {
  cancel.abort(cancelled);
  await step.undoing.ecs.stopTask("ci", TASK, "cancelled");
  expect(aws.received.map(({ operation }) => operation)).toEqual(["StopTask"]);
});

it("a call of the cleanup that is under way at the step's end is ended, and not repeated", async () => {
  onRequest = () => step.close();
  const stopping = step.undoing.ecs.stopTask("ci", TASK, "the job has ended");
  await expect(stopping).rejects.toMatchObject({ name: "AbortError" });
  expect(aws.received).toHaveLength(1);
});

describe("when the runner has begun to end the step, the calls of the cleanup", () => {
  it("go on for a while, and are then cut short", async () => {
    ending.abort(cancelled);
    clock.advance(CALLS_END_MS - 1);
    await step.undoing.ecs.stopTask("ci", TASK, "cancelled");
    onRequest = () => clock.advance(1);
    await expect(step.undoing.ecs.stopTask("ci", TASK, "cancelled")).rejects.toBe(cancelled);
  });

  it("are cut short, too, while they wait for credentials", async () => {
    const waiting = stepWith(() => () => new Promise(() => undefined));
    const stopping = waiting.undoing.ecs.stopTask("ci", TASK, "cancelled");
    ending.abort(cancelled);
    clock.advance(CALLS_END_MS);
    await expect(stopping).rejects.toBe(cancelled);
    waiting.close();
  });

  it("are cut short, too, while they wait for their turn", async () => {
    onRequest = () => undefined;
    const stopping = Array.from({ length: 101 }, () => step.undoing.ecs.stopTask("ci", TASK, "cancelled"));
    ending.abort(cancelled);
    // The pace lets the last call begin some milliseconds later.
    clock.advance(CALLS_END_MS);
    const ends = await Promise.allSettled(stopping);
    expect(ends.at(-1)).toEqual({ status: "rejected", reason: cancelled });
  });
});

it("a call that nothing waits for any more ends with the step, and is not repeated", async () => {
  onRequest = () => step.close();
  await expect(step.run.ecs.listTasks("ci", { service: "web" })).rejects.toThrow();
  expect(aws.received).toHaveLength(1);
});

it("a call that a cancel does not cut short ends before the runner ends the process", async () => {
  ending.abort(cancelled);
  cancel.abort(cancelled);
  onRequest = () => clock.advance(CALLS_END_MS);
  const claim = { bucket: "staging", key: "claims/c", owner: undefined };
  await expect(step.run.s3.deleteIf(claim, { etag: '"1"', versionId: undefined })).rejects.toBe(cancelled);
});

it("a read of a queue goes on through a cancel, and ends with the step: it is not repeated when nothing waits for it", async () => {
  const claim = { bucket: "staging", key: "claims/c", owner: undefined };
  onRequest = () => cancel.abort(cancelled);
  await expect(step.run.s3.getVersion(claim, 100)).rejects.not.toBe(cancelled);
  const requests = aws.received.length;
  onRequest = () => step.close();
  await expect(step.run.s3.getVersion(claim, 100)).rejects.toMatchObject({ name: "AbortError" });
  expect(aws.received).toHaveLength(requests + 1);
});

it("a deletion that goes on behind the step ends before the runner ends the process, too, and no wait for that keeps the process alive", async () => {
  onRequest = () => {
    ending.abort(cancelled);
    cancel.abort(cancelled);
    step.close();
    clock.advance(CALLS_END_MS);
  };
  const claim = { bucket: "staging", key: "claims/c", owner: undefined };
  await expect(step.run.s3.deleteVersion(claim, "v1")).rejects.toBe(cancelled);
  expect(clock.slept).not.toContain(CALLS_END_MS);
});
