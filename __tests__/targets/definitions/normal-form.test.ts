import { RegisterTaskDefinitionRequest$ } from "@aws-sdk/client-ecs";
import { labelWithRun } from "../../../src/aws/task-definition.ts";
import { makeImageDefinition } from "../../../src/targets/definitions/image.ts";
import { findDifferences, digestOf } from "../../../src/targets/definitions/normal-form.ts";
import { startInputs } from "../../helpers/start-inputs.ts";

const arn = "arn:aws:ecs:eu-central-1:123456789012:task-definition/fargate-exec-python-x:1";
const wanted = makeImageDefinition(
  { image: "python:3.13", architecture: undefined },
  startInputs({ taskRole: "job" }),
  undefined,
);
const [container] = wanted["containerDefinitions"] as Record<string, unknown>[];
const linuxParameters = container?.["linuxParameters"] as object | undefined;
/** The same definition as ECS describes it, with what ECS adds. */
const registered = {
  ...labelWithRun(wanted, "another-run"),
  taskRoleArn: "arn:aws:iam::123456789012:role/job",
  volumes: [],
  placementConstraints: [],
  enableFaultInjection: false,
  containerDefinitions: [
    {
      ...container,
      cpu: 0,
      portMappings: [],
      environment: [],
      mountPoints: [],
      volumesFrom: [],
      systemControls: [],
      dockerLabels: { "fargate-exec.run": "another-run" },
    },
  ],
};
const inContainer = (more: object) => ({
  ...registered,
  containerDefinitions: [{ ...registered.containerDefinitions[0], ...more }],
});

it("the normal form is the same for a definition and for what ECS makes of it", () => {
  expect(findDifferences(wanted, registered, arn)).toEqual([]);
});

it("the normal form is the same with and without ECS's defaults", () => {
  const withDefaults = inContainer({
    ...{ privileged: false, readonlyRootFilesystem: false, interactive: false, pseudoTerminal: false },
    disableNetworking: false,
  });
  expect(findDifferences(wanted, withDefaults, arn)).toEqual([]);
  expect(findDifferences({ ...withDefaults, family: "x" }, registered, arn)).toEqual([]);
});

it.each([
  ["1 vCPU", "2 GB", "1024", "2048"],
  ["1vcpu", "2gb", "1024", "2048"],
  [".25 vCPU", "0.5GB", "256", "512"],
  ["0.25 VCPU", ".5 gb", "256", "512"],
])(
  "the normal form is the same for the sizes %s and %s as for ECS's plain units",
  (cpu, memory, units, mebibytes) => {
    const asked = { ...wanted, cpu, memory };
    const answered = { ...registered, cpu: units, memory: mebibytes };
    expect(findDifferences(asked, answered, arn)).toEqual([]);
    expect(digestOf(asked)).toBe(digestOf({ ...wanted, cpu: units, memory: mebibytes }));
    expect(findDifferences(asked, { ...answered, memory: "4096" }, arn)).toEqual(["memory"]);
  },
);

it.each<[string, object, string]>([
  ["image", inContainer({ image: "attacker.example/python:3.13" }), "containerDefinitions[0].image"],
  ["entry point", inContainer({ entryPoint: ["/evil", "-c"] }), "containerDefinitions[0].entryPoint[0]"],
  ["command", inContainer({ command: ["x"] }), "containerDefinitions[0].command"],
  [
    "variable",
    inContainer({ environment: [{ name: "LD_PRELOAD", value: "/x" }] }),
    "containerDefinitions[0].environment",
  ],
  [
    "secret",
    inContainer({ secrets: [{ name: "A", valueFrom: "arn:x" }] }),
    "containerDefinitions[0].secrets",
  ],
  [
    "log",
    inContainer({ logConfiguration: { logDriver: "splunk" } }),
    "containerDefinitions[0].logConfiguration",
  ],
  ["label", inContainer({ dockerLabels: { other: "x" } }), "containerDefinitions[0].dockerLabels"],
  [
    "mount",
    inContainer({ mountPoints: [{ sourceVolume: "v", containerPath: "/bin" }] }),
    "containerDefinitions[0].mountPoints",
  ],
  ["health check", inContainer({ healthCheck: { command: ["x"] } }), "containerDefinitions[0].healthCheck"],
  ["stop timeout", inContainer({ stopTimeout: 0 }), "containerDefinitions[0].stopTimeout"],
  [
    "limit",
    inContainer({ linuxParameters: { ...linuxParameters, maxSwap: 0 } }),
    "containerDefinitions[0].linuxParameters.maxSwap",
  ],
  [
    "restart policy",
    inContainer({ restartPolicy: { enabled: false } }),
    "containerDefinitions[0].restartPolicy",
  ],
  ["unknown member", { ...registered, somethingNew: false }, "somethingNew"],
  ["inessential container", inContainer({ essential: false }), "containerDefinitions[0].essential"],
  ["privilege", inContainer({ privileged: true }), "containerDefinitions[0].privileged"],
  [
    "further container",
    { ...registered, containerDefinitions: [...registered.containerDefinitions, { name: "b", image: "x" }] },
    "containerDefinitions[1]",
  ],
  ["task role", { ...registered, taskRoleArn: "arn:aws:iam::123456789012:role/admin/job" }, "taskRoleArn"],
  [
    "role of another account",
    { ...registered, taskRoleArn: "arn:aws:iam::210987654321:role/job" },
    "taskRoleArn",
  ],
  [
    "execution role",
    { ...registered, executionRoleArn: "arn:aws:iam::123456789012:role/admin" },
    "executionRoleArn",
  ],
  ["volume", { ...registered, volumes: [{ name: "v", host: {} }] }, "volumes"],
  ["network mode", { ...registered, networkMode: "host" }, "networkMode"],
  ["size", { ...registered, cpu: "16384" }, "cpu"],
])("the normal form differs for another %s", (_, found, path) => {
  expect(findDifferences(wanted, found as typeof wanted, arn)).toEqual([path]);
});

it("the normal form has every member that RegisterTaskDefinition takes, and members that it does not know yet", () => {
  const names = (RegisterTaskDefinitionRequest$[4] as readonly string[]).filter(
    (name) => !["family", "tags", "containerDefinitions"].includes(name),
  );
  for (const name of [...names, "somethingNew"])
    expect([name, findDifferences(wanted, { ...registered, [name]: "planted" }, arn)]).toEqual([
      name,
      expect.arrayContaining([expect.stringMatching(`^${name}`)]),
    ]);
});

it("a definition has one digest for any order of members and of variables, and another for another value", () => {
  const one = inContainer({
    environment: [
      { name: "A", value: "1" },
      { name: "B", value: "2" },
    ],
  });
  const other = inContainer({
    environment: [
      { value: "2", name: "B" },
      { value: "1", name: "A" },
    ],
  });
  const third = inContainer({
    environment: [
      { name: "A", value: "1" },
      { name: "B", value: "3" },
    ],
  });
  expect(digestOf(other)).toBe(digestOf(one));
  expect(digestOf(third)).not.toBe(digestOf(one));
});
