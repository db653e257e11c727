import { type AddressInfo, createServer } from "node:net";
import type { ExecuteCommandAnswer } from "../../src/aws/ecs.ts";
import type { ActiveSession } from "../../src/aws/ssm.ts";
import type { Task } from "../../src/aws/task.ts";
import { Failure } from "../../src/errors.ts";
import { stopJob } from "../../src/undo/stop-job.ts";
import { Listener } from "../helpers/listener.ts";
import { PayloadType } from "../../src/session/wire/message.ts";
import { channelClosed, fromAgent } from "../session/channel/frames.ts";
import { Gateway } from "../helpers/gateway.ts";
import { AWS } from "../helpers/session-rig.ts";
import { aContainer, aTask } from "../helpers/tasks.ts";
import { SteppedClock } from "../helpers/stepped-clock.ts";
import { CLOSE_MS } from "../../src/session/transport/socket.ts";
import { STOP_HANDSHAKE_MS } from "../../src/undo/budget.ts";

const JOB = {
  cluster: "ci",
  task: "arn:task",
  container: "app",
  runtimeId: "r",
  sessionTarget: "ecs:ci_17_r",
  run: "run-1",
  encryption: { kind: "none" },
} as const;

const JOB_WITH_SESSION = { ...JOB, sessionId: "s-1" } as const;
const KMS_ACTION = { ActionType: "KMSEncryption", ActionParameters: { KMSKeyId: "key-1" } };

/** Stops a job. ExecuteCommand gives this answer. */
async function stopIt(
  job: Parameters<typeof stopJob>[0],
  answer?: ExecuteCommandAnswer,
  endpoints: readonly string[] = [],
  clock = new SteppedClock(),
  signal?: AbortSignal,
  tasks: readonly Task[] = [],
  sessions: () => readonly ActiveSession[] = () => [],
  patient = false,
  terminated = Promise.resolve(),
) {
  const calls: string[] = [];
  const log = new Listener();
  const aws = {
    ecs: {
      describeTasks: () => Promise.resolve(tasks),
      executeCommand: ({ command }: { command: string }) => {
        calls.push(`ExecuteCommand ${/fx_id=\S+/.exec(command)?.[0] ?? ""}`);
        return Promise.resolve(answer ?? { session: { sessionId: "s-2", streamUrl: "", token: "t" } });
      },
    },
    ssm: {
      terminateSession: (id: string) => {
        calls.push(`TerminateSession ${id}`);
        return terminated;
      },
      listActiveSessions: () => Promise.resolve(sessions()),
    },
    kms: { generateDataKey: () => Promise.reject(new Error("no key is asked for")) },
    clients: { ...AWS, gatewayEndpoints: () => endpoints, signal },
  };
  const end = await stopJob(job, { aws, clock, log, patient }).catch((error: unknown) => ({
    ...{ error, told: "not", commandEndsBy: undefined },
  }));
  return { calls, log: log.lines, error: undefined, ...end };
}

it("ends the session that the job had, and then runs the stop command", async () => {
  const { calls, log, error } = await stopIt({ ...JOB, sessionId: "s-1" });
  expect(calls).toEqual(["TerminateSession s-1", "ExecuteCommand fx_id=run-1"]);
  expect(error).toBeUndefined();
  expect(log).toEqual(["No session could tell the job to stop, so a command of its own did."]);
});

it("has no session to end when there was none", async () => {
  expect((await stopIt(JOB)).calls).toEqual(["ExecuteCommand fx_id=run-1"]);
});

/** Lets time pass until the promise settles. */
async function inTime<T>(clock: SteppedClock, promise: Promise<T>): Promise<T> {
  let isOver = false;
  void promise.then(() => (isOver = true));
  await clock.runUntil(() => isOver);
  return await promise;
}

/** So many sessions of other runs, and the one that the job had. */
const others = (count: number): readonly ActiveSession[] =>
  ["s-1", ...Array.from({ length: count }, (_, at) => `other-${at}`)].map((id) => ({
    id,
    since: undefined,
  }));

it("waits a second for the answer to the end of the job's session, and counts that one when none has come", async () => {
  const clock = new SteppedClock();
  const mute = new Promise<void>(() => undefined);
  let looks = 0;
  const sessions = () => others(++looks === 1 ? 2 : 1);
  const stopping = stopIt(JOB_WITH_SESSION, undefined, [], clock, undefined, [], sessions, false, mute);
  clock.advance(999);
  await new Promise(setImmediate);
  expect(looks).toBe(0);
  const { calls, told } = await inTime(clock, stopping);
  expect([looks, calls]).toEqual([2, ["TerminateSession s-1", "ExecuteCommand fx_id=run-1"]]);
  expect(told).toBe("perhaps");
});

