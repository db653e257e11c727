import type { Ec2 } from "../../../src/aws/ec2.ts";
import { Failure } from "../../../src/errors.ts";
import {
  checkNetwork,
  findNetworkOfInterface,
  findNetworkOfStart,
  type TaskNetwork,
  type Way,
} from "../../../src/ready/checks/network.ts";
import { addressOfStart, addressOfTask, BY_INPUT } from "../../../src/ready/checks/public-address.ts";
import { aNetwork } from "../../helpers/network.ts";
import { startInputs } from "../../helpers/start-inputs.ts";
import { aTask } from "../../helpers/tasks.ts";

const parts = { failed: "Denied.", seen: "s.", advice: "a." };
const denied = () => Promise.reject(new Failure("access-denied", parts));
const network: TaskNetwork = {
  ...{ vpcId: "vpc-1", subnets: ["subnet-1"], securityGroups: ["sg-1"] },
  ...{ publicIp: undefined, hasPublicIp: false },
};
const public_ = { ...network, publicIp: "203.0.113.7", hasPublicIp: true };
const endpoint =
  (privateDns = true, state = "available") =>
  () =>
    Promise.resolve([
      { serviceName: "com.amazonaws.eu-central-1.ssmmessages", privateDns, routeTables: undefined, state },
    ]);
const route = (defaultTarget: string | undefined, subnets: string[] = []) => ({
  ...{ id: subnets.join() || "rtb-main", isMain: subnets.length === 0, subnets, defaultTarget },
});
const routes =
  (...tables: ReturnType<typeof route>[]) =>
  () =>
    Promise.resolve(tables);

async function way(of: TaskNetwork, more: Partial<Ec2> = {}, address?: string) {
  return (await checkNetwork(of, aNetwork(more), { address }))[0];
}

it.each<[string, TaskNetwork, Partial<Ec2>, string, RegExp]>([
  ["a NAT gateway", network, {}, "OK", /a route out of the VPC/],
  [
    "an endpoint",
    network,
    { describeVpcEndpoints: endpoint(), describeRouteTables: denied },
    "OK",
    /has the endpoint ssmmessages/,
  ],
  ...["pendingAcceptance", "rejected", "Failed", "deleting"].map(
    (state): [string, TaskNetwork, Partial<Ec2>, string, RegExp] => [
      `an endpoint that is ${state}`,
      network,
      { describeVpcEndpoints: endpoint(true, state), describeRouteTables: routes(route(undefined)) },
      "NG",
      new RegExp(`an endpoint for ssmmessages that is '${state}'`),
    ],
  ),
  [
    "a public address",
    public_,
    { describeRouteTables: routes(route("igw-1")) },
    "OK",
    /public address 203\.0\.113\.7/,
  ],
  [
    "a public address whose routes may not be seen",
    public_,
    { describeRouteTables: denied },
    "OK",
    /203\.0\.113\.7/,
  ],
  [
    "a public subnet without an address",
    network,
    { describeRouteTables: routes(route("igw-1")) },
    "NG",
    /subnet-1 is public, and the task has no public address/,
  ],
  [
    "no default route",
    network,
    { describeRouteTables: routes(route(undefined)) },
    "NG",
    /subnet-1 has no default route/,
  ],
  [
    "a public address without a route",
    public_,
    { describeRouteTables: routes(route(undefined)) },
    "NG",
    /subnet-1 has no default route/,
  ],
  [
    "a route of another subnet",
    network,
    { describeRouteTables: routes(route("nat-1", ["subnet-2"]), route(undefined)) },
    "NG",
    /subnet-1 has no default route/,
  ],
  [
    "a route of its own",
    network,
    { describeRouteTables: routes(route("nat-1", ["subnet-1"]), route(undefined)) },
    "OK",
    /./,
  ],
  [
    "one of two subnets without a route",
    { ...network, subnets: ["subnet-1", "subnet-2"] },
    { describeRouteTables: routes(route("nat-1", ["subnet-1"]), route(undefined)) },
    "NG",
    /^subnet subnet-2 has no default route, and VPC vpc-1 has no endpoint/,
  ],
  [
    "an endpoint without private DNS",
    network,
    { describeVpcEndpoints: endpoint(false), describeRouteTables: routes(route(undefined)) },
    "NG",
    /an endpoint without private DNS/,
  ],
  ["routes that may not be seen", network, { describeRouteTables: denied }, "SKIP", /not known: Denied\./],
  [
    "endpoints that may not be seen, and no route",
    network,
    { describeVpcEndpoints: denied, describeRouteTables: routes(route(undefined)) },
    "SKIP",
    /not known: Denied\./,
  ],
])("the way to ssmmessages with %s", async (_, of, more, verdict, seen) => {
  const found = await way(of, more);
  expect(found).toMatchObject({ name: "way to ssmmessages", verdict });
  expect(found?.seen).toMatch(seen);
  if (verdict === "NG")
    expect(found).toMatchObject({ fix: expect.stringMatching(/NAT gateway|private DNS|accepted/) as string });
});

