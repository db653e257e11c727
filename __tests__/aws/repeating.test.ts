import { awsCalls } from "../../src/aws/calls.ts";
import { isWithoutEffect } from "../../src/aws/failures.ts";
import type { AwsServices } from "../../src/aws/services.ts";
import { roleCredentials } from "../../src/aws/role.ts";
import { realWorld } from "../../src/run/step/world.ts";
import { Listener } from "../helpers/listener.ts";
import { SleeplessClock, SteppedClock } from "../helpers/stepped-clock.ts";

const REGION = "eu-west-1";
const TASK = "0123456789abcdef0123456789abcdef";
const command = { cluster: "ci", task: TASK, container: "app", command: "true" };
const session = { sessionId: "s-1", streamUrl: "wss://x", tokenValue: "t" };

/** An error in the shape of the SDK's. */
const awsError = (name: string, status: number): Error =>
  Object.assign(new Error(`${name} was thrown`), { name, $metadata: { httpStatusCode: status } });

/** The calls of a simulated AWS, whose ECS answers in turn; the last answer again and again. */
function simulated(answers: readonly unknown[], clock: SteppedClock, signal?: AbortSignal) {
  const sent: unknown[] = [];
  const send = ({ input }: { readonly input: unknown }): Promise<unknown> => {
    sent.push(input);
    const answer = answers[Math.min(sent.length, answers.length) - 1];
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const services = { ecs: () => Promise.resolve({ send }) } as unknown as AwsServices;
  const world = { ...realWorld, clock, services: () => services };
  return { calls: awsCalls({ region: REGION, world, signal }), sent };
}

it("a call of a simulated AWS is repeated by the clock of its world, with jitter of its world's", async () => {
  const clock = new SleeplessClock();
  Object.assign(clock, { random: { ...clock.random, fraction: () => 0.5 } });
  const throttle = awsError("ThrottlingException", 400);
  const { calls, sent } = simulated([throttle, throttle, { session, $metadata: {} }], clock);
  expect(await calls.ecs.executeCommand(command)).toMatchObject({ session: { sessionId: "s-1" } });
  expect(sent).toEqual([expect.objectContaining({ container: "app" }), sent[0], sent[0]]);
  expect(clock.slept).toEqual([250, 500]);
});

it("an error tells how often it was met", async () => {
  const clock = new SleeplessClock();
  const missing = awsError("TargetNotConnectedException", 400);
  const { calls } = simulated([awsError("ThrottlingException", 400), missing], clock);
  expect(await calls.ecs.executeCommand(command)).toMatchObject({ throttled: true });
});

it.each([
  ["one without an answer", Object.assign(new Error("reset"), { code: "ECONNRESET" }), false],
  ["one in which AWS failed itself", awsError("ServerException", 500), false],
  ["a throttled one", awsError("ThrottlingException", 400), true],
])(
  "a refusal behind %s: whether the call has certainly changed nothing",
  async (_, first, changedNothing) => {
    const denied = awsError("AccessDeniedException", 400);
    const { calls } = simulated([first, denied], new SleeplessClock());
    const failed: unknown = await calls.ecs.executeCommand(command).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: "access-denied" });
    expect(isWithoutEffect(failed)).toBe(changedNothing);
  },
);

it.each([
  ["what AWS refuses", awsError("AccessDeniedException", 400), 1],
  ["a service that stays broken", awsError("ServerException", 500), 6],
  ["a network that stays away", Object.assign(new Error("refused"), { code: "ECONNREFUSED" }), 6],
])("%s is sent as often as it makes sense, and then fails with its own words", async (_, error, times) => {
  const { calls, sent } = simulated([error], new SleeplessClock());
  await expect(calls.ecs.executeCommand(command)).rejects.toMatchObject({
    seen: expect.stringContaining(error.message) as string,
  });
  expect(sent).toHaveLength(times);
});

it("an abort ends the pause before the next request", async () => {
  const clock = new SteppedClock();
  const cancel = new AbortController();
  const { calls, sent } = simulated([awsError("ThrottlingException", 400)], clock, cancel.signal);
  const call = calls.ecs.executeCommand(command);
  await clock.runUntil(() => sent.length === 3);
  cancel.abort(new Error("cancelled"));
  await expect(call).rejects.toThrow("cancelled");
  expect(sent).toHaveLength(3);
});

it("the session of a role begins in the simulated AWS, and again before it ends by the clock of its world", async () => {
  const clock = new SleeplessClock();
  const begun: number[] = [];
  const assume = () => {
    begun.push(clock.now());
    if (begun.length === 1) return Promise.reject(awsError("ThrottlingException", 400));
    const keys = { accessKeyId: `k${begun.length}`, secretAccessKey: "s" };
    return Promise.resolve({ ...keys, expiration: new Date(clock.now() + 3_600_000) });
  };
  const role = { arn: "arn:aws:iam::1:role/ci", sessionName: "run", region: REGION };
  const log = new Listener();
  const credentials = roleCredentials({ ...role, idToken: () => Promise.resolve("t"), clock, log });
  const services = (options: { readonly credentials: typeof credentials | undefined }): AwsServices => {
    const provide = options.credentials?.(assume);
    return { credentials: () => provide?.() } as unknown as AwsServices;
  };
  const { clients } = awsCalls({ region: REGION, credentials, world: { ...realWorld, clock, services } });
  expect(await clients.credentials()).toMatchObject({ accessKeyId: "k2" });
  clock.advance(3_500_000);
  expect(await clients.credentials()).toMatchObject({ accessKeyId: "k2" });
  clock.advance(50_000);
  expect(await clients.credentials()).toMatchObject({ accessKeyId: "k3" });
});
