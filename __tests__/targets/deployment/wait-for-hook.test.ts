import type { DeploymentBrief, PauseHook, ServiceDeployment } from "../../../src/aws/ecs.ts";
import { giveVerdict } from "../../../src/targets/deployment/verdict.ts";
import { findDeploymentArn, waitForHook } from "../../../src/targets/deployment/wait-for-hook.ts";
import { warningsOf } from "../../../src/targets/deployment/warnings.ts";
import { Failure, type FailureCode } from "../../../src/errors.ts";
import { listed } from "../../helpers/listed-deployments.ts";
import { Listener } from "../../helpers/listener.ts";
import type { Inputs } from "../../../src/inputs/inputs.ts";
import { anInputs } from "../../helpers/runs.ts";
import { startInputs } from "../../helpers/start-inputs.ts";
import { SleeplessClock } from "../../helpers/stepped-clock.ts";

const ARN = "arn:aws:ecs:eu-west-1:123456789012:service-deployment/prod/web/abc";
const SERVICE = { cluster: "prod", id: "web" };
const WAITS: PauseHook = {
  id: "h-1",
  status: "AWAITING_ACTION",
  expiresAt: undefined,
  timeoutAction: "ROLLBACK",
};

const deployment = (more: Partial<ServiceDeployment> = {}): ServiceDeployment => ({
  arn: ARN,
  serviceArn: "arn:aws:ecs:eu-west-1:123456789012:service/prod/web",
  status: "IN_PROGRESS",
  statusReason: undefined,
  stage: "SCALE_UP",
  createdAt: 1,
  revisionArn: "arn:aws:ecs:eu-west-1:123456789012:service-revision/prod/web/1",
  sourceRevisionArns: [],
  pauseHooks: [{ stages: ["POST_SCALE_UP"], minutes: 60, timeoutAction: "ROLLBACK" }],
  hooks: [],
  ...more,
});
const brief = (more: Partial<DeploymentBrief> = {}): DeploymentBrief => ({
  ...{ arn: ARN, status: "IN_PROGRESS", createdAt: 1 },
  ...more,
});

/** ECS that gives these answers one after the other, the last one again and again. */
function ecs(
  described: readonly (ServiceDeployment | undefined)[],
  lists: readonly (readonly DeploymentBrief[])[] = [[brief()]],
  told: readonly ("taken" | { refused: string; repeated?: boolean } | Failure)[] = ["taken"],
) {
  const actions: string[] = [];
  const next = <T>(answers: readonly T[]) => {
    let at = 0;
    return (): T => answers[Math.min(at++, answers.length - 1)] as T;
  };
  const [describe, list, tell] = [next(described), next(lists), next(told)];
  return {
    actions,
    describeServiceDeployment: () => Promise.resolve(describe()),
    listServiceDeployments: (_: string, __: string, statuses?: readonly string[]) => listed(list(), statuses),
    continueServiceDeployment: ({ action, hook }: { action: string; hook: string }) => {
      actions.push(`${hook} ${action}`);
      const answer = tell();
      return answer instanceof Failure ? Promise.reject(answer) : Promise.resolve(answer);
    },
  };
}

function contextOf(calls: ReturnType<typeof ecs>) {
  const clock = new SleeplessClock();
  const log = new Listener();
  return { ecs: calls, clock, log, cancel: new AbortController().signal };
}

const waiting = (calls: ReturnType<typeof ecs>) => {
  const context = contextOf(calls);
  return waitForHook(ARN, SERVICE, { ...context, deadline: context.clock.now() + 60_000 });
};

it("'true' means the newest deployment of the service, once one is under way", async () => {
  const old = brief({ arn: "old", status: "SUCCESSFUL", createdAt: 1 });
  const context = contextOf(ecs([], [[old], [old], [old, brief({ arn: "new", createdAt: 2 })]]));
  expect(await findDeploymentArn(true, SERVICE, context)).toBe("new");
  expect(context.log.lines).toEqual([
    "there is no deployment of service 'web' in cluster 'prod' under way yet (0 s)",
  ]);
});

it("'true' never means a deployment that has ended", async () => {
  const context = contextOf(ecs([], [[brief({ status: "SUCCESSFUL" })]]));
  await expect(findDeploymentArn(true, SERVICE, context)).rejects.toMatchObject({
    code: "deployment-not-found",
    seen: `Its newest one, '${ARN}', is SUCCESSFUL.`,
  });
});

it("waits for the first hook that awaits an action", async () => {
  const over: PauseHook = { ...WAITS, id: "h-0", status: "SUCCEEDED" };
  const at = deployment({ stage: "POST_SCALE_UP", hooks: [over, WAITS] });
  const pending = deployment({ status: "PENDING", stage: undefined });
  expect(await waiting(ecs([pending, deployment(), at]))).toEqual({ deployment: at, hook: WAITS });
});

