import type { AwsClients } from "./clients.ts";
import type { Ecs } from "./ecs.ts";
import { askingEcs } from "./ecs-ask.ts";
import { changes } from "./ecs-changes.ts";
import { lookups } from "./ecs-lookups.ts";

export function ecsCalls(clients: AwsClients): Ecs {
  const ask = askingEcs(clients);
  return { ...lookups(ask, clients.region), ...changes(ask) };
}
