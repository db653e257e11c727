import type { AwsClients } from "./clients.ts";
import type { Ecs } from "./ecs.ts";
import { ecsRequester } from "./ecs-requester.ts";
import { changes } from "./ecs-changes.ts";
import { lookups } from "./ecs-lookups.ts";

export function ecsCalls(clients: AwsClients): Ecs {
  const ask = ecsRequester(clients);
  return { ...lookups(ask, clients.region), ...changes(ask) };
}
