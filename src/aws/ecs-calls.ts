import type { AwsClients } from "./clients.ts";
import type { Ecs } from "./ecs.ts";
import { ecsRequester } from "./ecs-requester.ts";
import { changeCalls } from "./ecs-changes.ts";
import { deploymentCalls } from "./ecs-deployments.ts";
import { lookupCalls } from "./ecs-lookups.ts";
import { protectionCalls } from "./ecs-protection.ts";

export function ecsCalls(clients: AwsClients): Ecs {
  const ask = ecsRequester(clients);
  return {
    ...lookupCalls(ask, clients.region),
    ...changeCalls(ask),
    ...protectionCalls(ask),
    ...deploymentCalls(ask),
  };
}