describe("the way to a registry in ECR, in a VPC without a route out", () => {
  const registry: Way = { to: "the registry", services: ["ecr.api", "ecr.dkr", "s3"] };
  const interfaceOf = (service: string) => ({
    ...{ serviceName: `com.amazonaws.eu-central-1.${service}`, privateDns: true, routeTables: undefined },
  });
  const gateway = (...routeTables: string[]) => ({
    ...{ serviceName: "com.amazonaws.eu-central-1.s3", privateDns: false, routeTables },
  });
  const way = async (to: Way, endpoints: Awaited<ReturnType<Ec2["describeVpcEndpoints"]>>) => {
    const vpcEndpoints = () => Promise.resolve(endpoints);
    const ec2 = aNetwork({
      describeVpcEndpoints: vpcEndpoints,
      describeRouteTables: routes(route(undefined)),
    });
    return (await checkNetwork(network, ec2, { ways: [to], address: BY_INPUT }))[0];
  };
  const ofEcr = ["ecr.api", "ecr.dkr"].map(interfaceOf);

  it("is OK with its three endpoints together", async () => {
    const found = await way(registry, [...ofEcr, gateway("rtb-main")]);
    expect(found).toMatchObject({ name: "way to the registry", verdict: "OK" });
  });

  it.each([
    [
      "no endpoint",
      [],
      /no endpoint for ecr.api, no endpoint for ecr.dkr, no endpoint for s3/,
      /ecr.api, ecr.dkr, s3\.$/,
    ],
    ["another endpoint", [interfaceOf("ssmmessages")], /no endpoint for ecr.api/, /NAT gateway/],
    ["no gateway to S3", ofEcr, /has no endpoint for s3$/, /or a VPC endpoint for s3\./],
    [
      "a gateway of other subnets",
      [...ofEcr, gateway("rtb-2")],
      /route tables don't/,
      /^Add the subnets' route tables/,
    ],
  ])("is NG with %s", async (_, endpoints, seen, fix) => {
    expect(await way(registry, endpoints)).toMatchObject({
      ...{
        verdict: "NG",
        seen: expect.stringMatching(seen) as string,
        fix: expect.stringMatching(fix) as string,
      },
    });
  });

  it("is NG for another registry, to which no endpoint leads", async () => {
    const found = await way({ to: "the registry", services: [] }, [...ofEcr, gateway("rtb-main")]);
    expect(found).toMatchObject({
      verdict: "NG",
      seen: "subnet subnet-1 has no default route, and no VPC endpoint leads there",
    });
    expect(found).toMatchObject({
      fix: "Give the task a NAT gateway, or 'assign-public-ip: true' in a public subnet.",
    });
  });

  it("is OK when a run can do without it, and says how", async () => {
    const found = await way({ ...registry, without: "none needed" }, []);
    expect(found).toMatchObject({
      verdict: "OK",
      seen: expect.stringMatching(/^none needed: subnet/) as string,
    });
  });
});

