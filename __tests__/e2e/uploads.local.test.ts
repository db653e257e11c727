import { CloudWatchLogsClient, GetLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import type { StepResult } from "../../local/runner/step.ts";
import type { Task } from "../../local/task/task.ts";
import { Aws, mainLog } from "../helpers/local.ts";
import { clientConfig } from "../local/with-local.ts";
import { itInSoak } from "../helpers/every-nth.ts";

let aws: Aws;

beforeAll(async () => {
  // The gateway pauses no agent, so a session without a client prints, too.
  aws = await Aws.start({ gateway: { pauseAfter: undefined } });
});
afterAll(() => aws.stop());

/** Starts a task in a cluster that logs its sessions. */
async function startTask(): Promise<Task> {
  return await aws.runningTask(undefined, aws.world.made.loggedCluster);
}

function stepIn(
  { id }: Task,
  run: string,
  signal?: AbortSignal,
  onLine?: (line: string) => void,
): Promise<StepResult> {
  const { bucket, loggedCluster: cluster } = aws.world.made;
  return aws.step(
    { cluster, task: id, bucket, run },
    { ...(signal && { signal }), ...(onLine && { onLine }) },
  );
}

/** The time of the agent's last call for a session's log, in milliseconds since the epoch. */
async function uploadedAt({ outputs }: StepResult): Promise<number> {
  const logs = new CloudWatchLogsClient(clientConfig(aws.world.local));
  const stream = { logGroupName: outputs["log-group"], logStreamName: outputs["session-id"] };
  const { events = [] } = await logs.send(new GetLogEventsCommand(stream));
  logs.destroy();
  expect(events.at(-1)?.message).toContain("Script done");
  return events.at(-1)?.timestamp ?? Infinity;
}

/** The time when the claim on a task's seat was deleted. */
function givenBackAt({ id }: Task): number {
  const { bucket } = aws.world.made;
  return aws.calls(`DELETE /${bucket}/fargate-exec/claims/${id}/`).at(-1)?.at ?? -Infinity;
}

// At 0.8 MB a second its upload takes some three seconds.
const TWO_MB = "yes $(printf %0999d 0) | head -c 2000000";

it.concurrent(
  "a seat is given back when the agent has uploaded the session's log, and not before",
  async () => {
    const task = await startTask();
    const result = await stepIn(task, TWO_MB);
    expect(result.outputs["outcome"]).toBe("succeeded");
    expect(mainLog(result).join("\n")).toMatch(
      /its log is uploaded, or its stop command runs.*given back after that, in \d+ s/,
    );
    expect(givenBackAt(task)).toBeGreaterThan(await uploadedAt(result));
    expect(await aws.objects(`fargate-exec/claims/${task.id}`)).toEqual([]);
  },
);

itInSoak.concurrent(
  "the post step of a cancelled run gives the seat back when the agent has uploaded the log",
  async () => {
    const task = await startTask();
    const button = new AbortController();
    const onLine = (line: string): void => (line === "printed" ? button.abort() : undefined);
    const result = await stepIn(task, `${TWO_MB}; echo; echo printed; sleep 300`, button.signal, onLine);
    expect(result.conclusion).toBe("cancelled");
    expect(result.post?.log.join("\n")).toContain("when its sessions have had the time to end");
    expect(givenBackAt(task)).toBeGreaterThan(await uploadedAt(result));
    expect(await aws.objects(`fargate-exec/claims/${task.id}`)).toEqual([]);
  },
);
