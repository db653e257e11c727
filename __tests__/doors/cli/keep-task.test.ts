import { checkKeepTask } from "../../../src/doors/cli/check-keep-task.ts";

it("the command line refuses to keep a task for later steps, of which it has none", () => {
  expect(() => checkKeepTask({ "keep-task": "job" })).toThrow("Give --keep-task always");
  expect(() => checkKeepTask({ "keep-task": "always" })).not.toThrow();
  expect(() => checkKeepTask({})).not.toThrow();
});
