import { setTimeout as sleep } from "node:timers/promises";
import type { Clients } from "../clients.ts";
import type { JsonObject } from "../template.ts";

export interface CreatedResource {
  /** What Ref gives: a name, an id or an ARN. `remove` gets it, too. */
  readonly id: string;
  /** What GetAtt gives. */
  readonly attributes?: Readonly<Record<string, string>>;
}

/** Makes and removes the resources of one type. */
export interface ResourceType<P = JsonObject> {
  /** The known properties. A template with any other one is refused, since `make` would ignore it. */
  readonly properties: readonly (keyof P & string)[];
  make(properties: P, clients: Clients): Promise<CreatedResource>;
  /** Makes the calls that follow `make`. When it fails, the resource is removed like a complete one. */
  complete?(properties: P, clients: Clients, made: CreatedResource): Promise<void>;
  remove(id: string, clients: Clients): Promise<void>;
}

/** CloudFormation waits for hours. Here the wait is short, since the client waits for its answer meanwhile. */
const PATIENCE_MS = 45_000;

/** Resolves once the condition holds. Rejects with `failure`, such as "The tasks did not stop", and the time limit. */
export async function waitUntilSettled(failure: string, holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`${failure} within ${PATIENCE_MS / 1000} s`);
    await sleep(50);
  }
}
