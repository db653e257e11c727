import { type Query, textsOf } from "./query.ts";

/** The calls of EC2, on the network of a task. */
export interface Ec2 {
  /** Undefined where there is no such network interface. */
  networkInterface(id: string): Promise<NetworkInterface | undefined>;
  /** Names of the services that the VPC has interface or gateway endpoints for. */
  vpcEndpoints(vpcId: string): Promise<readonly string[]>;
}

export interface NetworkInterface {
  readonly vpcId: string;
  readonly publicIp: string | undefined;
}

export function ec2Calls(query: Query): Ec2 {
  return {
    async networkInterface(id) {
      const resource = `network interface '${id}'`;
      const xml = await query("ec2", "DescribeNetworkInterfaces", resource, { "NetworkInterfaceId.1": id });
      const [vpcId] = textsOf(xml, "vpcId");
      return vpcId === undefined ? undefined : { vpcId, publicIp: textsOf(xml, "publicIp")[0] };
    },

    async vpcEndpoints(vpcId) {
      const filter = { "Filter.1.Name": "vpc-id", "Filter.1.Value.1": vpcId };
      return textsOf(await query("ec2", "DescribeVpcEndpoints", `VPC '${vpcId}'`, filter), "serviceName");
    },
  };
}
