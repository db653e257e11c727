import type { Task } from "../aws/task.ts";
import type { Failure } from "../errors.ts";
import { isReady, rankTasks } from "./choose.ts";
import type { ResolveContext } from "./resolved.ts";

/** Beside the first one; each costs some calls. */
const MOST_OTHERS = 4;

/** The container is in use, or its agent takes no session any more: nothing was started, and another task may do. */
export function hasNoPlace({ code }: Failure): boolean {
  return code === "container-busy" || code === "container-blocked";
}

/** The ready tasks of a service, in the order in which they are tried: after the chosen ones by chance. */
export class Places {
  readonly #ready: readonly Task[];
  readonly #untried: Task[];
  readonly #blocked = new Set<string>();

  constructor(
    found: readonly Task[],
    chosen: readonly Task[],
    { inputs: { container } }: Pick<ResolveContext, "inputs">,
  ) {
    this.#ready = rankTasks(found, container).filter((task) => isReady(task, container));
    const others = this.#ready.filter((task) => !chosen.includes(task));
    this.#untried = shuffled(others).slice(0, MOST_OTHERS);
  }

  get others(): readonly string[] {
    return this.#untried.map(({ arn }) => arn);
  }

  /** The next one that was not tried; after them all, where one may be tried `again`, any that takes sessions. */
  after(lost: string, { code }: Failure, { again }: { readonly again: boolean }): Task | undefined {
    if (code === "container-blocked") this.#blocked.add(lost);
    const next = this.#untried.shift();
    if (next !== undefined || !again) return next;
    return shuffled(this.#ready.filter(({ arn }) => !this.#blocked.has(arn)))[0];
  }
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
