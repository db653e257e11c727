import type { RunTaskRequest } from "../../src/aws/ecs.ts";
import { afterCancel, refuseAfterCancel } from "../../src/undo/grace.ts";
import { SleeplessClock } from "../helpers/stepped-clock.ts";
import { inTime } from "../helpers/until.ts";

const request = {} as RunTaskRequest;
const answer = { tasks: [], refusals: [] };
const cancelled = new Error("cancelled");

/** RunTask that answers when the test says so. */
function callRunTask() {
  const cancel = new AbortController();
  let reply = (): void => undefined;
  let calls = 0;
  const runTask = () => {
    calls += 1;
    return new Promise<typeof answer>((resolve) => {
      reply = () => resolve(answer);
    });
  };
  const never = () => Promise.reject(new Error("not asked"));
  const ecs = { runTask, registerTaskDefinition: never, executeCommand: never };
  const making = refuseAfterCancel({ ecs, s3: { putObject: never } }, cancel.signal);
  return { making: making.ecs, cancel, reply: () => reply(), count: () => calls };
}

it("a call that is under way comes to its end when the run is cancelled", async () => {
  const { making, cancel, reply } = callRunTask();
  const call = making.runTask(request);
  cancel.abort(cancelled);
  reply();
  expect(await call).toBe(answer);
});

it("no call begins after the cancel", async () => {
  const { making, cancel, count } = callRunTask();
  cancel.abort(cancelled);
  await expect(making.runTask(request)).rejects.toBe(cancelled);
  expect(count()).toBe(0);
});

describe("a call that is under way", () => {
  it("is given up some time after the cancel, for its reason", async () => {
    const clock = new SleeplessClock();
    const cancel = new AbortController();
    const late = afterCancel(2_000, cancel.signal, clock, new AbortController().signal);
    expect(late.aborted).toBe(false);
    const aborted = new Promise((resolve) => late.addEventListener("abort", resolve));
    cancel.abort(cancelled);
    await inTime("the abort", aborted);
    expect(clock.slept).toEqual([2_000]);
    expect(late.reason).toBe(cancelled);
  });

  it("is not waited for once the run is over", () => {
    const clock = new SleeplessClock();
    const cancel = new AbortController();
    const over = new AbortController();
    afterCancel(2_000, cancel.signal, clock, over.signal);
    over.abort();
    cancel.abort(cancelled);
    expect(clock.slept).toEqual([]);
  });
});
