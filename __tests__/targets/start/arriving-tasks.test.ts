import { ArrivingTasks } from "../../../src/targets/start/arriving-tasks.ts";

it("a cancel between two calls is what the wait for a task ends with", async () => {
  const cancel = new AbortController();
  const cancelled = new Error("cancelled");
  const arriving = new ArrivingTasks({
    ...{ count: 2, onMissing: () => undefined, cancel: cancel.signal },
    start: () => {
      cancel.abort(cancelled);
      return Promise.resolve({ tasks: [], refusal: undefined });
    },
  });
  await expect(arriving.next()).rejects.toBe(cancelled);
});
