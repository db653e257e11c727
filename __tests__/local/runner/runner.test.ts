import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname } from "node:path";
import { withRunner } from "../../../local/runner/runner.ts";

it.each([
  ["ends", () => Promise.resolve()],
  ["fails", () => Promise.reject(new Error("the job failed"))],
])("a runner's directories are there for its job, and are gone when it %s", async (_how, end) => {
  let root = "";
  const request = { actionDir: tmpdir(), workspace: tmpdir() };
  const job = withRunner(request, async ({ env, commandDir }) => {
    root = dirname(env["RUNNER_TEMP"] ?? "");
    expect([existsSync(root), existsSync(commandDir)]).toEqual([true, true]);
    await end();
  });
  await job.catch(() => undefined);
  expect([dirname(root), existsSync(root)]).toEqual([tmpdir(), false]);
});
