import { setTimeout as sleep } from "node:timers/promises";
import type { Clients } from "../clients.ts";
import type { JsonObject } from "../template.ts";

export interface CreatedResource {
  /** What Ref gives: a name, an id or an ARN. It also tells `remove` what to remove. */
  readonly id: string;
  /** What GetAtt gives. */
  readonly attributes?: Readonly<Record<string, string>>;
}

/** How the resources of one type are made. A property that is not listed is refused, since it would be left out. */
export interface ResourceType<P = JsonObject> {
  readonly properties: readonly (keyof P & string)[];
  make(properties: P, clients: Clients): Promise<CreatedResource>;
  /** The calls after the one that makes it. When they fail, the resource is removed like a whole one. */
  complete?(properties: P, clients: Clients, made: CreatedResource): Promise<void>;
  remove(id: string, clients: Clients): Promise<void>;
}

/** CloudFormation waits for hours; a client of the local Fargate waits for its answer meanwhile. */
const PATIENCE_MS = 45_000;

/** Looks until something is so. Fails with what it waits for. */
export async function waitUntilSettled(what: string, look: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!(await look())) {
    if (Date.now() > end) throw new Error(`${what} within ${PATIENCE_MS / 1000} s`);
    await sleep(50);
  }
}
