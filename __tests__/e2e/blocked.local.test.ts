import { CreateClusterCommand, ExecuteCommandCommand } from "@aws-sdk/client-ecs";
import { FIRST_READ_MS } from "../../local/agent/pty.ts";
import type { StepResult } from "../../local/runner/step.ts";
import type { Task } from "../../local/task/task.ts";
import { Aws, filesIn, jobDirectories, jobLog, mainLog, processes } from "../helpers/local.ts";
import { scaleService, serviceTasks } from "../helpers/service.ts";
import { eventually } from "../helpers/until.ts";

/** Two sessions run and one waits. A fourth blocks the agent for good. */
const ENOUGH_TO_BLOCK = 4;
const ENOUGH_TO_QUEUE = 2;
const UNLOGGED = "unlogged";

let aws: Aws;
const said: string[] = [];
const sessions: Record<"ofQueue" | "ofBlind", readonly string[]> = { ofQueue: [], ofBlind: [] };
const tasks = {} as Record<"blocked" | "queue" | "blind" | "newest" | "older", Task>;
const results = {} as Record<"blocked" | "blind" | "service", StepResult>;

// Each of these steps waits for the same twenty seconds.
beforeAll(async () => {
  aws = await Aws.start({ log: (line) => said.push(line), delays: { firstRead: FIRST_READ_MS } });
  const { made } = aws.world;
  for (const name of ["blocked", "queue"] as const) tasks[name] = await aws.runningTask();
  // Where sessions have logs, a step that sees no sessions waits another minute, for the logs of others.
  const executeCommandConfiguration = { logging: "NONE" as const };
  const configuration = { executeCommandConfiguration };
  await aws.world.ecs.send(new CreateClusterCommand({ clusterName: UNLOGGED, configuration }));
  tasks.blind = await aws.runningTask(undefined, UNLOGGED);
  await scaleService(aws, 2);
  const [older, newest] = serviceTasks(aws);
  if (older === undefined || newest === undefined) throw new Error("the service has no two tasks");
  Object.assign(tasks, { older, newest });

  for (const name of ["blocked", "newest"] as const) await block(tasks[name]);
  sessions.ofQueue = await occupy(tasks.queue, ENOUGH_TO_QUEUE);
  sessions.ofBlind = await occupy(tasks.blind, ENOUGH_TO_QUEUE);
  const run = "touch /tmp/ran; echo ran";
  const bucket = made.bucket;
  // Without a look at the sessions nothing tells a blocked container from one that others use.
  const seeing = { also: ["caller-without-bucket"] };
  [results.blocked, results.blind, results.service] = await Promise.all([
    aws.step({ task: tasks.blocked.id, bucket, run }, seeing),
    // This step can't reach Session Manager.
    aws.step(
      { cluster: UNLOGGED, task: tasks.blind.id, bucket, run },
      { env: { AWS_ENDPOINT_URL_SSM: "http://127.0.0.1:1" } },
    ),
    aws.step({ service: made.service, bucket, run }, seeing),
  ]);
});
afterAll(() => aws.stop());

/** Opens sessions as another principal, however many the container has. */
async function occupy(task: Task, count: number): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) {
    const { session } = await aws.world.ecs.send(
      new ExecuteCommandCommand({
        cluster: task.plan.cluster.clusterArn,
        task: task.arn,
        container: "app",
        interactive: true,
        command: "sleep 601",
      }),
    );
    ids.push(session?.sessionId ?? "");
  }
  return ids;
}

/** Blocks a container, so that it opens no session any more, and ends the sessions that it has. */
async function block(task: Task): Promise<void> {
  const ids = await occupy(task, ENOUGH_TO_BLOCK);
  const last = ids.at(-1) ?? "";
  await eventually(() => said.some((line) => line.includes(`${last}: one session too many`)), true);
  for (const id of ids) aws.world.local.gateway.terminateSession(id);
  await eventually(() => processes(task).filter(({ command }) => command === "sleep 601"), []);
}

function expectBlocked(result: StepResult, words: RegExp): void {
  expectFailed(result, "container-blocked", words);
}

function expectFailed(result: StepResult, code: string, words: RegExp): void {
  expect(result.outputs).toMatchObject({ outcome: "not-started", "exit-code": "", stdout: "" });
  expect(result.annotations).toEqual([
    {
      level: "error",
      title: `fargate-exec: ${code}`,
      message: expect.stringMatching(words) as string,
    },
  ]);
  expect(filesIn(aws.taskOf(result), "/tmp")).not.toContain("ran");
}

it("a container that opens no session though its agent runs: the error says so and lists what ECS Exec needs", () => {
  expectBlocked(
    results.blocked,
    /^Container 'app' of task \S+ opened no session within 2\d s, .*agent is RUNNING\. The container has no other session\..*stop the task/s,
  );
  expect(mainLog(results.blocked)).toContain("  OK    exec agent: it is RUNNING");
  expect(results.blocked.post?.log.join("\n")).toContain("Nothing was left to undo");
});

it("with a service the next task is tried, since the job has not started", () => {
  const { service } = results;
  expect(service.outputs).toMatchObject({ outcome: "succeeded", "exit-code": "0" });
  expect(service.annotations).toEqual([]);
  expect(aws.taskOf(service)).toBe(tasks.older);
  expect(jobLog(service)).toEqual(["ran"]);
  expect(mainLog(service).join("\n")).toMatch(
    new RegExp(
      `${tasks.newest.id} opened no session within 2\\d s, .* Trying task ${tasks.older.id} of the service`,
    ),
  );
});

it("a container with sessions of others is waited for, the error names them, and no session is opened", async () => {
  const [one = "", other = ""] = sessions.ofQueue;
  // By itself: a step waits only a second for its first look at the sessions.
  const inputs = { task: tasks.queue.id, bucket: aws.world.made.bucket, run: "touch /tmp/ran; echo ran" };
  const result = await aws.step({ ...inputs, "queue-timeout": "20s" }, { also: ["caller-without-bucket"] });
  for (const id of [one, other]) {
    const held = new RegExp(`in use by sessions .*${id}.* since \\S+ UTC`);
    expectFailed(result, "container-busy", held);
    expect(mainLog(result).join("\n")).toMatch(held);
  }
  expect(result.outputs["session-id"]).toBe("");
});

it("a session that can't be ended and starts later runs no job, and the container takes the next one", async () => {
  expectBlocked(results.blind, /Its other sessions can't be seen/);
  for (const id of sessions.ofBlind) aws.world.local.gateway.terminateSession(id);
  // It has made its directory, and waits for input.
  const files = (): string[] =>
    jobDirectories(tasks.blind).flatMap((directory) => filesIn(tasks.blind, directory));
  await eventually(() => files().includes("maker"), true);
  const next = await aws.step({
    ...{ cluster: UNLOGGED, task: tasks.blind.id, bucket: aws.world.made.bucket },
    run: "ls /tmp",
  });
  expect(next.outputs).toMatchObject({ outcome: "succeeded" });
  expect(jobLog(next)).not.toContain("ran");
  expect(files().filter((name) => /^(started|status)$/.test(name))).toEqual([]);
});

it("no claim is left, nor a staged script", async () => {
  expect(await aws.objects()).toEqual([]);
});
