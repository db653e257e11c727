import { randomBytes } from "node:crypto";
import type { NetworkConfiguration } from "../ecs-shapes.ts";
import { callQueryApi, textsOf } from "../query-api.ts";
import type { Endpoint } from "../signed-fetch.ts";

/** A task's network interface, recorded in moto's EC2. */
export interface NetworkInterface {
  readonly id: string;
  /** Deletes it and releases its public address. */
  release(): Promise<void>;
}

/**
 * Creates the interface that a task's network configuration asks for, with a public address if asked for. Without a subnet, EC2
 * does not know the interface. Rejects with EC2's error text.
 */
export async function createInterface(
  endpoint: Endpoint,
  network: NetworkConfiguration["awsvpcConfiguration"],
): Promise<NetworkInterface> {
  const [subnet] = network?.subnets ?? [];
  if (subnet === undefined)
    return { id: `eni-0${randomBytes(8).toString("hex")}`, release: () => Promise.resolve() };
  const ec2 = (Action: string, parameters: Readonly<Record<string, string>>): Promise<string> =>
    callQueryApi(endpoint, "ec2", { Action, Version: "2016-11-15", ...parameters });
  const groups = network?.securityGroups ?? [];
  const created = await ec2("CreateNetworkInterface", {
    SubnetId: subnet,
    ...Object.fromEntries(groups.map((group, at) => [`SecurityGroupId.${at + 1}`, group])),
  });
  const [id = ""] = textsOf(created, "networkInterfaceId");
  const address =
    network?.assignPublicIp === "ENABLED" ? await ec2("AllocateAddress", { Domain: "vpc" }) : "";
  const [AllocationId] = textsOf(address, "allocationId");
  if (AllocationId !== undefined) await ec2("AssociateAddress", { AllocationId, NetworkInterfaceId: id });
  return {
    id,
    async release() {
      if (AllocationId !== undefined) await ec2("ReleaseAddress", { AllocationId });
      await ec2("DeleteNetworkInterface", { NetworkInterfaceId: id });
    },
  };
}