const timedOut: PauseHook = { ...WAITS, status: "TIMED_OUT" };
it.each([
  ["deployment-not-found", [undefined], [[]]],
  ["hook-not-configured", [deployment({ pauseHooks: [] })], [[]]],
  ["hook-not-reached", [deployment()], [[]]],
  ["hook-expired", [deployment({ status: "ROLLBACK_IN_PROGRESS", hooks: [timedOut] })], [[brief()]]],
  ["hook-expired", [deployment({ stage: "BAKE_TIME", hooks: [timedOut] })], [[brief()]]],
  [
    "deployment-ended",
    [deployment({ stage: "CLEAN_UP", hooks: [{ ...timedOut, status: "SUCCEEDED" }] })],
    [[brief()]],
  ],
  [
    "deployment-replaced",
    [deployment({ status: "STOPPED" })],
    [[brief(), brief({ arn: "b", createdAt: 2 })]],
  ],
  ["deployment-ended", [deployment({ status: "SUCCESSFUL" })], [[brief()]]],
  ["bad-input", [deployment({ serviceArn: "arn:aws:ecs:eu-west-1:123456789012:service/prod/api" })], [[]]],
  // The service of that name in another cluster, whose ARN has the old format.
  [
    "bad-input",
    [
      deployment({
        arn: "arn:aws:ecs:eu-west-1:123456789012:service-deployment/staging/web/abc",
        serviceArn: "arn:aws:ecs:eu-west-1:123456789012:service/web",
        hooks: [WAITS],
      }),
    ],
    [[]],
  ],
] as const)("names the reason when no hook will wait: %s", async (code, described, listed) => {
  await expect(waiting(ecs(described, listed))).rejects.toMatchObject({ code });
});

it.each([
  ["deployment-ended", "TIMED_OUT", "SUCCEEDED"],
  ["hook-expired", "SUCCEEDED", "TIMED_OUT"],
])("the last of several hooks that are over counts: %s", async (code, first, last) => {
  const hooks = [
    { ...WAITS, id: "h-2", status: last, expiresAt: 2_000 },
    { ...WAITS, id: "h-1", status: first, expiresAt: 1_000 },
  ];
  for (const listed of [hooks, hooks.toReversed()])
    await expect(waiting(ecs([deployment({ status: "SUCCESSFUL", hooks: listed })]))).rejects.toMatchObject({
      code,
    });
});

const AT_HOOK = { deployment: deployment({ hooks: [WAITS] }), hook: WAITS };
const SILENT = new Failure("aws-unreachable", { failed: "no answer", seen: "", advice: "" });
const give = (calls: ReturnType<typeof ecs>, action: "CONTINUE" | "ROLLBACK" = "CONTINUE") =>
  giveVerdict(AT_HOOK, action, SERVICE, contextOf(calls));

it("gives the verdict to that hook", async () => {
  const calls = ecs([]);
  await give(calls);
  expect(calls.actions).toEqual(["h-1 CONTINUE"]);
});

it.each<FailureCode>(["aws-unreachable", "aws-error", "throttled"])(
  "gives the verdict again after %s while the hook still waits",
  async (code) => {
    const calls = ecs(
      [AT_HOOK.deployment],
      [[brief()]],
      [new Failure(code, { failed: "", seen: "", advice: "" }), "taken"],
    );
    await give(calls);
    expect(calls.actions).toEqual(["h-1 CONTINUE", "h-1 CONTINUE"]);
  },
);

const hookThat = (status: string): readonly PauseHook[] => [{ ...WAITS, status }];
const REPEATED = { refused: "not awaiting", repeated: true };

it.each([
  ["CONTINUE", [SILENT], { hooks: hookThat("SUCCEEDED") }],
  ["CONTINUE", [REPEATED], { hooks: hookThat("SUCCEEDED") }],
  ["ROLLBACK", [REPEATED], { hooks: hookThat("FAILED") }],
  ["ROLLBACK", [SILENT], { hooks: hookThat("FAILED"), status: "ROLLBACK_IN_PROGRESS" }],
] as const)(
  "takes %s as given when its answer was lost and the hook shows it: %j",
  async (action, answers, now) => {
    const calls = ecs([deployment(now)], [[brief()]], answers);
    await give(calls, action);
    expect(calls.actions).toEqual([`h-1 ${action}`]);
  },
);

it.each([
  ["another caller has given it", "CONTINUE", { refused: "not awaiting" }, hookThat("SUCCEEDED")],
  ["another caller has given the opposite", "ROLLBACK", REPEATED, hookThat("SUCCEEDED")],
] as const)("does not take a verdict as given when %s", async (_, action, answer, hooks) => {
  const calls = ecs([deployment({ hooks })], [[brief()]], [answer]);
  await expect(give(calls, action)).rejects.toMatchObject({ code: "deployment-ended" });
});

