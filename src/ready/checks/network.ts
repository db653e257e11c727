import type { Ec2 } from "../../aws/ec2.ts";
import type { Task } from "../../aws/task.ts";
import { Failure } from "../../errors.ts";
import type { Check } from "./check.ts";

const WHAT = "way to ssmmessages";

/**
 * Checks that the task's network has a public address or a VPC endpoint for the message gateway. Without either it
 * may still have a NAT gateway, which is not checked.
 */
export async function networkCheck(task: Task, ec2: Ec2): Promise<Check> {
  const fix =
    "Give the task a NAT gateway, 'assign-public-ip: true' in a public subnet, or a VPC endpoint for ssmmessages.";
  const skip = (words: string): Check => ({ what: WHAT, state: "SKIP", words, fix });
  if (task.networkInterfaceId === undefined) return skip("not known: ECS names no network interface");
  try {
    const found = await ec2.networkInterface(task.networkInterfaceId);
    if (found === undefined) return skip("not known: its network interface is gone");
    if (found.publicIp !== undefined)
      return { what: WHAT, state: "OK", words: `public address ${found.publicIp}`, fix };
    const endpoint = (await ec2.vpcEndpoints(found.vpcId)).find((name) => name.endsWith(".ssmmessages"));
    if (endpoint !== undefined)
      return { what: WHAT, state: "OK", words: `VPC ${found.vpcId} has the endpoint ${endpoint}`, fix };
    return skip(`no public address and no endpoint in VPC ${found.vpcId}, so it needs a NAT gateway. ${fix}`);
  } catch (error) {
    if (error instanceof Failure && error.code !== "cancelled") return skip(`not known: ${error.seen}`);
    throw error;
  }
}
