import type { ECSClient } from "@aws-sdk/client-ecs";
import type { AwsClients } from "./clients.ts";
import { attempt } from "./failures.ts";
import type { Sender } from "./services.ts";
import type { Call } from "./thrown.ts";

/** Makes one call of ECS. `names` are for messages. */
export type EcsRequester = <T>(
  action: string,
  resource: string,
  names: Partial<Call>,
  send: (client: Sender<ECSClient>, options: { readonly abortSignal?: AbortSignal }) => Promise<T>,
) => Promise<T>;

export function ecsRequester(clients: AwsClients): EcsRequester {
  const { signal, region } = clients;
  const options = signal ? { abortSignal: signal } : {};
  return (action, resource, names, send) =>
    attempt({ service: "ecs", action: `ecs:${action}`, resource, region, ...names }, signal, async () =>
      send(await clients.ecs(), options),
    );
}
