import type { JobContext } from "../../../src/run/job/context.ts";
import { prepareRunningJob } from "../../../src/run/job/running-job.ts";
import { HANDLE } from "../../inputs/a-handle.ts";
import { anInputs, aTarget } from "../../helpers/runs.ts";

it("the job of a handle has the session target of the container that the handle names", () => {
  const context = {
    ...{ inputs: anInputs(), target: aTarget(), exec: Promise.resolve(undefined) },
    looks: { describeTask: () => Promise.resolve(undefined) },
  } as unknown as JobContext;
  const { cluster, task, container, runtimeId } = HANDLE;
  expect(prepareRunningJob(HANDLE, context).container).toEqual({
    ...{ cluster, task, container, runtimeId },
    sessionTarget: `ecs:prod_0123456789abcdef0123456789abcdef_${runtimeId}`,
  });
});
