import type { Ec2, RouteTable, SecurityGroup, VpcEndpoint } from "../../aws/ec2.ts";
import { type Check, check, lookAt, type Look, skipped, unanswered } from "./check.ts";

/** The network of a task that runs or would be started. */
export interface TaskNetwork {
  readonly subnets: readonly string[];
  /** Empty: the VPC's default group. */
  readonly securityGroups: readonly string[];
  /** The public address of a task that runs. */
  readonly publicIp: string | undefined;
  readonly hasPublicIp: boolean;
  readonly vpcId: string;
}

/** What was seen of the way out of a network. */
interface NetworkFacts {
  readonly network: TaskNetwork;
  readonly endpoints: Look<readonly VpcEndpoint[]>;
  readonly routes: Look<readonly RouteTable[]>;
}

const WAY = "way to ssmmessages";
const WAY_FIX =
  "Give the task a NAT gateway, 'assign-public-ip: true' in a public subnet, or a VPC endpoint for ssmmessages.";
const HTTPS = "security groups";

/** The network of a running task by its interface; the check that tells why it isn't known. */
export async function networkOfInterface(
  id: string | undefined,
  ec2: Pick<Ec2, "networkInterface">,
): Promise<TaskNetwork | Check> {
  if (id === undefined) return skipped(WAY, "not known: ECS names no network interface");
  const look = await lookAt(ec2.networkInterface(id));
  if ("failure" in look) return unanswered(WAY, look.failure);
  const found = look.value;
  if (found === undefined) return skipped(WAY, "not known: its network interface is gone");
  const { vpcId, publicIp, subnetId, securityGroups } = found;
  const subnets = subnetId === undefined ? [] : [subnetId];
  return { vpcId, subnets, securityGroups, publicIp, hasPublicIp: publicIp !== undefined };
}

/** The network that a new task would get. */
export async function networkOfStart(
  start: {
    readonly subnets: readonly string[];
    readonly securityGroups: readonly string[];
    readonly assignPublicIp: boolean | undefined;
  },
  ec2: Pick<Ec2, "subnets">,
): Promise<TaskNetwork | Check> {
  const { subnets, securityGroups, assignPublicIp = false } = start;
  if (subnets.length === 0) return skipped(WAY, "not known: the task has the network of its instance");
  const look = await lookAt(ec2.subnets(subnets));
  if ("failure" in look) return unanswered(WAY, look.failure);
  const missing = subnets.filter((id) => !look.value.some((found) => found.id === id));
  const [first] = look.value;
  if (first === undefined || missing.length > 0)
    return check(WAY, false, `there is no ${missing.join(", ")}`, "Check 'subnets' and 'region'.");
  return { vpcId: first.vpcId, subnets, securityGroups, publicIp: undefined, hasPublicIp: assignPublicIp };
}

/** Whether the exec agent's requests get out of the network. */
export async function networkChecks(
  network: TaskNetwork | Check,
  ec2: Pick<Ec2, "vpcEndpoints" | "routeTables" | "securityGroups">,
): Promise<readonly Check[]> {
  if ("verdict" in network) return [network];
  const { vpcId, securityGroups } = network;
  const [endpoints, routes, groups] = await Promise.all([
    lookAt(ec2.vpcEndpoints(vpcId)),
    lookAt(ec2.routeTables(vpcId)),
    lookAt(ec2.securityGroups(securityGroups, vpcId)),
  ]);
  return [wayToMessages({ network, endpoints, routes }), letsHttpsOut(securityGroups, groups)];
}

function wayToMessages({ network, endpoints, routes }: NetworkFacts): Check {
  const { vpcId, subnets, publicIp, hasPublicIp } = network;
  const row = (isGood: boolean, seen: string, fix = WAY_FIX): Check => check(WAY, isGood, seen, fix);
  const own = "value" in endpoints ? endpoints.value.filter(isForMessages) : [];
  if (own.some(({ privateDns }) => privateDns))
    return row(true, `VPC ${vpcId} has the endpoint ${own[0]?.serviceName}`);
  if ("failure" in routes) {
    if (publicIp !== undefined) return row(true, `public address ${publicIp}`);
    return unanswered(WAY, "failure" in endpoints ? endpoints.failure : routes.failure);
  }
  const wrong = subnets.flatMap((subnet) => whyNoWay(subnet, routes.value, hasPublicIp) ?? []);
  if (wrong.length === 0) {
    const address = publicIp === undefined ? "public address" : `public address ${publicIp}`;
    return row(true, hasPublicIp ? address : "a route out of the VPC");
  }
  if ("failure" in endpoints) return unanswered(WAY, endpoints.failure);
  const without = own.length === 0 ? "no endpoint" : "an endpoint without private DNS";
  const fix = own.length === 0 ? WAY_FIX : "Enable private DNS names of the endpoint for ssmmessages.";
  return row(false, `${wrong.join("; ")}, and VPC ${vpcId} has ${without} for ssmmessages`, fix);
}

function isForMessages({ serviceName }: VpcEndpoint): boolean {
  return serviceName.endsWith(".ssmmessages");
}

function whyNoWay(subnet: string, tables: readonly RouteTable[], hasPublicIp: boolean): string | undefined {
  const table = tables.find(({ subnets }) => subnets.includes(subnet)) ?? tables.find(({ isMain }) => isMain);
  const target = table?.defaultTarget;
  if (target === undefined) return `subnet ${subnet} has no default route`;
  if (target.startsWith("igw-") && !hasPublicIp)
    return `subnet ${subnet} is public, and the task has no public address`;
  return undefined;
}

function letsHttpsOut(wanted: readonly string[], groups: Look<readonly SecurityGroup[]>): Check {
  if ("failure" in groups) return unanswered(HTTPS, groups.failure);
  const missing = wanted.filter((id) => !groups.value.some((found) => found.id === id));
  if (missing.length > 0)
    return check(HTTPS, false, `there is no ${missing.join(", ")}`, "Check 'security-groups'.");
  const ids = groups.value.map(({ id }) => id).join(", ");
  // The rules of several groups add up.
  const isGood = groups.value.some((group) => group.letsHttpsOut);
  return check(
    HTTPS,
    isGood,
    isGood ? `${ids} let HTTPS out` : `${ids} let no HTTPS out`,
    `Add an outbound rule for TCP port 443 to one of ${ids}.`,
  );
}