it.each([
  ["hook-expired", deployment({ hooks: [timedOut] })],
  ["deployment-ended", deployment({ status: "ROLLBACK_IN_PROGRESS" })],
])("names the reason when the hook no longer waits: %s", async (code, now) => {
  await expect(give(ecs([now], [[brief()]], [{ refused: "not awaiting" }]))).rejects.toMatchObject({ code });
});

it("does not blame the time-out of an earlier hook", async () => {
  const now = deployment({
    status: "SUCCESSFUL",
    hooks: [{ ...timedOut, id: "h-0" }, ...hookThat("SUCCEEDED")],
  });
  const calls = ecs([now], [[brief()]], [{ refused: "not awaiting" }]);
  await expect(give(calls)).rejects.toMatchObject({ code: "deployment-ended" });
});

it("a deployment that waits no longer is over, also when the service's deployments may not be listed", async () => {
  const calls = {
    ...ecs([deployment({ status: "STOPPED" })], [], [{ refused: "not awaiting" }]),
    listServiceDeployments: () =>
      Promise.reject(
        new Failure("access-denied", { failed: "Access denied.", seen: "AccessDenied", advice: "" }),
      ),
  };
  const failure = {
    code: "deployment-ended",
    seen: "It is STOPPED at SCALE_UP. Whether another one has replaced it is not known: Access denied. AccessDenied",
  };
  await expect(waiting(calls)).rejects.toMatchObject(failure);
  await expect(give(calls)).rejects.toMatchObject(failure);
});

it("gives up when ECS refuses though the hook waits", async () => {
  const calls = ecs([AT_HOOK.deployment], [[brief()]], [{ refused: "no" }]);
  await expect(give(calls)).rejects.toMatchObject({ code: "aws-error", seen: "no" });
  expect(calls.actions).toHaveLength(3);
});

const WARNED = { timeout: 600_000, startTimeout: 300_000, queueTimeout: 1_200_000 };
const STARTING = { kind: "new", start: startInputs() } as Partial<Inputs["where"]> as Inputs["where"];
const RUNNING = { kind: "service", service: "web" } as const;
const minutesOf = (minutes: number, more: Partial<Inputs> = {}) =>
  warningsOf({ ...WAITS, expiresAt: minutes * 60_000 + 1_000 }, anInputs({ ...WARNED, ...more }), 1_000);

it.each<[string, number, Partial<Inputs>, string]>([
  [
    "'timeout', 'start-timeout' and 'queue-timeout' in a running task",
    35,
    {},
    "Lower 'timeout' or 'start-timeout' or 'queue-timeout', or",
  ],
  [
    "'timeout' and, with the wait for capacity, twice 'start-timeout' in a new one",
    20,
    { where: STARTING },
    "Lower 'timeout' or 'start-timeout', or",
  ],
  [
    "those and the wait for the lock",
    20 + 20,
    { where: STARTING, lock: "shop" },
    "Lower 'timeout' or 'start-timeout' or 'queue-timeout', or",
  ],
  [
    "those of each attempt, and the pauses between them,",
    // Nine pauses take 563 s at the most.
    10 * 20 + 10,
    { where: STARTING, retry: { reasons: [], exitCodes: [75], attempts: 10 } },
    "Lower 'timeout' or 'start-timeout' or 'retry-attempts', or raise 'timeoutInMinutes'",
  ],
  [
    "those of each round of jobs",
    3 * 35,
    { where: { ...RUNNING, tasks: 5 }, maxParallel: 2 },
    "'queue-timeout', or raise 'max-parallel' or 'timeoutInMinutes' of the hook.",
  ],
  [
    "those of several jobs at once",
    35,
    { where: { ...RUNNING, tasks: 5 } },
    "'queue-timeout', or raise 'timeoutInMinutes' of the hook.",
  ],
  [
    "those of one round, where nobody knows how many there are,",
    35,
    { where: { ...RUNNING, tasks: "all" }, maxParallel: 2 },
    "UTC at the earliest: of 'all' tasks, one round of 'max-parallel' is counted)",
  ],
])("warns of a hook that expires before %s may have passed", (_, minutes, inputs, advice) => {
  expect(minutesOf(minutes, inputs)).toEqual([]);
  expect(minutesOf(minutes - 1, inputs)).toEqual([
    expect.stringMatching(
      /expires at .* UTC, before this run must have ended .* acts by itself \(ROLLBACK\)/,
    ),
  ]);
  expect(minutesOf(minutes - 1, inputs)[0]).toContain(advice);
});

it("warns of a time-out whose action is CONTINUE", () => {
  const found = warningsOf({ ...WAITS, timeoutAction: "CONTINUE" }, anInputs(), 1_000);
  expect(found).toEqual([expect.stringContaining("time-out action is CONTINUE")]);
});
