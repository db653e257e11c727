import type { Ec2, RouteTable, SecurityGroup, VpcEndpoint } from "../../aws/ec2.ts";
import { type Check, check, lookAt, type Look, passedCheck, skippedCheck, unansweredCheck } from "./check.ts";

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

/** What AWS answered about the ways out of a network. */
interface NetworkFacts {
  readonly network: TaskNetwork;
  readonly endpoints: Look<readonly VpcEndpoint[]>;
  readonly routes: Look<readonly RouteTable[]>;
  /** How the task gets a public address, for the fix; undefined when it can't. */
  readonly address: string | undefined;
}

/** A destination outside the task's network. */
export interface Way {
  /** The check is named "way to" this. */
  readonly to: string;
  /** The services whose VPC endpoints lead there. All of them are needed. Empty when only a route out of the VPC leads there. */
  readonly services: readonly string[];
  /** How a run goes on without the way; undefined when it can't. */
  readonly without?: string;
}

/** The way that the exec agent needs. */
export const TO_MESSAGES: Way = { to: "ssmmessages", services: ["ssmmessages"] };

const WAY = `way to ${TO_MESSAGES.to}`;
const HTTPS = "security groups";

/** The network of a running task, from its network interface; or the check that says why the network isn't known. */
export async function findNetworkOfInterface(
  id: string | undefined,
  ec2: Pick<Ec2, "describeNetworkInterface">,
): Promise<TaskNetwork | Check> {
  if (id === undefined) return skippedCheck(WAY, "not known: ECS names no network interface");
  const look = await lookAt(ec2.describeNetworkInterface(id));
  if ("failure" in look) return unansweredCheck(WAY, look.failure);
  const found = look.value;
  if (found === undefined) return skippedCheck(WAY, "not known: its network interface is gone");
  const { vpcId, publicIp, subnetId, securityGroups } = found;
  const subnets = subnetId === undefined ? [] : [subnetId];
  return { vpcId, subnets, securityGroups, publicIp, hasPublicIp: publicIp !== undefined };
}

/** The network that a new task would get; or the check that says why it isn't known. */
export async function findNetworkOfStart(
  start: {
    readonly subnets: readonly string[];
    readonly securityGroups: readonly string[];
    readonly assignPublicIp: boolean | undefined;
  },
  ec2: Pick<Ec2, "describeSubnets">,
): Promise<TaskNetwork | Check> {
  const { subnets, securityGroups, assignPublicIp = false } = start;
  if (subnets.length === 0) return skippedCheck(WAY, "not known: the task has the network of its instance");
  const look = await lookAt(ec2.describeSubnets(subnets));
  if ("failure" in look) return unansweredCheck(WAY, look.failure);
  const missing = subnets.filter((id) => !look.value.some((found) => found.id === id));
  const [first] = look.value;
  if (first === undefined || missing.length > 0)
    return check(WAY, false, `there is no ${missing.join(", ")}`, "Check 'subnets' and 'region'.");
  return { vpcId: first.vpcId, subnets, securityGroups, publicIp: undefined, hasPublicIp: assignPublicIp };
}

/**
 * Whether the task's requests reach each destination in `ways`, and whether its security groups let HTTPS out. `address`: how the task
 * gets a public address, for the fix; undefined when it can't.
 */
export async function checkNetwork(
  network: TaskNetwork | Check,
  ec2: Pick<Ec2, "describeVpcEndpoints" | "describeRouteTables" | "describeSecurityGroups">,
  { ways = [TO_MESSAGES], address }: { readonly ways?: readonly Way[]; readonly address: string | undefined },
): Promise<readonly Check[]> {
  if ("verdict" in network) return [network];
  const { vpcId, securityGroups } = network;
  const [endpoints, routes, groups] = await Promise.all([
    lookAt(ec2.describeVpcEndpoints(vpcId)),
    lookAt(ec2.describeRouteTables(vpcId)),
    lookAt(ec2.describeSecurityGroups(securityGroups, vpcId)),
  ]);
  const facts = { network, endpoints, routes, address };
  return [...ways.map((way) => wayOut(way, facts)), letsHttpsOut(securityGroups, groups)];
}

