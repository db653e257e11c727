import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { CreateClusterCommand, ExecuteCommandCommand } from "@aws-sdk/client-ecs";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import WebSocket from "ws";
import { FIRST_READ_MS } from "../../local/agent/pty.ts";
import type { StepResult } from "../../local/runner/step.ts";
import type { Task } from "../../local/task/task.ts";
import { Aws, type Inputs, jobLog, mainLog, pidOf, type StepOptions, withoutInit } from "../helpers/local.ts";
import { turnOf } from "../helpers/turns.ts";
import { inTime, until } from "../helpers/until.ts";

let aws: Aws;
let definition: string;
beforeAll(async () => {
  aws = await Aws.start({ delays: { firstRead: FIRST_READ_MS } });
  definition = await aws.register("lost", [withoutInit]);
});
afterAll(() => aws.stop());

/**
 * Runs a step in this task, and kills its process once its log has such a line, by default the script's word `begun`: no
 * cleanup, no post. The session goes on without a client, or the service ends it.
 */
async function lose(
  task: Task,
  inputs: Inputs,
  session: "goes on" | "is ended",
  { at = /^begun$/, lacks = [] }: { readonly at?: RegExp } & Pick<StepOptions, "lacks"> = {},
): Promise<void> {
  let killed = false;
  const lost = aws.step(
    { task: task.id, ...inputs },
    {
      lacks,
      onLine: (line) => {
        const pid = at.test(line) && !killed ? pidOf(task.id) : undefined;
        if (pid === undefined) return;
        killed = true;
        process.kill(pid, "SIGKILL");
      },
      // The runner is gone, too.
      beforePost: () => Promise.reject(new Error("the engine was killed")),
    },
  );
  await expect(lost).rejects.toThrow("the engine was killed");
  expect(killed).toBe(true);
  const { sessionId = "" } =
    aws.world.local.gateway.sessions.find(({ target }) => target.includes(task.id)) ?? {};
  if (session === "is ended") await aws.world.local.inject({ session: { do: "close", session: sessionId } });
}

const runNext = (task: Task, inputs: Inputs = {}, options: StepOptions = {}): Promise<StepResult> =>
  aws.step({ task: task.id, run: "cat /dev/shm/trace; echo mine >>/dev/shm/trace", ...inputs }, options);

/** A script that records when it begins and ends, so that the record shows any script that runs in between. It ends after `letGo`. */
const TRACED = `echo begun; echo 'lost begins' >/dev/shm/trace
  until [ -e /dev/shm/go ]; do sleep 0.5; done; echo 'lost ends' >>/dev/shm/trace`;

function letGo(task: Task): void {
  writeFileSync(`/proc/${task.containers[0]?.handle?.pid ?? 0}/root/dev/shm/go`, "");
}

/** Lets the lost job go once the waiting step says that it waits. */
const lettingGo = (task: Task): StepOptions => ({
  onLine: (line) => {
    if (line.includes("still runs in this container")) letGo(task);
  },
});

/**
 * The lost job's claim on the place is valid for 90 s. Until then no other run may look into the container. The tests that wait for
 * that come first.
 */
const TAKEN_OVER =
  /Took the place of job 'migrate' of https:\/\/\S+, which did not renew its claim for 9\d s\./;

/** Opens a session in the container, and ends its client. Returns the session's id. */
async function abandonSession(task: Task): Promise<string> {
  const { ecs, local, made } = aws.world;
  const { session } = await ecs.send(
    new ExecuteCommandCommand({
      ...{ cluster: made.cluster, task: task.id, container: "app" },
      ...{ command: "sleep 600", interactive: true },
    }),
  );
  const id = session?.sessionId ?? "";
  const ids = { RequestId: randomUUID(), ClientId: randomUUID() };
  const opening = { MessageSchemaVersion: "1.0", ...ids, TokenValue: session?.tokenValue };
  const client = new WebSocket(session?.streamUrl ?? "");
  await inTime("an open session", once(client, "open"));
  client.send(JSON.stringify(opening));
  const view = () => local.gateway.sessions.find(({ sessionId }) => sessionId === id);
  await until(() => view()?.connected === true);
  client.terminate();
  await until(() => view()?.connected === false);
  return id;
}

