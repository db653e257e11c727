import type { Task } from "../aws/task.ts";
import { isReady, rankTasks } from "./choose.ts";
import type { Launcher } from "./launcher.ts";

/** What may take the place of a target in which the job can't start. */
export type Candidates =
  /** Nothing: the user named the task. */
  | { readonly kind: "none" }
  | ServiceTasks
  /** New tasks, started as the first ones were. */
  | { readonly kind: "new"; readonly launcher: Launcher };

/** ARNs of the tasks that are tried before a place in the first one is waited for. */
export function othersToTry(candidates: Candidates): readonly string[] {
  return candidates.kind === "service" ? candidates.others : [];
}

/** Beside the first one; each costs some calls. */
const MOST_OTHERS = 4;

/** The tasks of a service: those that the jobs of this run have taken, and those that are left to try. */
export class ServiceTasks {
  readonly kind = "service";
  readonly cluster: string;
  readonly service: string;
  /** Of the untried ones those that a job may be moved to; none where each job has a task of its own. */
  readonly others: readonly string[];
  readonly #ready: readonly Task[];
  readonly #untried: Task[];
  readonly #taken: Set<string>;
  readonly #successors = new Set<string>();
  readonly #blocked = new Set<string>();
  readonly #isOnlyJob: boolean;

  constructor(
    { cluster, service }: { readonly cluster: string; readonly service: string },
    found: readonly Task[],
    chosen: readonly Task[],
    { container, isOnlyJob }: { readonly container: string | undefined; readonly isOnlyJob: boolean },
  ) {
    this.cluster = cluster;
    this.service = service;
    this.#ready = rankTasks(found, container).filter((task) => isReady(task, container));
    const others = this.#ready.filter((task) => !chosen.includes(task));
    this.#untried = shuffled(others).slice(0, MOST_OTHERS);
    this.#taken = new Set(chosen.map(({ arn }) => arn));
    this.#isOnlyJob = isOnlyJob;
    this.others = isOnlyJob ? this.#untried.map(({ arn }) => arn) : [];
  }

  /** The next task that was not tried; after them all, for an only job, any that takes sessions. It is taken then. */
  takeNext(): Task | undefined {
    const next =
      this.#untried.shift() ??
      (this.#isOnlyJob ? shuffled(this.#ready.filter(({ arn }) => !this.#blocked.has(arn)))[0] : undefined);
    if (next !== undefined) this.#taken.add(next.arn);
    return next;
  }

  /** The agent of this task takes no session any more. */
  block(taskArn: string): void {
    this.#blocked.add(taskArn);
  }

  /** The best of `tasks` that no job has taken. It is taken then, as a successor. */
  takeSuccessor(tasks: readonly Task[], container: string | undefined): Task | undefined {
    const next = rankTasks(tasks, container).find(({ arn }) => !this.#taken.has(arn));
    if (next === undefined) return undefined;
    this.#taken.add(next.arn);
    this.#successors.add(next.arn);
    return next;
  }

  /** A successor has no successor of its own: a service that replaces task after task has another trouble. */
  isSuccessor(taskArn: string): boolean {
    return this.#successors.has(taskArn);
  }
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
