import type { ConfiguredHook, DeploymentBrief, ServiceDeployment } from "../../../src/aws/ecs.ts";
import { Failure, wordsFor } from "../../../src/errors.ts";
import type { Inputs, TaskSelection } from "../../../src/inputs/inputs.ts";
import { checkHooks } from "../../../src/ready/checks/deployment.ts";
import { listed } from "../../helpers/listed-deployments.ts";
import { anInputs } from "../../helpers/runs.ts";
import { aService, startInputs } from "../../helpers/start-inputs.ts";

const NOW = Date.parse("2026-11-27T12:00:00Z");
const ARN = "arn:aws:ecs:eu-central-1:123456789012:service-deployment/ci/web/abc";
const HOOK: ConfiguredHook = { stages: ["POST_SCALE_UP"], minutes: 140, timeoutAction: "ROLLBACK" };
const running: TaskSelection = { kind: "service", service: "web", tasks: 1 };
const starting: TaskSelection = {
  ...{ kind: "new", of: { kind: "service" }, service: "web", tasks: 1, start: startInputs() },
};

interface EcsState {
  readonly described?: Partial<ServiceDeployment>;
  readonly deployments?: readonly DeploymentBrief[];
  /** The pause hooks of the service. */
  readonly pauseHooks?: readonly ConfiguredHook[] | Failure;
}

/** The rows of a check when ECS has this state. */
async function rows(
  {
    described = {},
    deployments = [{ arn: ARN, status: "IN_PROGRESS", createdAt: 1 }],
    pauseHooks = [],
  }: EcsState,
  inputs: Partial<Inputs> = {},
): Promise<readonly string[]> {
  const deployment = {
    ...{
      arn: ARN,
      serviceArn: "arn:aws:ecs:eu-central-1:123456789012:service/ci/web",
      status: "IN_PROGRESS",
    },
    ...{
      statusReason: undefined,
      stage: "SCALE_UP",
      createdAt: 1,
      revisionArn: "r",
      sourceRevisionArns: [],
      pauseHooks: [HOOK],
      hooks: [],
    },
    ...described,
  };
  const found = await checkHooks(anInputs({ where: running, deployment: true, ...inputs }), {
    ecs: {
      listServiceDeployments: (_, __, statuses) => listed(deployments, statuses),
      describeServiceDeployment: () => Promise.resolve(deployment),
      describeService: () =>
        pauseHooks instanceof Failure
          ? Promise.reject(pauseHooks)
          : Promise.resolve(aService({ pauseHooks })),
    },
    now: NOW,
  });
  return found.map(
    (row) =>
      `${row.verdict} ${row.name}: ${row.seen}${row.verdict === "NG" ? `. ${wordsFor("workflow", row.fix)}` : ""}`,
  );
}

const awaiting = (minutes: number, timeoutAction = "ROLLBACK") => ({
  stage: "POST_SCALE_UP",
  hooks: [{ id: "h", status: "AWAITING_ACTION", expiresAt: NOW + minutes * 60_000, timeoutAction }],
});

it("a deployment that waits at its hook is OK, and so is one on its way there", async () => {
  expect(await rows({ described: awaiting(140) })).toEqual([
    `OK deployment: '${ARN}' waits for a verdict at POST_SCALE_UP`,
    "OK pause hook: it is at POST_SCALE_UP, and ECS does ROLLBACK when no verdict comes",
  ]);
  expect(await rows({})).toEqual([
    `OK deployment: '${ARN}' is IN_PROGRESS at SCALE_UP, and has not reached its pause hook`,
    "OK pause hook: it is at POST_SCALE_UP, and ECS does ROLLBACK when no verdict comes",
  ]);
});

it("a hook that may time out before the step's end, or whose time-out does CONTINUE, is OK with a warning", async () => {
  expect((await rows({ described: awaiting(129) }))[1]).toMatch(
    /^OK pause hook: .*\. A run warns of this: The pause hook expires at 2026-11-27 14:09 UTC, before .* \(2026-11-27 14:10 UTC\)/,
  );
  expect((await rows({ described: awaiting(140, "CONTINUE") }))[1]).toMatch(
    /^OK .* time-out action is CONTINUE/,
  );
  // The time of a hook begins when the deployment reaches it.
  expect((await rows({ described: { pauseHooks: [{ ...HOOK, minutes: 5 }] } }))[1]).toMatch(
    /^OK .* expires at /,
  );
});

it.each<[string, EcsState]>([
  ["has no pause hook", { described: { pauseHooks: [] } }],
  ["waits for no verdict", { described: { status: "SUCCESSFUL" } }],
])("a deployment that %s is NG", async (why, known) => {
  const found = await rows(known, { deployment: ARN });
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(new RegExp(`^NG deployment: .*${why}`));
});

it("without a deployment under way the check looks at the hooks that the service's next one gets", async () => {
  const over = [{ arn: ARN, status: "SUCCESSFUL", createdAt: 1 }];
  expect(await rows({ deployments: over, pauseHooks: [HOOK] })).toEqual([
    "SKIP deployment: none of service 'web' is under way now: start it before this run",
    "OK pause hook: it is at POST_SCALE_UP, and ECS does ROLLBACK when no verdict comes",
  ]);
  expect((await rows({ deployments: [] }))[1]).toMatch(
    /^NG pause hook: .* without one\. .*'targetType' PAUSE/,
  );
  const denied = new Failure("access-denied", { failed: "Denied.", seen: "s.", advice: "a." });
  expect((await rows({ deployments: [], pauseHooks: denied }))[1]).toBe(
    "SKIP pause hook: not known: Denied.",
  );
});

it("a hook before the new tasks is NG without 'start: true'", async () => {
  const early = { described: { ...awaiting(140), stage: "PRE_SCALE_UP" } };
  expect((await rows(early))[1]).toMatch(/^NG pause hook: it is at PRE_SCALE_UP, .* Add 'start: true'/);
  expect((await rows(early, { where: starting }))[1]).toMatch(/^OK pause hook/);
});

it("without the input there is no check, and without the right to look it is NG", async () => {
  expect(await rows({}, { deployment: undefined })).toEqual([]);
  const denied = new Failure("access-denied", { failed: "Denied.", seen: "s.", advice: "a." });
  const listServiceDeployments = () => Promise.reject(denied);
  const unasked = () => Promise.reject(new Error("asked"));
  const ecs = { listServiceDeployments, describeServiceDeployment: unasked, describeService: unasked };
  const inputs = anInputs({ where: running, deployment: true });
  expect(await checkHooks(inputs, { ecs, now: NOW })).toMatchObject([{ name: "deployment", verdict: "NG" }]);
});