it.each([
  ["OK", [{ id: "sg-1", letsHttpsOut: true }]],
  ["NG", [{ id: "sg-1", letsHttpsOut: false }]],
  // The rules of several groups add up.
  [
    "OK",
    [
      { id: "sg-1", letsHttpsOut: false },
      { id: "sg-2", letsHttpsOut: true },
    ],
  ],
])("security groups are %s: %j", async (verdict, groups) => {
  const checks = await checkNetwork(
    network,
    aNetwork({ describeSecurityGroups: () => Promise.resolve(groups) }),
    {
      address: undefined,
    },
  );
  expect(checks[1]).toMatchObject({ name: "security groups", verdict });
});

it("security groups that may not be seen are skipped, and missing ones are NG", async () => {
  const checks = async (securityGroups: Ec2["describeSecurityGroups"]) =>
    (
      await checkNetwork(network, aNetwork({ describeSecurityGroups: securityGroups }), {
        address: undefined,
      })
    )[1];
  expect(await checks(denied)).toMatchObject({ verdict: "SKIP" });
  const fix = "Check 'security-groups'.";
  expect(await checks(() => Promise.resolve([]))).toMatchObject({
    verdict: "NG",
    seen: "there is no sg-1",
    fix,
  });
});

it("a task's network is that of its interface", async () => {
  expect(await findNetworkOfInterface("eni-1", aNetwork())).toEqual(network);
  const skip = { name: "way to ssmmessages", verdict: "SKIP" };
  expect(await findNetworkOfInterface(undefined, aNetwork())).toMatchObject(skip);
  const gone = aNetwork({ describeNetworkInterface: () => Promise.resolve(undefined) });
  expect(await findNetworkOfInterface("eni-1", gone)).toMatchObject(skip);
  const unseen = aNetwork({ describeNetworkInterface: denied });
  expect(await findNetworkOfInterface("eni-1", unseen)).toMatchObject(skip);
});

it("a new task's network is that of its inputs", async () => {
  const start = { subnets: ["subnet-1"], securityGroups: ["sg-1"], assignPublicIp: true };
  expect(await findNetworkOfStart(start, aNetwork())).toEqual({ ...network, hasPublicIp: true });
  expect(
    await findNetworkOfStart(start, aNetwork({ describeSubnets: () => Promise.resolve([]) })),
  ).toMatchObject({
    ...{ verdict: "NG", seen: "there is no subnet-1", fix: "Check 'subnets' and 'region'." },
  });
  expect(await findNetworkOfStart(start, aNetwork({ describeSubnets: denied }))).toMatchObject({
    verdict: "SKIP",
  });
  expect(await findNetworkOfStart({ ...start, subnets: [] }, aNetwork())).toMatchObject({ verdict: "SKIP" });
});

it.each([
  ["a new task", addressOfStart(startInputs()), /, 'assign-public-ip: true' in a public subnet, or a VPC/],
  [
    "a new task on instances",
    addressOfStart(startInputs({ launchType: "EC2" })),
    /^Give the task a NAT gateway, or a VPC/,
  ],
  [
    "a task of a service",
    addressOfTask(aTask({ group: "service:web" })),
    /aws ecs update-service --cluster ci --service web --network-configuration ".*,assignPublicIp=ENABLED\}"/,
  ],
  [
    "a task on instances that the step has started",
    addressOfTask(aTask({ launchType: "EC2" }), true),
    /^Give the task a NAT gateway, or a VPC/,
  ],
  ["another task", addressOfTask(aTask()), /only get when it is started anew/],
])("the fix offers %s a public address only in a way that it can have", async (name, address, fix) => {
  const found = await way(network, { describeRouteTables: routes(route(undefined)) }, address);
  expect(found).toMatchObject({ fix: expect.stringMatching(fix) as string });
  if (name !== "a new task") expect(JSON.stringify(found)).not.toContain("assign-public-ip");
});
