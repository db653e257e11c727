import type { Ec2 } from "../../src/aws/ec2.ts";

/** A private subnet behind a NAT gateway, without endpoints, changed by the given answers. */
export function aNetwork(more: Partial<Ec2> = {}): Ec2 {
  return {
    describeNetworkInterface: () =>
      Promise.resolve({
        vpcId: "vpc-1",
        publicIp: undefined,
        subnetId: "subnet-1",
        securityGroups: ["sg-1"],
      }),
    describeVpcEndpoints: () => Promise.resolve([]),
    describeSubnets: (ids) => Promise.resolve(ids.map((id) => ({ id, vpcId: "vpc-1" }))),
    describeRouteTables: () =>
      Promise.resolve([{ id: "rtb-1", isMain: true, subnets: [], defaultTarget: "nat-1" }]),
    describeSecurityGroups: () => Promise.resolve([{ id: "sg-1", letsHttpsOut: true }]),
    ...more,
  };
}