it("waits while its session could be the fourth in the container, which would block the agent for good", async () => {
  const clock = new SteppedClock();
  let looks = 0;
  const sessions = () => others(++looks < 3 ? 3 : 2);
  const stopping = stopIt({ ...JOB, sessionId: "s-1" }, undefined, [], clock, undefined, [], sessions);
  const { calls } = await inTime(clock, stopping);
  expect([looks, calls]).toEqual([3, ["TerminateSession s-1", "ExecuteCommand fx_id=run-1"]]);
});

it.each<[string, () => readonly ActiveSession[], string, number | undefined]>([
  ["beside one other session", () => others(1), "certainly", undefined],
  ["which may be in line behind two others", () => others(2), "perhaps", undefined],
  [
    "where nothing shows the other sessions",
    () => {
      throw new Failure("access-denied", { failed: "", seen: "", advice: "" });
    },
    "perhaps",
    25_000,
  ],
])(
  "a stop command %s tells the job: %s; others see its session, or it may be there for ms: %s",
  async (...row) => {
    const [, sessions, expected, ms] = row;
    const stopping = stopIt(JOB_WITH_SESSION, undefined, [], new SteppedClock(), undefined, [], sessions);
    const { told, log, commandEndsBy } = await stopping;
    expect(told).toBe(expected);
    expect(commandEndsBy).toBe(ms && new SteppedClock().now() + ms);
    expect(log).toEqual([
      expect.stringMatching(told === "perhaps" ? /at the latest when other/ : /own did\.$/),
    ]);
  },
);

it("rejects, and opens no session, when the container has three others for a minute", async () => {
  const clock = new SteppedClock();
  const stopping = stopIt(JOB, undefined, [], clock, undefined, [], () => others(3));
  const { calls, error } = await inTime(clock, stopping);
  expect(calls).toEqual([]);
  expect(String(error)).toContain("The container has 4 sessions, and another one could block its exec agent");
});

it("rejects when the agent takes no session", async () => {
  const { log, error } = await stopIt(JOB, { notConnected: "TargetNotConnected", throttled: false });
  expect(error).toEqual(new Error("TargetNotConnected"));
  expect(log).toEqual([]);
});

it.each([
  ["has ended", "STOPPED", undefined],
  ["is being stopped", "RUNNING", new Error("TargetNotConnected")],
])("needs no command for a job whose container %s, if none reaches it", async (_, lastStatus, refusal) => {
  const tasks = [aTask({ lastStatus: "STOPPING", containers: [aContainer({ lastStatus })] })];
  const answer = { notConnected: "TargetNotConnected", throttled: false };
  const { log, error } = await stopIt(JOB, answer, [], undefined, undefined, tasks);
  expect([log, error]).toEqual([[], refusal]);
});