function wayOut(way: Way, { network, endpoints, routes, address }: NetworkFacts): Check {
  const { vpcId, subnets, publicIp, hasPublicIp } = network;
  const name = `way to ${way.to}`;
  const tables = "value" in routes ? routes.value : [];
  const known = "value" in endpoints ? endpoints.value : [];
  const lacks = way.services.flatMap((service) => lackOf(service, known, subnets, tables) ?? []);
  if (way.services.length > 0 && lacks.length === 0)
    return passedCheck(
      name,
      `VPC ${vpcId} has ${way.services.map((one) => `the endpoint ${one}`).join(", ")}`,
    );
  if ("failure" in routes) {
    if (publicIp !== undefined) return passedCheck(name, `public address ${publicIp}`);
    return unansweredCheck(name, "failure" in endpoints ? endpoints.failure : routes.failure);
  }
  const wrong = subnets.flatMap((subnet) => whyNoWay(subnet, tables, hasPublicIp) ?? []);
  if (wrong.length === 0) {
    const address = publicIp === undefined ? "public address" : `public address ${publicIp}`;
    return passedCheck(name, hasPublicIp ? address : "a route out of the VPC");
  }
  if ("failure" in endpoints && way.services.length > 0) return unansweredCheck(name, endpoints.failure);
  const seen = [
    wrong.join("; "),
    lacks.length === 0
      ? "no VPC endpoint leads there"
      : `VPC ${vpcId} has ${lacks.map((lack) => lack.seen).join(", ")}`,
  ].join(", and ");
  return way.without === undefined
    ? check(name, false, seen, fixOf(lacks, address))
    : passedCheck(name, `${way.without}: ${seen}`);
}

/** Why no endpoint of a VPC leads from the task's subnets to a service. */
interface Lack {
  readonly service: string;
  readonly seen: string;
  /** The fix for an endpoint that is there but does not lead there. */
  readonly fix?: string;
}

function lackOf(
  service: string,
  endpoints: readonly VpcEndpoint[],
  subnets: readonly string[],
  tables: readonly RouteTable[],
): Lack | undefined {
  const own = endpoints.filter(({ serviceName }) => serviceName.endsWith(`.${service}`));
  const isUsed = ({ routeTables, privateDns }: VpcEndpoint): boolean =>
    routeTables === undefined
      ? privateDns
      : subnets.every((subnet) => routeTables.some((id) => id === tableOf(subnet, tables)?.id));
  const usable = own.filter(isUsable);
  if (usable.some(isUsed)) return undefined;
  const [found = own[0]] = usable;
  if (found === undefined) return { service, seen: `no endpoint for ${service}` };
  if (!isUsable(found))
    return {
      ...{ service, seen: `an endpoint for ${service} that is '${found.state}'` },
      fix: `Have the endpoint for ${service} accepted, or wait for it. Make an endpoint again that was rejected or has failed.`,
    };
  return found.routeTables === undefined
    ? {
        ...{ service, seen: `an endpoint without private DNS for ${service}` },
        fix: `Enable private DNS names of the endpoint for ${service}.`,
      }
    : {
        ...{ service, seen: `an endpoint for ${service} that the subnets' route tables don't lead to` },
        fix: `Add the subnets' route tables to the endpoint for ${service}.`,
      };
}

/** EC2's reference writes the states with a capital, its answers without. */
function isUsable({ state = "available" }: VpcEndpoint): boolean {
  return ["available", "partial"].includes(state.toLowerCase());
}

function fixOf(lacks: readonly Lack[], address: string | undefined): string {
  const fixes = lacks.flatMap(({ fix }) => fix ?? []);
  if (fixes.length === lacks.length && fixes.length > 0) return fixes.join(" ");
  const services = lacks.map(({ service }) => service);
  const endpoints = services.length === 1 ? "a VPC endpoint" : "VPC endpoints";
  const ways = ["a NAT gateway", ...(address === undefined ? [] : [address])];
  return services.length === 0
    ? `Give the task ${ways.join(", or ")}.`
    : `Give the task ${ways.join(", ")}, or ${endpoints} for ${services.join(", ")}.`;
}

function tableOf(subnet: string, tables: readonly RouteTable[]): RouteTable | undefined {
  return tables.find(({ subnets }) => subnets.includes(subnet)) ?? tables.find(({ isMain }) => isMain);
}

function whyNoWay(subnet: string, tables: readonly RouteTable[], hasPublicIp: boolean): string | undefined {
  const target = tableOf(subnet, tables)?.defaultTarget;
  if (target === undefined) return `subnet ${subnet} has no default route`;
  if (target.startsWith("igw-") && !hasPublicIp)
    return `subnet ${subnet} is public, and the task has no public address`;
  return undefined;
}

function letsHttpsOut(wanted: readonly string[], groups: Look<readonly SecurityGroup[]>): Check {
  if ("failure" in groups) return unansweredCheck(HTTPS, groups.failure);
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
