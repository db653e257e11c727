import type { Query } from "./query.ts";
import { requireMember } from "./required-member.ts";
import { childOf, itemsOf, textOf, textsOf, type Xml } from "./xml.ts";

/** The calls of EC2, on the network of a task. */
export interface Ec2 {
  /** Undefined when there is no such network interface. */
  describeNetworkInterface(id: string): Promise<NetworkInterface | undefined>;
  /** The interface and gateway endpoints of the VPC. */
  describeVpcEndpoints(vpcId: string): Promise<readonly VpcEndpoint[]>;
  /** Those of `ids` that exist. */
  describeSubnets(ids: readonly string[]): Promise<readonly Subnet[]>;
  describeRouteTables(vpcId: string): Promise<readonly RouteTable[]>;
  /** Those of `ids` that exist, or the default group of the VPC when `ids` is empty. */
  describeSecurityGroups(ids: readonly string[], vpcId: string): Promise<readonly SecurityGroup[]>;
}

export interface NetworkInterface {
  readonly vpcId: string;
  readonly publicIp: string | undefined;
  readonly subnetId: string | undefined;
  readonly securityGroups: readonly string[];
}

export interface VpcEndpoint {
  /** Such as `com.amazonaws.eu-west-1.ssmmessages`. */
  readonly serviceName: string;
  /** Whether the service's own host name leads to it; meaningless for a gateway endpoint. */
  readonly privateDns: boolean;
  /** The route tables that lead to a gateway endpoint. Undefined for an endpoint of another type, which needs none. */
  readonly routeTables: readonly string[] | undefined;
  /** Such as `available`, `pendingAcceptance` or `rejected`. */
  readonly state?: string | undefined;
}

export interface Subnet {
  readonly id: string;
  readonly vpcId: string;
}

export interface RouteTable {
  readonly id: string;
  /** Whether the subnets without a route table of their own use it. */
  readonly isMain: boolean;
  readonly subnets: readonly string[];
  /**
   * The target of the default route, such as the id of a gateway. That route is for all addresses that no narrower
   * route covers. The route of IPv6 counts only where IPv4 has none. Undefined without a default route.
   */
  readonly defaultTarget: string | undefined;
}

export interface SecurityGroup {
  readonly id: string;
  /** Whether it lets TCP to port 443 out, to one destination at least. */
  readonly letsHttpsOut: boolean;
}

export function ec2Calls(query: Query): Ec2 {
  const ask = (action: string, resource: string, parameters: Readonly<Record<string, string>>) =>
    query("ec2", action, resource, parameters);
  return {
    async describeNetworkInterface(id) {
      const resource = `network interface '${id}'`;
      const answer = await ask("DescribeNetworkInterfaces", resource, filter("network-interface-id", [id]));
      const [found] = itemsOf(answer, "networkInterfaceSet");
      return found && networkInterfaceFrom(found);
    },

    async describeVpcEndpoints(vpcId) {
      const answer = await ask("DescribeVpcEndpoints", `VPC '${vpcId}'`, filter("vpc-id", [vpcId]));
      return itemsOf(answer, "vpcEndpointSet").map((endpoint) => ({
        serviceName: requireMember(textOf(endpoint, "serviceName"), "serviceName"),
        privateDns: textOf(endpoint, "privateDnsEnabled") !== "false",
        routeTables:
          textOf(endpoint, "vpcEndpointType") === "Gateway"
            ? textsOf(childOf(endpoint, "routeTableIdSet"), "item")
            : undefined,
        state: textOf(endpoint, "state"),
      }));
    },

    async describeSubnets(ids) {
      const answer = await ask("DescribeSubnets", `subnets ${ids.join(", ")}`, filter("subnet-id", ids));
      return itemsOf(answer, "subnetSet").map((subnet) => ({
        id: requireMember(textOf(subnet, "subnetId"), "subnetId"),
        vpcId: requireMember(textOf(subnet, "vpcId"), "vpcId"),
      }));
    },

    async describeRouteTables(vpcId) {
      const answer = await ask("DescribeRouteTables", `VPC '${vpcId}'`, filter("vpc-id", [vpcId]));
      return itemsOf(answer, "routeTableSet").map(routeTableFrom);
    },

    async describeSecurityGroups(ids, vpcId) {
      const ofVpc = { ...filter("vpc-id", [vpcId]), ...filter("group-name", ["default"], 2) };
      const which = ids.length === 0 ? ofVpc : filter("group-id", ids);
      const resource = `security groups ${ids.join(", ") || `of VPC '${vpcId}'`}`;
      const answer = await ask("DescribeSecurityGroups", resource, which);
      return itemsOf(answer, "securityGroupInfo").map((group) => ({
        id: requireMember(textOf(group, "groupId"), "groupId"),
        letsHttpsOut: itemsOf(group, "ipPermissionsEgress").some(isForHttps),
      }));
    },
  };
}

/** Undefined when EC2 names no VPC for it. */
function networkInterfaceFrom(found: Xml): NetworkInterface | undefined {
  const vpcId = textOf(found, "vpcId");
  if (vpcId === undefined) return undefined;
  return {
    vpcId,
    publicIp: textOf(childOf(found, "association"), "publicIp"),
    subnetId: textOf(found, "subnetId"),
    securityGroups: itemsOf(found, "groupSet").flatMap((group) => textOf(group, "groupId") ?? []),
  };
}

/** Asked by a filter, an id that does not exist gives an empty answer. A call that names it outside of one fails. */
function filter(name: string, values: readonly string[], number = 1): Readonly<Record<string, string>> {
  return {
    [`Filter.${number}.Name`]: name,
    ...Object.fromEntries(values.map((value, i) => [`Filter.${number}.Value.${i + 1}`, value])),
  };
}

/** The members of a route that may name its target. */
const TARGETS = [
  ...["gatewayId", "natGatewayId", "transitGatewayId", "networkInterfaceId", "instanceId"],
  ...["vpcPeeringConnectionId", "egressOnlyInternetGatewayId", "carrierGatewayId", "localGatewayId"],
  "coreNetworkArn",
];

function routeTableFrom(table: Xml): RouteTable {
  const associations = itemsOf(table, "associationSet");
  const routes = itemsOf(table, "routeSet").filter((one) => textOf(one, "state") !== "blackhole");
  const route =
    routes.find((one) => textOf(one, "destinationCidrBlock") === "0.0.0.0/0") ??
    routes.find((one) => textOf(one, "destinationIpv6CidrBlock") === "::/0");
  return {
    id: requireMember(textOf(table, "routeTableId"), "routeTableId"),
    isMain: associations.some((one) => textOf(one, "main") === "true"),
    subnets: associations.flatMap((one) => textOf(one, "subnetId") ?? []),
    defaultTarget: route && TARGETS.map((name) => textOf(route, name)).find(Boolean),
  };
}

function isForHttps(permission: Xml): boolean {
  const protocol = textOf(permission, "ipProtocol");
  if (protocol === "-1") return true;
  const [from, to] = [Number(textOf(permission, "fromPort")), Number(textOf(permission, "toPort"))];
  return (protocol === "tcp" || protocol === "6") && from <= 443 && to >= 443;
}
