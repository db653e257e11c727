import type { JobHandle } from "../../inputs/handle.ts";
import { bucketOwner } from "../../ready/bucket.ts";
import { findSessionLogs } from "../../ready/session-logs.ts";
import { namedContainer } from "../../targets/container-ref.ts";
import type { JobContext } from "./context.ts";
import type { PreparedJob } from "./prepare.ts";
import { type SessionSetup, makeSessionSetup } from "./session-setup.ts";

/** The job of a handle. A failure to learn the set-up counts only when a session is needed: the task may have stopped long ago. */
export function prepareRunningJob(handle: JobHandle, context: JobContext): PreparedJob {
  const { run, nonce, workers } = handle;
  const setup = learnSetup(context);
  setup.catch(() => undefined); // it is awaited when there is a session
  return {
    ...{ run, nonce, workers },
    start: undefined,
    owner: bucketOwner(context.inputs, handle.cluster),
    container: namedContainer(handle),
    setup,
  };
}

async function learnSetup({ inputs, exec, looks, target, log }: JobContext): Promise<SessionSetup> {
  const [known, task] = await Promise.all([exec, looks.describeTask(target.clusterArn, target.taskArn)]);
  if (task === undefined) return makeSessionSetup(known, undefined, inputs);
  const named = { taskDefinitionArn: task.taskDefinitionArn, container: target.container };
  return makeSessionSetup(
    known,
    await findSessionLogs(known, named, { ecs: looks, log, wanted: inputs.logs }),
    inputs,
  );
}
