import type { Task } from "../../aws/task.ts";
import type { Random } from "../../clock.ts";
import { isReady, rankTasks } from "./choose-tasks.ts";

/** The most tasks that a job tries after its first one. Each try costs several calls. */
const MOST_OTHERS = 4;

/** The tasks of a service: those that the jobs of this run have taken, and those that can still be tried. */
export class ServiceCandidates {
  readonly kind = "service";
  readonly cluster: string;
  readonly service: string;
  /** The tasks that a job may try after its first one, tried or not. Empty when the step runs several jobs, one in each task. */
  readonly others: readonly string[];
  readonly #ready: readonly Task[];
  #untried: Task[];
  readonly #taken: Set<string>;
  /** The `startedBy` of the tasks that were chosen first, which is the id of their deployment. */
  readonly #deployments: ReadonlySet<string | undefined>;
  readonly #successors = new Set<string>();
  readonly #blocked = new Set<string>();
  readonly #isOnlyJob: boolean;
  readonly #random: Random;

  constructor(
    { cluster, service }: { readonly cluster: string; readonly service: string },
    found: readonly Task[],
    chosen: readonly Task[],
    {
      container,
      isOnlyJob,
      random,
    }: { readonly container: string | undefined; readonly isOnlyJob: boolean; readonly random: Random },
  ) {
    this.cluster = cluster;
    this.service = service;
    this.#random = random;
    this.#ready = rankTasks(found, container).filter((task) => isReady(task, container));
    const others = this.#ready.filter((task) => !chosen.includes(task));
    this.#untried = shuffle(others, random).slice(0, MOST_OTHERS);
    this.#taken = new Set(chosen.map(({ arn }) => arn));
    this.#deployments = new Set(chosen.map(({ startedBy }) => startedBy));
    this.#isOnlyJob = isOnlyJob;
    this.others = isOnlyJob ? this.#untried.map(({ arn }) => arn) : [];
  }

  /**
   * Takes the next untried task. When all have been tried, the job of a step with one job takes any ready task again,
   * unless it is blocked.
   */
  takeNext(): Task | undefined {
    const next =
      this.#untried.shift() ??
      (this.#isOnlyJob
        ? shuffle(
            this.#ready.filter(({ arn }) => !this.#blocked.has(arn)),
            this.#random,
          )[0]
        : undefined);
    if (next !== undefined) this.#taken.add(next.arn);
    return next;
  }

  /** Records that this task takes no session any more, or no forward. */
  block(taskArn: string): void {
    this.#blocked.add(taskArn);
    this.#untried = this.#untried.filter(({ arn }) => arn !== taskArn);
  }

  /**
   * Those of `tasks` that are of the deployment of the tasks that were chosen first. A later deployment may have brought the others, with the
   * same definition.
   */
  ofSameDeployment(tasks: readonly Task[]): readonly Task[] {
    return tasks.filter(({ startedBy }) => this.#deployments.has(startedBy));
  }

  /** The best of `tasks` that no job has taken. Marks that task as taken, and as a successor. */
  takeSuccessor(tasks: readonly Task[], container: string | undefined): Task | undefined {
    const next = rankTasks(tasks, container).find(({ arn }) => !this.#taken.has(arn));
    if (next === undefined) return undefined;
    this.#taken.add(next.arn);
    this.#successors.add(next.arn);
    return next;
  }

  /**
   * For a step with one job: the best ready one of `tasks`, though the job has passed it by before, such as for want of a seat. Not `lost`, and none
   * that is blocked. Marks that task as a successor.
   */
  takeAgain(tasks: readonly Task[], container: string | undefined, lost: string): Task | undefined {
    if (!this.#isOnlyJob) return undefined;
    const next = rankTasks(tasks, container).find(
      (task) => task.arn !== lost && !this.#blocked.has(task.arn) && isReady(task, container),
    );
    if (next !== undefined) this.#successors.add(next.arn);
    return next;
  }

  /**
   * Whether this task was taken as a successor. A successor gets no successor: a service that replaces task after task has
   * a problem that a further replacement does not solve.
   */
  isSuccessor(taskArn: string): boolean {
    return this.#successors.has(taskArn);
  }
}

function shuffle<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, at: random.fraction() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
