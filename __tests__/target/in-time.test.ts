import type { RunTask } from "../../src/aws/ecs.ts";
import { inTime } from "../../src/target/in-time.ts";
import { SteppedClock } from "../helpers/stepped.ts";

const request = {} as RunTask;
const answer = { tasks: [], refusals: [] };
const cancelled = new Error("cancelled");

/** RunTask that answers when the test says so. */
function calling(clock = new SteppedClock()) {
  const cancel = new AbortController();
  let reply = (): void => undefined;
  let calls = 0;
  const runTask = () => {
    calls += 1;
    return new Promise<typeof answer>((resolve) => {
      reply = () => resolve(answer);
    });
  };
  const registerTaskDefinition = () => Promise.reject(new Error("not asked"));
  const making = inTime({ runTask, registerTaskDefinition }, { clock, cancel: cancel.signal });
  return { making, cancel, reply: () => reply(), count: () => calls };
}

it("lets a call that is under way come to its end when the run is cancelled", async () => {
  const never = new SteppedClock();
  never.sleep = () => new Promise(() => undefined);
  const { making, cancel, reply } = calling(never);
  const call = making.runTask(request);
  cancel.abort(cancelled);
  reply();
  expect(await call).toBe(answer);
});

it("gives it up after two seconds", async () => {
  const clock = new SteppedClock();
  const { making, cancel } = calling(clock);
  const call = making.runTask(request);
  cancel.abort(cancelled);
  await expect(call).rejects.toBe(cancelled);
  expect(clock.slept).toEqual([2_000]);
});

it("begins none after the cancel", async () => {
  const { making, cancel, count } = calling();
  cancel.abort(cancelled);
  await expect(making.runTask(request)).rejects.toBe(cancelled);
  expect(count()).toBe(0);
});
