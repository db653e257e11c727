import { readFileSync } from "node:fs";
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

/** The memory of a process in MiB, all garbage collected: what it keeps, and all that it has of the machine. */
export interface MemorySample {
  readonly pid: number;
  readonly kept: number;
  readonly whole: number;
}

/** What the probe has written into this file of the process that wrote first, in its order. */
export function samplesIn(file: string): readonly MemorySample[] {
  const lines = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "");
  const samples = lines.map((line) => JSON.parse(line) as MemorySample);
  return samples.filter(({ pid }) => pid === samples[0]?.pid);
}

/** What a step and its containers cost, looked at again and again. `mark` is a text of the step's environment that no other one has. */
export class Cost {
  /** Milliseconds of processor time of main. */
  main = 0;
  /** Of each container, by its task. */
  readonly containers = new Map<Task, number>();
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
    if (this.#pid !== undefined) this.main = Math.max(this.main, processorTime(this.#pid, false));
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
