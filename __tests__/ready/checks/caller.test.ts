import type { Access } from "../../../local/iam/policy.ts";
import { Failure } from "../../../src/errors.ts";
import type { TaskSelection } from "../../../src/inputs/inputs.ts";
import {
  checkCaller,
  type CallerFacts,
  checkCallerRights,
  principalOf,
} from "../../../src/ready/checks/caller.ts";
import { ownFamily } from "../../../src/targets/definitions/family.ts";
import { access, allows, policyByFixes } from "../../helpers/fixes.ts";
import { aDefinition, aTask, CLUSTER, TASK } from "../../helpers/tasks.ts";
import { anInputs } from "../../helpers/runs.ts";
import { startInputs } from "../../helpers/start-inputs.ts";

const parts = { failed: "f.", seen: "s.", advice: "a." };
const role = { arn: "arn:aws:iam::123456789012:role/ci", words: "the caller" };
const facts = {
  task: aTask(),
  definition: undefined,
  container: "app",
  clusterArn: CLUSTER,
  registers: false,
};

it.each<[string, string, string | undefined, string | undefined]>([
  ["a role's session", "arn:aws:sts::123456789012:assumed-role/ci/run", undefined, role.arn],
  [
    "a role's session in another partition",
    "arn:aws-cn:sts::123456789012:assumed-role/ci/run",
    undefined,
    "arn:aws-cn:iam::123456789012:role/ci",
  ],
  [
    "the role of 'role-to-assume', with its path",
    "arn:aws:sts::123456789012:assumed-role/ci/run",
    "arn:aws:iam::123456789012:role/team/ci",
    "arn:aws:iam::123456789012:role/team/ci",
  ],
  ["a user", "arn:aws:iam::123456789012:user/ann", undefined, "arn:aws:iam::123456789012:user/ann"],
  ["the root user", "arn:aws:iam::123456789012:root", undefined, undefined],
  ["a federated user", "arn:aws:sts::123456789012:federated-user/ann", undefined, undefined],
])("the policies that decide are those of %s", (_, caller, roleToAssume, expected) => {
  expect(principalOf(caller, roleToAssume)?.arn).toBe(expected);
});

it("credentials are OK when STS names their owner, and NG when they are missing or refused", () => {
  expect(checkCaller({ value: "arn:x" })).toMatchObject({ verdict: "OK", seen: "they are those of arn:x" });
  for (const code of ["no-credentials", "role-not-assumed", "no-id-token"] as const)
    expect(checkCaller({ failure: new Failure(code, parts) })).toMatchObject({ verdict: "NG", fix: "a." });
});

interface Question {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly context: object | undefined;
}

/** What the simulator is asked, for a task that runs, or for a new one with these inputs. */
async function askSimulator(
  where: TaskSelection,
  { registers = false, ...more }: { registers?: boolean } & Partial<CallerFacts["inputs"]> = {},
): Promise<readonly Question[]> {
  const questions: Question[] = [];
  const isNew = where.kind === "new";
  const facts = {
    task: isNew ? undefined : aTask(),
    definition: { ...aDefinition(), executionRoleArn: "arn:aws:iam::123456789012:role/execution" },
    ...{ container: "app", clusterArn: CLUSTER, inputs: anInputs({ where, ...more }), registers },
    start: isNew ? { ...where.start, launchType: "FARGATE", platformVersion: undefined } : undefined,
  };
  await checkCallerRights(facts, role, {
    listDenied: (principal, actions, resources, context) => {
      expect(principal).toBe(role.arn);
      questions.push({ actions, resources, context });
      return Promise.resolve([]);
    },
  });
  return questions;
}

it("for a task that runs the simulator is asked for sessions alone, on the cluster and the task", async () => {
  expect(await askSimulator({ kind: "task", task: "x" })).toEqual([
    {
      actions: ["ecs:ExecuteCommand"],
      resources: [CLUSTER, TASK],
      context: { "ecs:cluster": CLUSTER, "ecs:container-name": "app" },
    },
  ]);
});

it("for a task of a service the simulator is asked for its protection, and for a deployment's verdict", async () => {
  const where: TaskSelection = { kind: "service", service: "web", tasks: 1 };
  const questions = await askSimulator(where, { cluster: "ci", protect: true, deployment: true });
  const place = "arn:aws:ecs:eu-central-1:123456789012";
  expect(questions.slice(1)).toEqual([
    {
      actions: ["ecs:GetTaskProtection", "ecs:UpdateTaskProtection"],
      resources: [TASK],
      context: { "ecs:cluster": CLUSTER },
    },
    {
      actions: ["ecs:ContinueServiceDeployment"],
      resources: [`${place}:service/ci/web`, `${place}:service-deployment/ci/web/check`],
      context: undefined,
    },
  ]);
});