const waits: readonly (readonly [string, () => Promise<void>])[] = [
  [
    "the session that a lapsed claim names is ended, and another one without a client is not",
    async () => {
      const task = await aws.runningTask(definition);
      const { bucket } = aws.world.made;
      const [theirs, ours] = [await abandonSession(task), await abandonSession(task)];
      const claims = [{ run: "lost", url: "https://github.example/lost", session: ours }];
      const Key = `fargate-exec/claims/${task.id}/app.json`;
      await aws.s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: JSON.stringify({ claims }) }));
      const result = await aws.step(
        { task: task.id, bucket, run: "echo mine" },
        { also: ["caller-without-bucket"] },
      );
      expect(result.conclusion).toBe("success");
      expect(mainLog(result).join("\n")).toContain(
        `Ended that run's session ${ours}, which had lost its client.`,
      );
      expect(mainLog(result).join("\n")).toContain(`Session ${theirs} has had no client for 43 s`);
      const ended = aws.world.local.gateway.sessions.filter(({ target }) => target.includes(task.id));
      expect(ended.find(({ sessionId }) => sessionId === ours)?.ended).toBe(true);
      expect(ended.find(({ sessionId }) => sessionId === theirs)?.ended).toBe(false);
    },
  ],
  [
    "a lost job keeps its place as long as its claim is valid, and the next run waits for it after that",
    async () => {
      const task = await aws.runningTask(definition);
      const { bucket } = aws.world.made;
      await lose(task, { bucket, run: TRACED }, "is ended");
      const result = await runNext(task, { bucket }, lettingGo(task));
      expect(result.conclusion).toBe("success");
      expect(jobLog(result)).toEqual(["lost begins", "lost ends"]);
      const log = mainLog(result).join("\n");
      expect(log).toMatch(
        /Container 'app' of task \w+ is in use by job 'migrate' of https:\/\/\S+ since .*; waiting for its place/,
      );
      expect(log).toMatch(TAKEN_OVER);
      expect(log).toMatch(/A job of https:\/\/\S+ still runs in this container, .* and its runner is lost\./);
      expect(log).toMatch(/The job of https:\/\/\S+ has ended \(\d+ s\)\./);
      expect(await aws.objects(`fargate-exec/claims/${task.id}/`)).toEqual([]);
    },
  ],
];

it.concurrent.each(turnOf(waits, 2))("with a bucket, %s", (_, tries) => tries());

it.concurrent("the next run waits for a job whose runner was killed, and says so", async () => {
  const task = await aws.runningTask(definition);
  await lose(task, { run: TRACED }, "is ended");
  const result = await runNext(task, {}, lettingGo(task));
  expect(result.conclusion).toBe("success");
  expect(jobLog(result)).toEqual(["lost begins", "lost ends"]);
  expect(mainLog(result).join("\n")).toMatch(
    /A job of https:\/\/\S+\/actions\/runs\/\d+ still runs in this container, begun at \d\d:\d\d:\d\d UTC, and its runner is lost\./,
  );
});

it.concurrent("a lost job that prints on without a client is waited for, and its session ended", async () => {
  const task = await aws.runningTask(definition);
  // Output without a client: the gateway pauses the agent, which then sees no end of the session's command.
  const noisy = `echo begun; echo 'lost begins' >/dev/shm/trace
    until [ -e /dev/shm/go ]; do echo more; sleep 0.2; done; echo 'lost ends' >>/dev/shm/trace`;
  await lose(task, { run: noisy }, "goes on");
  const result = await runNext(task, {}, lettingGo(task));
  expect(result.conclusion).toBe("success");
  expect(jobLog(result)).toEqual(["lost begins", "lost ends"]);
  await until(() =>
    aws.world.local.gateway.sessions.every(({ target, ended }) => ended || !target.includes(task.id)),
  );
});

it.concurrent(
  "a lost job that outlasts the next run's 'queue-timeout' keeps it from starting, and the error names the job",
  async () => {
    const task = await aws.runningTask(definition);
    await lose(task, { run: TRACED }, "is ended");
    const result = await runNext(task, { "queue-timeout": "10s" });
    expect(result.outputs).toMatchObject({ outcome: "not-started", "exit-code": "" });
    expect(result.annotations[0]?.title).toContain("container-busy");
    expect(result.annotations[0]?.message).toMatch(
      /in use by a job of https:\S+ since .* whose runner is lost/,
    );
  },
);

const UNHEARD = /A job of \S+ runs in this container, .* Waiting for a sign of its runner, 40 s at most/;

type OtherWay = [string, (bucket: string) => Inputs, (bucket: string) => Inputs, StepOptions];

const otherWays: readonly OtherWay[] = [
  ["without a bucket, and the next one has one", () => ({}), (bucket) => ({ bucket }), {}],
  ["with a bucket, and the next one has none", (bucket) => ({ bucket }), () => ({}), {}],
  [
    "with one prefix, and the next one has another",
    (bucket) => ({ bucket }),
    (bucket) => ({ bucket: `${bucket}/other` }),
    {},
  ],
  [
    "by the container's sessions, and the next one may not see them",
    () => ({}),
    () => ({}),
    { lacks: ["caller-without-bucket"] },
  ],
];

