import type { StartInputs } from "../../../src/inputs/inputs.ts";
import { requireNetwork, runTaskRequest, startedBy } from "../../../src/targets/start/run-task-request.ts";
import { BIG_MACHINES, origin, SPOT, startInputs } from "../../helpers/start-inputs.ts";
import { aDefinition } from "../../helpers/tasks.ts";
import { thrownBy } from "../../helpers/thrown.ts";

const start = startInputs({ securityGroups: ["sg-1"] });
const of = {
  ...{ cluster: "ci", container: "app", launchType: "FARGATE", platformVersion: undefined },
  ...{ volumes: [], placement: {} },
};
const MIGRATE = { kind: "task-definition", taskDefinition: "migrate" } as const;
const plan = { ...of, definition: aDefinition(), timeout: 60_000, origin };

describe("the request", () => {
  it("starts one held task with ECS Exec on Fargate", () => {
    expect(runTaskRequest(start, plan)).toEqual({
      cluster: "ci",
      taskDefinition: plan.definition.arn,
      count: 1,
      capacityProviders: [],
      launchType: "FARGATE",
      platformVersion: undefined,
      enableExecuteCommand: true,
      network: { subnets: ["subnet-1"], securityGroups: ["sg-1"], assignPublicIp: undefined },
      overrides: {
        containerOverrides: [
          { name: "app", command: ["sh", "-c", "trap 'sleep 5; exit 0' TERM INT; sleep 960 & wait $!"] },
        ],
      },
      more: {},
      startedBy: "fargate-exec/a1b2c3d4/17-2/example/web-site",
      clientToken: "fargate-exec-a1b2c3d4",
      tags: { "fargate-exec:run": origin.url },
      propagateTags: "TASK_DEFINITION",
    });
  });

  it.each<[string, Partial<StartInputs>, unknown]>([
    ["leaves the image's own command alone with hold: false", { hold: false }, {}],
    ["overrides the size", { hold: false, cpu: "512", memory: "1024" }, { cpu: "512", memory: "1024" }],
    [
      "takes the storage from the raw overrides",
      { hold: false, overrides: { ephemeralStorage: { sizeInGiB: 30 } } },
      { ephemeralStorage: { sizeInGiB: 30 } },
    ],
    [
      "overrides the roles",
      { hold: false, taskRole: "task", executionRole: "exec" },
      { taskRoleArn: "task", executionRoleArn: "exec" },
    ],
    ["lets raw overrides win", { hold: false, cpu: "512", overrides: { cpu: "1024" } }, { cpu: "1024" }],
  ])("%s", (_, inputs, overrides) => {
    expect(runTaskRequest({ ...start, ...inputs }, plan).overrides).toEqual(overrides);
  });

  it("is placed by capacity providers when they are given", () => {
    const request = runTaskRequest({ ...start, capacityProviders: [SPOT] }, plan);
    expect(request.capacityProviders).toEqual([SPOT]);
  });

  it("adds the user's tags to the one that names the workflow run", () => {
    const { tags } = runTaskRequest({ ...start, tags: { team: "web" } }, plan);
    expect(tags).toEqual({ "fargate-exec:run": origin.url, team: "web" });
  });

  it("has up to 49 tags of the user and its own one, the most that ECS takes", () => {
    const own = Object.fromEntries(Array.from({ length: 49 }, (_, i) => [`k${i}`, "v"]));
    expect(runTaskRequest({ ...start, tags: own }, plan).tags).toEqual({
      ...own,
      "fargate-exec:run": origin.url,
    });
  });

  it("hands a shell that is the entry point only the script", () => {
    const definition = aDefinition([{ name: "log" }, { name: "app", entryPoint: ["/bin/sh", "-c"] }]);
    expect(runTaskRequest(start, { ...plan, definition }).overrides).toEqual({
      containerOverrides: [
        { name: "app", command: ["trap 'sleep 5; exit 0' TERM INT; sleep 960 & wait $!"] },
      ],
    });
  });

  it("names its origin in the length and the characters that ECS allows", () => {
    const by = startedBy({ ...origin, repository: `example/${"x".repeat(200)}` });
    expect(by).toHaveLength(128);
    expect(by).toMatch(/^fargate-exec\/a1b2c3d4\/17-2\/example\/x+$/);
  });
});

it.each([
  [undefined, "no subnet was named for it"],
  ["web", "service 'web' has no subnets to borrow"],
])("asks for subnets by the input's name, with service %s", (service, why) => {
  expect(thrownBy(() => requireNetwork({ ...start, subnets: [] }, MIGRATE, service))).toMatchObject({
    code: "network-required",
    failed: expect.stringMatching(/'migrate'.*'subnets'/) as string,
    seen: expect.stringContaining(why) as string,
  });
});

it.each([{ launchType: "EC2" }, { launchType: "EXTERNAL" }, { capacityProviders: [BIG_MACHINES] }])(
  "asks for no subnets on instances, by %j",
  (elsewhere) => {
    expect(() => requireNetwork({ ...start, ...elsewhere, subnets: [] }, MIGRATE, "web")).not.toThrow();
  },
);
