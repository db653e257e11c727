import type { Cluster } from "../../../src/aws/ecs.ts";
import { checkLaunch } from "../../../src/ready/checks/launch.ts";
import type { LaunchInputs } from "../../../src/targets/start/borrow.ts";
import { BIG_MACHINES, SPOT, startInputs } from "../../helpers/start-inputs.ts";
import { aDefinition, CLUSTER } from "../../helpers/tasks.ts";

const FARGATE = { name: "FARGATE", weight: 1, base: 0 };

function aCluster(capacityProviders: readonly string[], defaults: Cluster["defaultCapacityProviders"] = []) {
  return {
    arn: CLUSTER,
    capacityProviders,
    defaultCapacityProviders: defaults,
  } as unknown as Cluster;
}

const small = { ...aDefinition(), registrable: { cpu: "256", memory: "512" } };

function row(name: string, more: Partial<LaunchInputs>, cluster?: Cluster, definition = small) {
  return checkLaunch({ definition, start: startInputs(more), cluster }).find((one) => one.name === name);
}

describe("capacity providers", () => {
  const wanted = { capacityProviders: [SPOT, FARGATE] };

  it("are OK when the cluster has them all, and have no row when none is wanted", () => {
    expect(row("capacity providers", wanted, aCluster(["FARGATE", "FARGATE_SPOT"]))).toMatchObject({
      verdict: "OK",
    });
    expect(row("capacity providers", {}, aCluster([]))).toBeUndefined();
  });

  it("are NG when the cluster has none, and the fix is a whole command", () => {
    expect(row("capacity providers", wanted, aCluster([]))).toEqual({
      name: "capacity providers",
      verdict: "NG",
      seen: "FARGATE_SPOT, FARGATE are not associated with the cluster",
      fix: `Run 'aws ecs put-cluster-capacity-providers --cluster ${CLUSTER} --capacity-providers FARGATE_SPOT FARGATE --default-capacity-provider-strategy "[]"', or leave 'capacity-providers' out.`,
    });
  });

  it("have a fix that keeps the cluster's own providers and default strategy", () => {
    const base = { name: "FARGATE", weight: 2, base: 1 };
    const defaults = [base, { ...BIG_MACHINES, weight: 1 }];
    expect(row("capacity providers", wanted, aCluster(["FARGATE", "big-machines"], defaults))).toMatchObject({
      seen: "FARGATE_SPOT is not associated with the cluster",
      fix: expect.stringContaining(
        "--capacity-providers FARGATE big-machines FARGATE_SPOT --default-capacity-provider-strategy capacityProvider=FARGATE,weight=2,base=1 capacityProvider=big-machines,weight=1,base=0'",
      ) as string,
    });
  });

  it("are skipped when the cluster may not be described", () => {
    expect(row("capacity providers", wanted)).toMatchObject({ verdict: "SKIP" });
  });
});

describe("the size", () => {
  it.each<[Partial<LaunchInputs>, string]>([
    [{}, "256 CPU units and 512 MiB"],
    [{ memory: "2048" }, "256 CPU units and 2048 MiB"],
    [{ memory: "8192", overrides: { cpu: "1 vCPU" } }, "1024 CPU units and 8192 MiB"],
  ])("is OK when it is one of Fargate's: %j", (more, seen) => {
    expect(row("size", more)).toEqual({ name: "size", verdict: "OK", seen });
  });

  it.each<[Partial<LaunchInputs>, string]>([
    [{ memory: "8192" }, "Set 'memory' to 512, 1024 or 2048 MiB, as Fargate has them with 256 CPU units."],
    [{ cpu: "512" }, "Set 'memory' to 1024, 2048, 3072 or 4096 MiB, as Fargate has them with 512 CPU units."],
    [
      { overrides: { cpu: "300" } },
      "Set 'cpu' to 256, 512, 1024, 2048, 4096, 8192 or 16384 units, as Fargate has them.",
    ],
  ])("is NG when Fargate has no such pair of CPU units and memory: %j", (more, fix) => {
    expect(row("size", more)).toMatchObject({ verdict: "NG", fix });
  });

  it("is skipped when the override of 'cpu' is not a string, and has no row on instances", () => {
    expect(row("size", { overrides: { cpu: 4 } })).toMatchObject({ verdict: "SKIP" });
    expect(row("size", { capacityProviders: [BIG_MACHINES] }, aCluster(["big-machines"]))).toBeUndefined();
  });
});

describe("the execution role", () => {
  const awslogs = { group: "/ecs/shop", region: undefined, streamPrefix: undefined, createsGroup: false };
  const ofEcr = { image: "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop:1" };
  const lacks = (container: Parameters<typeof aDefinition>[0], more: Partial<LaunchInputs> = {}) =>
    row("execution role", more, undefined, { ...small, containers: aDefinition(container).containers });

  it("is NG when there is none, and the task pulls from ECR or logs by awslogs", () => {
    expect(lacks([{ ...ofEcr, awslogs }])).toMatchObject({
      verdict: "NG",
      seen: "there is none, and the task needs one to pull from ECR and to log by awslogs",
      fix: expect.stringContaining("'executionRoleArn'") as string,
    });
    expect(lacks([{}, { name: "log", awslogs }])).toMatchObject({ verdict: "NG" });
  });

  it("is OK when the input or the overrides name one, and has no row when none is needed", () => {
    expect(lacks([ofEcr], { executionRole: "ecs" })).toMatchObject({ verdict: "OK", seen: "ecs" });
    expect(lacks([ofEcr], { overrides: { executionRoleArn: "mine" } })).toMatchObject({ seen: "mine" });
    expect(lacks([{}])).toBeUndefined();
  });
});
