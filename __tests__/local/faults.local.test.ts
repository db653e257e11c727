import { CloudWatchLogsClient, GetLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { DescribeTasksCommand, ListTasksCommand } from "@aws-sdk/client-ecs";
import { GetObjectCommand, ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";
import { ResumeSessionCommand, SSMClient } from "@aws-sdk/client-ssm";
import type { Fault } from "../../local/faults.ts";
import type { Orders, TaskOrder } from "../../local/orders.ts";
import type { Task } from "../../local/task/task.ts";
import { MessageType } from "../../src/session/wire/message.ts";
import { everyNth } from "../helpers/every-nth.ts";
import { until } from "../helpers/until.ts";
import { execTask, sessionOf, ticketOf } from "./session-of.ts";
import { clientConfig, runTask, startWorld, type World } from "./with-local.ts";

let world: World;

beforeAll(async () => (world = await startWorld()));
afterEach(() => world.local.calm());
afterAll(() => world.local.stop());

const list = (): Promise<unknown> => world.ecs.send(new ListTasksCommand({ cluster: world.made.cluster }));
/** `well`, or the name of the error. The SDK wraps the socket's own error in another one. */
const outcome = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => "well",
    (error: unknown) => {
      const { name, message } = error as Error;
      return message.includes("ECONNRESET") ? "ECONNRESET" : name;
    },
  );

async function described(task: Task) {
  const { tasks } = await world.ecs.send(
    new DescribeTasksCommand({ cluster: task.plan.cluster.clusterArn, tasks: [task.arn] }),
  );
  if (tasks?.[0] === undefined) throw new Error("no such task");
  return tasks[0];
}

describe("calls of the API", () => {
  it.each<[string, Fault, string[]]>([
    [
      "fails once",
      { operation: "ListTasks", code: "ServerException", status: 500 },
      ["ServerException", "well"],
    ],
    [
      "fails as often as ordered",
      { operation: "ListTasks", code: "ThrottlingException", times: 2 },
      ["ThrottlingException", "ThrottlingException", "well"],
    ],
    [
      "fails after some that succeed",
      { operation: "ListTasks", code: "ServerException", skip: 1 },
      ["well", "ServerException", "well"],
    ],
    ["is reset", { operation: "ListTasks", reset: "before" }, ["ECONNRESET", "well"]],
    [
      "fails when its name begins as ordered",
      { operation: "List*", code: "ServerException" },
      ["ServerException", "well"],
    ],
    [
      "fails when its caller's program is the one that was ordered",
      { operation: "ListTasks", agent: "aws-sdk-js/", code: "ServerException" },
      ["ServerException", "well"],
    ],
    [
      "does not fail when another program is ordered",
      { operation: "ListTasks", agent: "curl/", code: "ServerException" },
      ["well"],
    ],
    [
      "does not fail when another name is ordered",
      { operation: "RunTask", code: "ServerException" },
      ["well"],
    ],
  ])("one %s", async (_name, fault, outcomes) => {
    world.local.fail(fault);
    const seen: string[] = [];
    while (seen.length < outcomes.length) seen.push(await outcome(list()));
    expect(seen).toEqual(outcomes);
  });

  it("one is delayed", async () => {
    world.local.fail({ operation: "ListTasks", delay: 200 });
    const started = Date.now();
    await list();
    expect(Date.now() - started).toBeGreaterThanOrEqual(195);
  });

  it.each<["before" | "after", number]>([
    ["before", 0],
    ["after", 1],
  ])("one is reset %s it was done", async (reset, done) => {
    world.local.fail({ operation: "RunTask", reset });
    const before = world.local.tasks.length;
    expect(await outcome(runTask(world))).toBe("ECONNRESET");
    expect(world.local.tasks.length - before).toBe(done);
    world.local.tasks.slice(before).forEach((task) => task.stop("UserInitiated", "test"));
  });

  it("a call of S3 fails and is reset like the others", async () => {
    const s3 = new S3Client(clientConfig(world.local));
    world.local.fail({ operation: "GET /*", code: "SlowDown", status: 503 });
    world.local.fail({ operation: "GET /*", reset: "after" });
    const seen: string[] = [];
    while (seen.length < 3) seen.push(await outcome(s3.send(new ListBucketsCommand())));
    expect(seen).toEqual(["SlowDown", "ECONNRESET", "well"]);
  });

  it.each<[NonNullable<Orders["gateway"]>["resume"], string]>([
    ["token", "well"],
    ["empty", "well"],
    ["denied", "AccessDeniedException"],
    ["unknown", "DoesNotExistException"],
  ])("ResumeSession answers as ordered: %s", async (resume = "token", expected) => {
    const ssm = new SSMClient(clientConfig(world.local));
    await world.local.inject({ gateway: { resume } });
    const { sessionId } = world.local.gateway.createSession();
    const call = ssm.send(new ResumeSessionCommand({ SessionId: sessionId }));
    expect(await outcome(call)).toBe(expected);
    if (expected === "well") expect((await call).TokenValue === "").toBe(resume === "empty");
  });
});

describe("the control endpoint", () => {
  const call = (method: string, path: string, body?: unknown): Promise<Response> =>
    fetch(`${world.local.url}/_local/${path}`, {
      method,
      headers: { authorization: `Bearer ${world.local.controlToken}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });

  it("takes orders, ends them, and shows the sessions, and none of these requests counts as a call", async () => {
    const before = world.local.requests.length;
    const orders = {
      api: [{ operation: "ListTasks", code: "ServerException", times: 9 }],
      gateway: { idleLimit: null, resume: "empty" },
      link: { cut: { afterFrames: 3 } },
    } satisfies Orders;
    expect((await call("POST", "faults", orders)).status).toBe(200);
    expect(world.local.gateway.behaviour).toMatchObject({ idleLimit: undefined, resume: "empty" });
    expect(world.local.requests).toHaveLength(before);
    expect(await outcome(list())).toBe("ServerException");
    expect((await call("DELETE", "faults")).status).toBe(200);
    expect(world.local.gateway.behaviour).toMatchObject({ idleLimit: 1_200_000, resume: "token" });
    expect(await outcome(list())).toBe("well");
    const { sessionId } = world.local.gateway.createSession();
    const sessions = (await (await call("GET", "sessions")).json()) as unknown[];
    expect(sessions.at(-1)).toMatchObject({ sessionId, cuts: 0, connected: false });
  });

  it.each([
    ["no object", [], 400],
    ["an unknown name", { links: {} }, 400],
    ["an unknown member", { link: { loose: 3 } }, 400],
    ["a task that is not there", { task: { task: "nothing" } }, 400],
    ["a session that is not there", { session: { do: "cut", session: "nothing" } }, 400],
    ["a status that no answer has", { api: { operation: "ListTasks", code: "X", status: 99 } }, 400],
    ["no body", undefined, 400],
    ["nothing in them", {}, 200],
  ])("answers orders with %s", async (_name, orders, status) => {
    expect((await call("POST", "faults", orders)).status).toBe(status);
  });
});

describe("an agent that dies while it has a session", () => {
  it("kills the command, does not tell the client, and takes sessions again when it is back", async () => {
    const task = await execTask(world);
    const { client } = await sessionOf(world, task, "sh -c 'echo up; sleep 61'");
    await client.until(() => client.output === "up\r\n");
    await world.local.inject({ agent: { task: task.id, backAfter: 300, reason: "gone" } });
    const [managed] = (await described(task)).containers?.[0]?.managedAgents ?? [];
    expect(managed).toMatchObject({ lastStatus: "STOPPED", reason: "gone" });
    expect(await outcome(ticketOf(world, task, "true"))).toBe("InvalidParameterException");
    await until(() => !task.containers[0]?.processes().some(({ command }) => command === "sleep 61"));
    expect(client.of(MessageType.channelClosed)).toEqual([]);
    client.socket.terminate();

    await until(() => [...task.agents.values()][0]?.connected !== undefined);
    const again = (await described(task)).containers?.[0]?.managedAgents?.[0];
    expect(again).toMatchObject({ lastStatus: "RUNNING" });
    const { client: next } = await sessionOf(world, task, "echo again");
    expect(await next.closed).toBe("");
    expect(next.output).toBe("again\r\n");
    next.socket.terminate();
    await task.destroy();
  });

  it("is shown as RUNNING when its death is not noticed", async () => {
    const task = await execTask(world);
    await world.local.inject({ agent: { task: task.arn, container: "app", noticed: false } });
    expect((await described(task)).containers?.[0]?.managedAgents?.[0]?.lastStatus).toBe("RUNNING");
    expect(await outcome(ticketOf(world, task, "true"))).toBe("TargetNotConnectedException");
    await task.destroy();
  });
});

const stops: readonly (readonly [string, TaskOrder, object])[] = [
  [
    "Spot interrupts it",
    { stopCode: "SpotInterruption", stoppedReason: "Your Spot Task was interrupted." },
    { stopCode: "SpotInterruption", stoppedReason: "Your Spot Task was interrupted." },
  ],
  [
    "it runs out of memory",
    { container: { reason: "OutOfMemoryError: Container killed due to memory usage" } },
    {
      stopCode: "EssentialContainerExited",
      stoppedReason: "Essential container in task exited",
      containers: [{ exitCode: 137, reason: "OutOfMemoryError: Container killed due to memory usage" }],
    },
  ],
  [
    "its main process fails",
    { container: { name: "app", exitCode: 3 } },
    { stopCode: "EssentialContainerExited", containers: [{ exitCode: 3 }] },
  ],
  ["a call stops it", {}, { stopCode: "UserInitiated", stoppedReason: "Task stopped by user" }],
  [
    "its host is lost",
    { stopCode: "InfrastructureHealth", stoppedReason: "The host is gone", abrupt: true },
    { stopCode: "InfrastructureHealth", containers: [{ exitCode: 137 }] },
  ],
];
it.each(everyNth(stops, 2))(
  "a task with a session stops when %s, and the session's client gets no message",
  async (_name, order, seen) => {
    const task = await execTask(world);
    const { client } = await sessionOf(world, task, "sh -c 'echo up; sleep 60'");
    await client.until(() => client.output === "up\r\n");
    await world.local.inject({ task: { task: task.id, ...order } });
    await task.ended;
    expect(await described(task)).toMatchObject({ lastStatus: "STOPPED", ...seen });
    expect(client.of(MessageType.channelClosed)).toEqual([]);
    client.socket.terminate();
  },
);

describe("the transcript of a session", () => {
  let task: Task;
  beforeAll(async () => (task = await execTask(world, world.made.loggedCluster)));
  afterAll(() => task.destroy());

  interface Transcripts {
    readonly s3: string;
    readonly cloudWatch: string;
  }

  /** The transcripts of a session that printed `line 1` to `line 5`, once the agent has reported its end. */
  async function readTranscripts(): Promise<Transcripts> {
    await world.local.inject({ gateway: { closeOn: "task-complete" } });
    const { client, sessionId } = await sessionOf(world, task, `sh -c 'seq -f "line %g" 5'`);
    await client.closed;
    client.socket.terminate();
    const config = clientConfig(world.local);
    const object = new GetObjectCommand({ Bucket: world.made.bucket, Key: `sessions/${sessionId}.log` });
    const events = new GetLogEventsCommand({ logGroupName: world.made.logGroup, logStreamName: sessionId });
    return {
      s3: await new S3Client(config).send(object).then(
        ({ Body }) => Body?.transformToString() ?? "",
        () => "none",
      ),
      cloudWatch: await new CloudWatchLogsClient(config).send(events).then(
        (answer) => (answer.events ?? []).map(({ message = "" }) => message).join("\n"),
        () => "none",
      ),
    };
  }
  const complete = /line 1[^]*line 5[^]*Script done/;
  const none = /^none$/;
  const partial = /^Script started[^]{1,200}$/;

  const rows: readonly (readonly [string, NonNullable<Orders["transcripts"]>, RegExp, RegExp])[] = [
    ["is there in both places", {}, complete, complete],
    ["is missing in S3", { s3: "missing" }, none, complete],
    ["is missing in CloudWatch", { cloudWatch: "missing" }, complete, none],
    ["breaks off", { s3: { keep: 90 }, cloudWatch: { keep: 100 } }, partial, partial],
  ];
  it.each(everyNth(rows, 2, 1))("%s", async (_name, transcripts, s3, cloudWatch) => {
    await world.local.inject({ transcripts });
    const found = await readTranscripts();
    expect(found.s3).toMatch(s3);
    expect(found.cloudWatch).toMatch(cloudWatch);
  });

  it("is delayed", async () => {
    await world.local.inject({ transcripts: { delay: 1500, cloudWatch: "missing" } });
    const started = Date.now();
    expect((await readTranscripts()).s3).toMatch(complete);
    // A second until the first read, then the delay.
    expect(Date.now() - started).toBeGreaterThan(2500);
  });
});
