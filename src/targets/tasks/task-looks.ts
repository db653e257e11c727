import type { TaskDefinition } from "../../aws/task-definition.ts";
import type { Ecs } from "../../aws/ecs.ts";
import { once } from "../../aws/once.ts";
import type { Task } from "../../aws/task.ts";
import type { Clock } from "../../clock.ts";

/** The most tasks of one DescribeTasks call. */
const TASKS_A_LOOK = 100;
/** How long a description of a task serves its job's first look. A job may begin much later when 'max-parallel' holds it back. */
const DESCRIBED_FRESH_MS = 10_000;
/** How long an answer serves all jobs. A job that waits looks about every two seconds. */
const FRESH_MS = 2_000;

export interface TaskLooksOptions {
  readonly ecs: Pick<Ecs, "describeTask" | "describeTasks" | "describeTaskDefinition">;
  /** ARNs of the tasks that the jobs may run in, all in one cluster. */
  readonly tasks: readonly string[];
  /** Tasks that ECS has just described. The first look at each of them, within ten seconds, makes no call. */
  readonly described: readonly Task[];
  readonly clock: Clock;
  /** Whether tasks that are not known yet come later. */
  readonly more?: boolean;
}

/**
 * Shares DescribeTasks among the jobs of one run. A look at one of several tasks describes all of them, or the hundred that
 * one call takes. For two seconds the answer serves every look at a task that was known then. Task definitions don't change,
 * so each is described once.
 */
export class TaskLooks implements Pick<Ecs, "describeTask" | "describeTaskDefinition"> {
  readonly describeTaskDefinition: (name: string) => Promise<TaskDefinition>;
  readonly #ecs: TaskLooksOptions["ecs"];
  readonly #clock: Clock;
  /** The number of each task. A hundred in a row are described together. */
  readonly #tasks: Map<string, number>;
  readonly #together: boolean;
  /** Descriptions of tasks, for their first looks, and when ECS gave them. */
  readonly #described = new Map<string, { readonly task: Task; readonly at: number }>();
  readonly #privateIps = new Map<string, string>();
  readonly #startedAt = new Map<string, number>();
  readonly #last = new Map<string, Task>();
  readonly #listeners = new Map<string, Set<(task: Task) => void>>();
  /** The last look at each hundred. */
  readonly #latest = new Map<number, SharedLook>();

  constructor({ ecs, tasks, described, clock, more = false }: TaskLooksOptions) {
    this.#ecs = ecs;
    this.#clock = clock;
    this.#tasks = new Map(tasks.map((arn, number) => [arn, number]));
    this.#together = tasks.length > 1 || more;
    for (const task of described) this.add(task);
    this.describeTaskDefinition = once((name) => ecs.describeTaskDefinition(name));
  }

  /** A task that ECS has just described. Tasks that are added together share their next look. */
  add(task: Task): void {
    this.#described.set(task.arn, { task, at: this.#clock.now() });
    this.#numberOf(task.arn);
  }

  /** Undefined when ECS knows no such task. */
  describeTask = async (cluster: string, arn: string): Promise<Task | undefined> => {
    const task = this.#takeDescribed(arn) ?? (await this.#look(cluster, arn));
    if (task !== undefined) this.#learn(task);
    return task;
  };

  /** The task's address in its VPC; undefined while no look has found one. */
  privateIp(arn: string): string | undefined {
    return this.#privateIps.get(arn);
  }

  /** When the task started, in milliseconds since the epoch; undefined while no look has told it. */
  startedAt(arn: string): number | undefined {
    return this.#startedAt.get(arn);
  }

  /** The task as the last look has found it; undefined while no look has. */
  lastLook(arn: string): Task | undefined {
    return this.#last.get(arn);
  }

  /** Calls the listener with the task at each look that finds it. */
  onLook(arn: string, listener: (task: Task) => void): void {
    const listeners = this.#listeners.get(arn) ?? new Set();
    this.#listeners.set(arn, listeners.add(listener));
  }

  #takeDescribed(arn: string): Task | undefined {
    const described = this.#described.get(arn);
    this.#described.delete(arn);
    const isFresh = described !== undefined && this.#clock.now() - described.at < DESCRIBED_FRESH_MS;
    return isFresh ? described.task : undefined;
  }

  #numberOf(arn: string): number {
    const known = this.#tasks.get(arn) ?? this.#tasks.size;
    this.#tasks.set(arn, known);
    return known;
  }

  #learn(task: Task): void {
    const { arn, privateIp, startedAt } = task;
    this.#last.set(arn, task);
    if (startedAt !== undefined) this.#startedAt.set(arn, startedAt);
    if (privateIp !== undefined) this.#privateIps.set(arn, privateIp);
    for (const listener of this.#listeners.get(arn) ?? []) listener(task);
  }

  async #look(cluster: string, arn: string): Promise<Task | undefined> {
    if (!this.#together) return await this.#ecs.describeTask(cluster, arn);
    const number = this.#numberOf(arn);
    const group = groupOf(number);
    const known = this.#latest.get(group);
    if (known === undefined || number >= known.count || this.#clock.now() - known.at >= FRESH_MS) {
      const some = [...this.#tasks].flatMap(([one, at]) => (groupOf(at) === group ? [one] : []));
      const answer = this.#ecs.describeTasks(cluster, some);
      this.#latest.set(group, { at: this.#clock.now(), count: this.#tasks.size, answer });
    }
    const mine = this.#latest.get(group);
    try {
      return (await mine?.answer)?.find((task) => task.arn === arn);
    } catch (error) {
      if (this.#latest.get(group) === mine) this.#latest.delete(group);
      throw error;
    }
  }
}

/** A look at a hundred tasks. */
interface SharedLook {
  readonly at: number;
  /** How many tasks were known. */
  readonly count: number;
  readonly answer: Promise<readonly Task[]>;
}

function groupOf(number: number): number {
  return Math.floor(number / TASKS_A_LOOK);
}
