import type { StepResult } from "../../local/runner/step.ts";
import type { Task } from "../../local/task/task.ts";
import { everyNth } from "../helpers/every-nth.ts";
import { Aws, jobLog, mainLog } from "../helpers/local.ts";

let aws: Aws;
let running: Task;

beforeAll(async () => {
  aws = await Aws.start();
  running = await aws.runningTask();
});
afterEach(() => aws.world.local.calm());
afterAll(() => aws.stop());

const RUN = "echo done; exit 3";

/** Denies this call from now on, as for the lack of this right. */
function deny(operation: string, right: string, times = 99): void {
  const message = `User: arn:aws:iam::123456789012:user/ci is not authorized to perform: ${right} on resource: * because no identity-based policy allows the ${right} action`;
  aws.world.local.fail({ operation, code: "AccessDeniedException", message, times });
}

/** An optional call, the right that is missing, a step, and the line that says that the step goes on without the call. */
const losses: readonly (readonly [string, string, () => Promise<StepResult>, RegExp])[] = [
  [
    "DescribeSessions",
    "ssm:DescribeSessions",
    () => aws.step({ task: running.id, run: RUN }),
    /^The container's other sessions can't be listed, so two runs may open sessions at once\. .*ssm:DescribeSessions/,
  ],
  [
    "DescribeClusters",
    "ecs:DescribeClusters",
    () => aws.step({ task: running.id, run: RUN }),
    /^The logs of the sessions are not known\. .*ecs:DescribeClusters/,
  ],
  [
    "DescribeTaskDefinition",
    "ecs:DescribeTaskDefinition",
    () => aws.step({ task: running.id, run: RUN }),
    /^The logs of the sessions are not known\. .*ecs:DescribeTaskDefinition/,
  ],
  [
    "RunTask",
    "ecs:TagResource",
    () => aws.step({ ...aws.newTask(), run: RUN }),
    /^The task is started without tags, .*ecs:TagResource/,
  ],
];
// take-seat and session-logs have the lines of the others.
it.each(everyNth(losses, 4, 3))(
  "a step whose %s is denied, for lack of %s, says so in one line and is otherwise the same",
  async (operation, right, step, line) => {
    deny(operation, right, operation === "RunTask" ? 1 : 99);
    const result = await step();
    expect(result.outputs).toMatchObject({ "exit-code": "3", outcome: "failed", stdout: "done" });
    expect(jobLog(result)).toEqual(["done"]);
    expect(result.annotations.map(({ title }) => title)).toEqual(["fargate-exec: failed"]);
    const lines = mainLog(result).filter((one) => one.includes(right));
    expect(lines).toEqual([expect.stringMatching(line)]);
  },
);

it("without the right to list a service's tasks the error names the right", async () => {
  deny("ListTasks", "ecs:ListTasks");
  const result = await aws.step({ service: aws.world.made.service, run: RUN });
  expect(result.outputs).toMatchObject({ "exit-code": "", outcome: "not-started" });
  expect(result.annotations).toEqual([
    expect.objectContaining({
      title: "fargate-exec: access-denied",
      message: expect.stringContaining("Allow 'ecs:ListTasks'") as string,
    }),
  ]);
});
