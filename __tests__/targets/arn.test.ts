import {
  clusterName,
  clusterOf,
  lastPart,
  parseArn,
  parseService,
  parseTask,
} from "../../src/targets/arn.ts";
import { CLUSTER, ID, TASK } from "../helpers/tasks.ts";
import { thrownBy } from "../helpers/thrown.ts";

const OLD_ID = "01234567-89ab-cdef-0123-456789abcdef";
const region = "eu-central-1";
const account = `arn:aws:ecs:${region}:123456789012`;

it.each([
  [
    "a task",
    TASK,
    { partition: "aws", service: "ecs", region, account: "123456789012", resource: `task/ci/${ID}` },
  ],
  [
    "another partition",
    "arn:aws-cn:s3:::stage/a:b",
    { partition: "aws-cn", service: "s3", region: undefined, account: undefined, resource: "stage/a:b" },
  ],
  [
    "a region of a government",
    "arn:aws-us-gov:ecs:us-gov-west-1:123456789012:cluster/ci",
    {
      partition: "aws-us-gov",
      service: "ecs",
      region: "us-gov-west-1",
      account: "123456789012",
      resource: "cluster/ci",
    },
  ],
  ["a word", "web", undefined],
  ["too few parts", "arn:aws:ecs:eu-central-1", undefined],
  ["an account of other than twelve digits", `arn:aws:ecs:${region}:1234:task/x`, undefined],
])("parses %s", (_, text, expected) => {
  expect(parseArn(text)).toEqual(expected);
});

describe("a task", () => {
  it.each([
    ["by its ID", ID, "ci", { cluster: "ci", id: ID }],
    ["by an ID of the old format", OLD_ID, "ci", { cluster: "ci", id: OLD_ID }],
    ["by its ARN", TASK, "ci", { cluster: "ci", id: ID }],
    ["by its ARN, and the cluster by its own", TASK, CLUSTER, { cluster: CLUSTER, id: ID }],
    ["by an ARN of the old format", `${account}:task/${OLD_ID}`, "ci", { cluster: "ci", id: OLD_ID }],
    ["by an ARN that alone names the cluster", TASK, "default", { cluster: "ci", id: ID }],
  ])("is found %s", (_, task, cluster, expected) => {
    expect(parseTask(task, cluster, region)).toEqual(expected);
  });

  it.each([
    ["a name", "web", "ci", "must be the ID of a task or its ARN"],
    ["a service's ARN", `${account}:service/ci/web`, "ci", "must be the ID of a task or its ARN"],
    ["an ARN with more parts", `${account}:task/ci/x/${ID}`, "ci", "must be the ID of a task or its ARN"],
    ["a task of another cluster", TASK, "prod", "must be in the cluster 'prod'"],
    [
      "a task of another account's cluster",
      TASK,
      CLUSTER.replace("123456789012", "210987654321"),
      "must be in the cluster",
    ],
    [
      "a task of another region",
      TASK.replace(region, "us-west-2"),
      "ci",
      `must be in the region of this run, ${region}`,
    ],
  ])("is refused as %s", (_, task, cluster, failed) => {
    expect(thrownBy(() => parseTask(task, cluster, region))).toMatchObject({
      code: "bad-input",
      failed: expect.stringContaining(failed) as string,
    });
  });

  it("of another account's cluster is told with its account, since the name alone may be the same", () => {
    const failure = thrownBy(() => parseTask(TASK, CLUSTER.replace("123456789012", "210987654321"), region));
    expect(failure).toMatchObject({
      seen: `Got '${TASK}', which is in 'ci' of account 123456789012.`,
      advice: `Leave the input 'cluster' out, or set it to '${CLUSTER}'.`,
    });
  });
});

it.each([
  ["web", { cluster: "ci", id: "web" }],
  [`${account}:service/ci/web`, { cluster: "ci", id: "web" }],
  [`${account}:service/web`, { cluster: "ci", id: "web" }],
])("finds the service %s", (service, expected) => {
  expect(parseService(service, "ci", region)).toEqual(expected);
});

it("refuses a task's ARN for a service", () => {
  expect(() => parseService(TASK, "ci", region)).toThrow("must be the name of a service or its ARN");
});

it.each([
  [{ kind: "task", task: ID }, "ci"],
  [{ kind: "task", task: TASK }, "ci"],
  [{ kind: "service", service: `${account}:service/ci/web`, tasks: 1 }, "ci"],
  [{ kind: "service", service: "web", tasks: 1 }, "ci"],
] as const)("knows the cluster of %j beforehand", (where, expected) => {
  expect(clusterOf({ where, cluster: "ci", region })).toBe(expected);
});

it("takes names out of ARNs", () => {
  expect(clusterName(CLUSTER)).toBe("ci");
  expect(clusterName("ci")).toBe("ci");
  expect(lastPart(TASK)).toBe(ID);
});