describe("on a cluster with a session key", () => {
  let gateway: Gateway;
  beforeEach(async () => {
    gateway = await Gateway.start();
  });
  afterEach(() => gateway.stop());
  const encrypted = { ...JOB, encryption: { kind: "required", kmsKeyId: "alias/sessions" } } as const;
  const session = () => ({ session: { sessionId: "s-2", streamUrl: gateway.url, token: "t" } });

  const endpoints = (): readonly string[] => [gateway.url.replace(/^ws/, "http")];
  const unheard = { ...JOB, encryption: undefined, sessionId: "s-1" };

  /** Sets the session up, as an agent without encryption does. */
  async function shakeHands(): Promise<void> {
    const actions = [{ ActionType: "SessionType", ActionParameters: { SessionType: "Standard_Stream" } }];
    gateway.send(fromAgent(0, PayloadType.handshakeRequest, { RequestedClientActions: actions }));
    await gateway.until(() =>
      gateway.inputs.some(({ payloadType }) => payloadType === PayloadType.handshakeResponse),
    );
    gateway.send(fromAgent(1, PayloadType.handshakeComplete, {}));
    await gateway.until(() => gateway.acks.length > 1);
  }

  it("opens the command's session, and leaves it after the time for a handshake", async () => {
    const clock = new SteppedClock();
    const stopped = stopIt(unheard, session(), endpoints(), clock);
    await gateway.untilOpen();
    expect(gateway.text.join()).toContain('"TokenValue":"t"');
    await shakeHands();
    expect(gateway.gone).toBe(false);
    await clock.pass(STOP_HANDSHAKE_MS);
    await gateway.until(() => gateway.gone);
    expect((await stopped).error).toBeUndefined();
  });

  it.each([
    ["ECS has not told yet whether it encrypts", undefined],
    ["the caller may not know whether it encrypts", { kind: "unknown" } as const],
  ])(
    "waits in the post step for the end of a session whose agent may shake no hands, as %s",
    async (_, encryption) => {
      const clock = new SteppedClock();
      const job = { ...unheard, encryption };
      const stopped = stopIt(job, session(), endpoints(), clock, undefined, [], undefined, true);
      await gateway.untilOpen();
      clock.advance(20_000);
      await new Promise(setImmediate);
      gateway.send(channelClosed(""));
      expect((await stopped).told).toBe("certainly");
    },
  );

  it("rejects in the post step when such a session does not end", async () => {
    const clock = new SteppedClock();
    const stopped = stopIt(unheard, session(), endpoints(), clock, undefined, [], undefined, true);
    await gateway.untilOpen();
    await clock.pass(25_000);
    const { calls, error } = await stopped;
    expect(error).toEqual(new Error("The session of the stop command was not set up within 25 s."));
    expect(calls.at(-1)).toBe("TerminateSession s-2");
  });

  it("rejects when the session is not set up in that time, since the command has not run then", async () => {
    const clock = new SteppedClock();
    const stopped = stopIt(encrypted, session(), endpoints(), clock);
    await gateway.untilOpen();
    await clock.pass(STOP_HANDSHAKE_MS);
    const { calls, error, log } = await stopped;
    expect(error).toEqual(new Error("The session of the stop command was not set up within 2.5 s."));
    expect(log).toEqual([]);
    // The next one that tries needs its seat.
    expect(calls).toEqual(["ExecuteCommand fx_id=run-1", "TerminateSession s-2"]);
  });

  it("rejects at the end of the calls, unless the session is set up", async () => {
    const over = new AbortController();
    const cut = stopIt(encrypted, session(), endpoints(), undefined, over.signal);
    await gateway.untilOpen();
    over.abort(new Error("no more time"));
    expect((await cut).error).toEqual(new Error("no more time"));
  });

  it("asks KMS for nothing while ECS has not named a key, and ends a session that wants one", async () => {
    gateway.onOpening = () =>
      gateway.send(fromAgent(0, PayloadType.handshakeRequest, { RequestedClientActions: [KMS_ACTION] }));
    const { calls, log, error } = await stopIt(unheard, session(), endpoints());
    expect(error).toBeUndefined();
    expect(calls).toEqual(["TerminateSession s-1", "ExecuteCommand fx_id=run-1", "TerminateSession s-2"]);
    expect(log).toEqual([]);
  });

  it("does not wait for a gateway that leaves its socket open", async () => {
    const clock = new SteppedClock();
    const stopped = stopIt(unheard, session(), endpoints(), clock);
    await gateway.untilOpen();
    await shakeHands();
    gateway.client?.pause();
    const begin = clock.now();
    const end = stopped.then(() => clock.now());
    await clock.pass(STOP_HANDSHAKE_MS);
    await new Promise(setImmediate);
    await clock.pass(CLOSE_MS);
    expect((await end) - begin).toBe(STOP_HANDSHAKE_MS);
  });

  it("gives up in the same time when the gateway never answers", async () => {
    const silent = createServer();
    const port = await new Promise<number>((resolve) =>
      silent.listen(0, "127.0.0.1", () => resolve((silent.address() as AddressInfo).port)),
    );
    const clock = new SteppedClock();
    const answer = { session: { sessionId: "s-2", streamUrl: `ws://127.0.0.1:${port}/x`, token: "t" } };
    const stopped = stopIt(encrypted, answer, [`http://127.0.0.1:${port}`], clock);
    await clock.pass(STOP_HANDSHAKE_MS);
    const { error } = await stopped;
    silent.close();
    expect(error).toEqual(new Error("The session of the stop command was not set up within 2.5 s."));
  });

  it("rejects when the gateway refuses the session", async () => {
    gateway.refusing = () => 403;
    const { error, log } = await stopIt(encrypted, session(), endpoints());
    expect(error).toBeInstanceOf(Error);
    expect(log).toEqual([]);
  });
});