it.concurrent.each(turnOf(otherWays, 2))(
  "a run that queues another way waits for a job that was lost seconds ago: %s",
  async (_, first, second, options) => {
    const task = await aws.runningTask(definition);
    const { bucket } = aws.world.made;
    await lose(task, { ...first(bucket), run: TRACED }, "goes on");
    const result = await runNext(task, second(bucket), { ...options, ...lettingGo(task) });
    expect(result.conclusion).toBe("success");
    expect(jobLog(result)).toEqual(["lost begins", "lost ends"]);
  },
);

it.concurrent("a run that queues another way goes on beside a job whose runner gives a sign", async () => {
  const task = await aws.runningTask(definition);
  const { bucket } = aws.world.made;
  const first = await new Promise<{ readonly end: Promise<StepResult> }>((resolve) => {
    const run = "echo begun; until [ -e /dev/shm/over ]; do sleep 0.1; done";
    const end = aws.step(
      { task: task.id, run },
      { onLine: (line) => (line === "begun" ? resolve({ end }) : undefined) },
    );
  });
  // Only the second job makes the first one end.
  const second = await aws.step({ task: task.id, bucket, run: "echo beside; : >/dev/shm/over" });
  expect(jobLog(second)).toEqual(["beside"]);
  expect(mainLog(second).join("\n")).toMatch(UNHEARD);
  expect((await first.end).conclusion).toBe("success");
});

it.concurrent.each([
  ["a few lines", "echo begun; sleep 1; echo more"],
  ["more than a terminal holds", "echo begun; sleep 1; seq 100000"],
])(
  "without a bucket the session of a killed client whose script printed %s keeps only the first later run waiting",
  async (_, run) => {
    const task = await aws.runningTask(definition);
    await lose(task, { run }, "goes on");
    const first = await runNext(task, { run: "echo first" });
    expect(jobLog(first)).toEqual(["first"]);
    const second = await runNext(task, { run: "echo second" });
    expect(jobLog(second)).toEqual(["second"]);
    expect(mainLog(second).join("\n")).not.toContain("in use by session");
  },
);

const UNLOGGED = "unlogged";
/** The line by which a step tells that ECS has made its session, before it connects to it. */
const SESSION_MADE = /^Session ecs-execute-command-/;

it.concurrent(
  "without a bucket the session of a client that was killed before it delivered its script keeps only the first later run waiting",
  async () => {
    const task = await aws.runningTask(definition);
    await lose(task, { run: "echo never" }, "goes on", { at: SESSION_MADE });
    const first = await runNext(task, { run: "echo first" });
    expect(jobLog(first)).toEqual(["first"]);
    const second = await runNext(task, { run: "echo second" });
    expect(jobLog(second)).toEqual(["second"]);
    expect(mainLog(second).join("\n")).not.toContain("in use by session");
  },
);

it.concurrent(
  "two clients that were killed before they delivered their scripts don't keep the agent's places",
  async () => {
    // Where sessions have logs, a run that sees no sessions waits longer, for the logs of others.
    const configuration = { executeCommandConfiguration: { logging: "NONE" as const } };
    await aws.world.ecs.send(new CreateClusterCommand({ clusterName: UNLOGGED, configuration }));
    const task = await aws.runningTask(undefined, UNLOGGED);
    const blind = { lacks: ["caller-without-bucket"] } as const;
    for (let lost = 0; lost < 2; lost += 1)
      await lose(task, { cluster: UNLOGGED, run: "echo never" }, "goes on", { at: SESSION_MADE, ...blind });
    const next = await runNext(task, { cluster: UNLOGGED, run: "echo mine" }, blind);
    expect(jobLog(next)).toEqual(["mine"]);
  },
);

it.concurrent("a run that is cancelled while it waits ends, and leaves the lost job alone", async () => {
  const task = await aws.runningTask(definition);
  await lose(task, { run: TRACED }, "is ended");
  const cancel = new AbortController();
  const result = await aws.step(
    { task: task.id, run: "echo mine" },
    {
      signal: cancel.signal,
      onLine: (line) => {
        if (line.includes("still runs in this container")) cancel.abort();
      },
    },
  );
  expect(result.conclusion).toBe("cancelled");
  expect(mainLog(result)).not.toContain("mine");
  const after = await runNext(task, {}, lettingGo(task));
  expect(jobLog(after)).toEqual(["lost begins", "lost ends"]);
});
