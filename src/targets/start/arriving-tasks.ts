import type { Task } from "../../aws/task.ts";
import type { StartedTasks } from "./start-tasks.ts";

export interface ArrivalWatch {
  /** Called with tasks as soon as they are there, in the order in which they were asked for. */
  readonly onNext: (tasks: readonly Task[]) => void;
  /** Aborts when no further task is wanted. A call that is under way goes on. */
  readonly over: AbortSignal;
}

export interface ArrivingTasksOptions {
  readonly count: number;
  readonly start: (watch: ArrivalWatch) => Promise<StartedTasks>;
  /** Called when ECS has started some tasks, but fewer than `count`. Not called after `close`. */
  readonly onMissing: (missing: number, why: unknown) => void;
  /** The step's cancel, which ends the start between two calls, too. */
  readonly cancel?: AbortSignal | undefined;
}

/** Tasks that ECS starts. Each can be used as soon as it and those asked for before it are there, while others are still to come. */
export class ArrivingTasks {
  readonly #arrived: Task[] = [];
  readonly #waiting: { readonly resolve: (task: Task) => void; readonly reject: (why: Error) => void }[] = [];
  readonly #ended: Promise<void>;
  readonly #over = new AbortController();
  #count = 0;
  #why: Error | undefined;

  constructor({ count, start, onMissing, cancel }: ArrivingTasksOptions) {
    const end = (why: Error): void => {
      if (this.#count > 0 && this.#count < count && !this.#over.signal.aborted)
        onMissing(count - this.#count, why);
      this.#why = why;
      for (const { reject } of this.#waiting.splice(0)) reject(why);
    };
    this.#ended = start({
      onNext: (tasks) => this.#add(tasks),
      over: this.#over.signal,
    }).then(
      ({ refusal }) => {
        const cancelled = cancel?.aborted === true ? (cancel.reason as Error) : undefined;
        end(refusal ?? cancelled ?? new Error("no further task is started"));
      },
      (error: unknown) => end(error as Error),
    );
  }

  /** The next task. Waits until ECS has started it. Rejects with the reason when no further task comes. Calls are served in their order. */
  async next(): Promise<Task> {
    const task = this.#arrived.shift();
    if (task !== undefined) return task;
    if (this.#why !== undefined) throw this.#why;
    return await new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** Removes and returns the tasks that are there and that no `next` has taken. */
  takeArrived(): readonly Task[] {
    return this.#arrived.splice(0);
  }

  /** Asks for no further task. Resolves when no call is under way. */
  async close(): Promise<void> {
    this.#over.abort();
    await this.#ended;
  }

  #add(tasks: readonly Task[]): void {
    this.#count += tasks.length;
    for (const task of tasks) {
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#arrived.push(task);
      else waiting.resolve(task);
    }
  }
}
