import { readFileSync } from "node:fs";
import { memoryOf } from "../../__tests__/helpers/memory.ts";
import { pidOf, processes } from "../../__tests__/helpers/local.ts";
import type { Task } from "../../local/task/task.ts";

/** Linux counts processor time in hundredths of a second (USER_HZ). */
const TICK_MS = 10;

/** The processor time of a process in milliseconds, and with `children` that of its children that have ended. */
function processorTime(pid: number, children: boolean): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1)?.split(" ") ?? [];
    const ticks = fields.slice(11, children ? 15 : 13).map(Number);
    return ticks.reduce((sum, value) => sum + value, 0) * TICK_MS;
  } catch {
    return 0; // It has ended.
  }
}

/** What a step and its containers cost, looked at again and again. `mark` is a text of the step's environment that no other one has. */
export class Cost {
  /** Milliseconds of processor time of main. */
  main = 0;
  /** Of each container, by its task. */
  readonly containers = new Map<Task, number>();
  /** The memory of main in MiB at each look. */
  readonly memory: number[] = [];
  readonly #mark: string;
  readonly #tasks: () => readonly Task[];
  readonly #timer: NodeJS.Timeout;
  #pid: number | undefined;

  constructor(mark: string, tasks: () => readonly Task[]) {
    this.#mark = mark;
    this.#tasks = tasks;
    this.#timer = setInterval(() => this.look(), 1_000);
  }

  look(): void {
    this.#pid ??= pidOf(this.#mark);
    if (this.#pid !== undefined) {
      this.main = Math.max(this.main, processorTime(this.#pid, false));
      const memory = memoryOf(this.#pid)?.now;
      if (memory !== undefined && memory > 0) this.memory.push(memory);
    }
    for (const task of this.#tasks()) {
      const own = processes(task).reduce((sum, { pid }) => sum + processorTime(pid, true), 0);
      this.containers.set(task, Math.max(this.containers.get(task) ?? 0, own));
    }
  }

  get inContainers(): number {
    return [...this.containers.values()].reduce((sum, value) => sum + value, 0);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