it("a caller that may protect no task is OK, and the line says what a run does without the right", async () => {
  const denied = (_: string, actions: readonly string[]) =>
    Promise.resolve(actions.filter((action) => action === "ecs:UpdateTaskProtection"));
  const found = await checkCallerRights({ ...facts, inputs: anInputs({ protect: true }) }, role, {
    listDenied: denied,
  });
  expect(found.filter(({ verdict }) => verdict === "NG")).toEqual([]);
  expect(found.find(({ name }) => name === "rights to protect the task")).toMatchObject({
    verdict: "OK",
    seen: expect.stringMatching(
      /^the caller lacks ecs:UpdateTaskProtection, .*runs unprotected.* or set 'protect: false'$/,
    ) as string,
  });
});

const ofFamily: TaskSelection = {
  ...{ kind: "new", of: { kind: "task-definition", taskDefinition: "web" } },
  ...{ service: undefined, tasks: 1, start: startInputs() },
};

it("for a new task the simulator is asked for the rights to start, stop and tag it, and to pass its roles", async () => {
  const questions = await askSimulator(ofFamily);
  expect(questions.map(({ actions }) => actions.join())).toEqual([
    "ecs:RunTask",
    "ecs:StopTask",
    "ecs:TagResource",
    "iam:PassRole",
    "ecs:ExecuteCommand",
  ]);
  const place = "eu-central-1:123456789012";
  expect(questions[0]?.resources).toEqual([`arn:aws:ecs:${place}:task-definition/web:1`]);
  expect(questions[3]).toEqual({
    actions: ["iam:PassRole"],
    resources: ["task", "execution"].map((name) => `arn:aws:iam::123456789012:role/${name}`),
    context: { "iam:PassedToService": "ecs-tasks.amazonaws.com" },
  });
});

it("for a definition that the step registers the simulator is asked for the action's own families", async () => {
  const questions = await askSimulator(ofFamily, { registers: true });
  expect(questions[0]?.resources[0]).toMatch(/:task-definition\/fargate-exec-check:1$/);
  expect(questions.flatMap(({ actions }) => actions)).toContain("ecs:RegisterTaskDefinition");
});

describe("following the fix for the caller's rights", () => {
  const place = "arn:aws:ecs:eu-central-1:123456789012";
  const cases: readonly (readonly [string, TaskSelection, Partial<CallerFacts>, readonly Access[]])[] = [
    [
      "a task that runs",
      { kind: "task", task: "x" },
      {},
      [
        access("ecs:ExecuteCommand", CLUSTER),
        // The task of the next run.
        access("ecs:ExecuteCommand", `${place}:task/ci/${"a".repeat(32)}`),
      ],
    ],
    [
      "a family",
      ofFamily,
      { task: undefined, definition: aDefinition() },
      [
        access("ecs:RunTask", `${place}:task-definition/${aDefinition().family}:17`),
        access("ecs:StopTask", `${place}:task/ci/${"a".repeat(32)}`),
        access("ecs:ExecuteCommand", `${place}:task/ci/${"a".repeat(32)}`),
      ],
    ],
    [
      "a definition that the step registers",
      ofFamily,
      { task: undefined, definition: aDefinition(), registers: true },
      [
        access("ecs:RunTask", `${place}:task-definition/${ownFamily("web", { family: "web" })}:1`),
        access("ecs:RegisterTaskDefinition", "*"),
      ],
    ],
    [
      "a deployment",
      { kind: "service", service: "web", tasks: 1 },
      {},
      [access("ecs:ContinueServiceDeployment", `${place}:service-deployment/ci/web/r9i43YFjvgF_xlg7m2eJ1r`)],
    ],
  ];

  it.each(cases)("allows what runs do, with %s", async (_, where, more, wanted) => {
    const denied = (__: string, actions: readonly string[]) => Promise.resolve(actions);
    const inputs = anInputs({
      where,
      cluster: "ci",
      deployment: where.kind === "service" ? true : undefined,
    });
    const found = await checkCallerRights({ ...facts, ...more, inputs }, role, { listDenied: denied });
    const policy = policyByFixes(found);
    for (const one of wanted) expect([one.resource, allows(policy, one)]).toEqual([one.resource, true]);
    expect(allows(policy, access("ecs:RunTask", `${place}:task-definition/another:1`))).toBe(false);
    expect(allows(policy, access("ecs:StopTask", `${place}:task/another/${"a".repeat(32)}`))).toBe(false);
  });
});

it("the rights of a caller without policies are skipped", async () => {
  const unasked = { listDenied: () => Promise.reject(new Error("IAM was asked")) };
  const inputs = anInputs();
  expect(await checkCallerRights({ ...facts, inputs }, undefined, unasked)).toMatchObject([
    { verdict: "SKIP" },
  ]);
});
