import type { TaskSelection } from "../../src/inputs/inputs.ts";
import type { ResolveContext } from "../../src/targets/resolve-context.ts";
import type { MadeResource } from "../../src/targets/made/made-resource.ts";
import { aTarget } from "./runs.ts";
import { Listener } from "./listener.ts";
import { SleeplessClock } from "./stepped-clock.ts";
import { origin } from "./start-inputs.ts";

/** The target of `aTask()`. */
export const target = aTarget();

export interface ResolveRig extends ResolveContext {
  readonly log: Listener;
  readonly clock: SleeplessClock;
  /** The reported events in order, with those that a test adds. */
  readonly events: unknown[];
}

/** A context with the given answers of ECS. Any other call fails the test. */
export function resolveContextOf(
  where: TaskSelection,
  ecs: Partial<ResolveContext["ecs"]>,
  more: Partial<ResolveContext> & { readonly container?: string } = {},
): ResolveRig {
  const unasked = (name: string) => () => Promise.reject(new Error(`${name} was asked`));
  const names = [
    "describeTask",
    "describeTasks",
    "listTasks",
    "describeService",
    "describeExpressService",
    "describeServiceRevision",
  ] as const;
  const others = ["describeTaskDefinition", "registerTaskDefinition", "listDefinitionFamilies"] as const;
  const changes = ["runTask", "stopTask", "deregisterTaskDefinition", "deleteTaskDefinition"] as const;
  const all = Object.fromEntries([...names, ...others, ...changes].map((name) => [name, unasked(name)]));
  const events: unknown[] = [];
  const { container, ...rest } = more;
  return {
    inputs: {
      cluster: "ci",
      where,
      container,
      region: "eu-central-1",
      timeout: 60_000,
      startTimeout: 600_000,
      maxParallel: undefined,
    },
    ecs: { ...(all as unknown as ResolveContext["ecs"]), ...ecs },
    origin,
    readFile: () => Buffer.alloc(0),
    signal: undefined,
    onUndo: (undo: readonly MadeResource[]) => events.push(undo),
    ...rest,
    log: new Listener(),
    clock: new SleeplessClock(),
    events,
  };
}
