import { Failure } from "../../src/errors.ts";
import { explainUnopened, type UnopenedOptions } from "../../src/ready/unopened.ts";
import { aTarget } from "../helpers/runs.ts";
import { aContainer, aTask, TASK } from "../helpers/tasks.ts";

const denied = new Failure("access-denied", { failed: "No right to look.", seen: "", advice: "" });
const ours = { id: "s-ours", status: "Connected", since: undefined };

function why(more: Partial<UnopenedOptions> = {}): Promise<Failure> {
  return explainUnopened({
    target: aTarget(),
    sessionTarget: "ecs:ci_task_runtime",
    sessionId: "s-ours",
    ...{ seconds: 20, choice: "task", isDenied: false },
    ecs: { describeTask: () => Promise.resolve(aTask()) },
    ssm: { listActiveSessions: () => Promise.resolve([ours]) },
    ...more,
  });
}

it("an unopened session means a blocked agent when the container has no other session", async () => {
  expect(await why()).toMatchObject({
    code: "container-blocked",
    failed: `Container 'app' of task ${TASK} opened no session within 20 s, so the script was not started.`,
    seen: "ExecuteCommand made the session, and ECS says that the exec agent is RUNNING. The container has no other session.",
  });
});

it("an unopened session beside no other one may be for want of a right of the task role", async () => {
  expect((await why()).advice).toMatch(
    /^The agent opens no session when the task role lacks ssmmessages:CreateDataChannel or /,
  );
});

it("an unopened session of a task whose role denies it means that ECS Exec is not ready there", async () => {
  expect(await why({ isDenied: true })).toMatchObject({
    code: "exec-not-ready",
    failed: expect.stringContaining("took no session within 20 s") as string,
    seen: "ExecuteCommand made the session, which the exec agent did not open. ECS says that the agent is RUNNING.",
  });
});

it.each([
  ["task", true],
  ["service", false],
  ["new", false],
] as const)("advises 'service' when a task was named: %s", async (choice, isNamed) => {
  expect((await why({ choice })).advice.includes("With 'service' instead of 'task'")).toBe(isNamed);
});

it("names the sessions that the container has", async () => {
  const theirs = { id: "s-theirs", status: "Connected", since: Date.UTC(2026, 0, 2, 3, 4, 5) };
  const { seen } = await why({ ssm: { listActiveSessions: () => Promise.resolve([theirs, ours]) } });
  expect(seen).toContain("The container's other sessions: s-theirs since 2026-01-02T03:04:05.000Z.");
});

it("says what could not be looked at", async () => {
  const { code, seen } = await why({
    ecs: { describeTask: () => Promise.reject(denied) },
    ssm: { listActiveSessions: () => Promise.reject(denied) },
  });
  expect(code).toBe("container-blocked");
  expect(seen).toContain("the exec agent is not known. Its other sessions can't be seen: No right to look.");
});

it.each<[string, Parameters<typeof aTask>[0], Failure["code"]]>([
  ["the task has stopped by now", { lastStatus: "STOPPED", desiredStatus: "STOPPED" }, "task-stopped"],
  [
    "the agent has stopped by now",
    { containers: [aContainer({ execAgent: { status: "STOPPED", reason: "it fell over" } })] },
    "exec-agent-stopped",
  ],
])("reports the better reason: %s", async (_, more, code) => {
  expect(await why({ ecs: { describeTask: () => Promise.resolve(aTask(more)) } })).toMatchObject({ code });
});
