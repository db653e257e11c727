import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

const TICKS_A_SECOND = 100;

/** Seconds of a processor. */
export interface ProcessorTime {
  /** Of this process and all of its descendants, including those that have ended and were waited for. */
  readonly own: number;
  /** Of all processes of the machine. */
  readonly all: number;
}

/** The processor time so far. The difference of two is the time used between them, unless a descendant ended and was not waited for. */
export function processorTime(): ProcessorTime {
  const parents = new Map<number, { readonly parent: number; readonly ticks: number }>();
  for (const name of readdirSync("/proc").filter((each) => /^\d+$/.test(each))) {
    const found = statOf(Number(name));
    if (found !== undefined) parents.set(Number(name), found);
  }
  const isOwn = (pid: number): boolean => {
    const parent = parents.get(pid)?.parent ?? 0;
    return pid === process.pid || (parent > 1 && isOwn(parent));
  };
  const own = [...parents].filter(([pid]) => isOwn(pid)).reduce((sum, [, { ticks }]) => sum + ticks, 0);
  const [, user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0] = readFileSync("/proc/stat", "latin1")
    .split("\n", 1)
    .flatMap((line) => line.split(/ +/).map(Number));
  return { own: own / TICKS_A_SECOND, all: (user + nice + system + irq + softIrq) / TICKS_A_SECOND };
}

/** The process's parent, and its user and system ticks together with those of the children that it has waited for: proc(5), `stat`. */
function statOf(pid: number): { readonly parent: number; readonly ticks: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ticks = fields.slice(11, 15).reduce((sum, each) => sum + Number(each), 0);
    return { parent: Number(fields[1]), ticks };
  } catch {
    return undefined; // It has ended meanwhile.
  }
}

/** How many processors other programs have left to this process and its descendants between the two measurements. */
export function coresLeft(before: ProcessorTime, after: ProcessorTime, seconds: number): number {
  const others = after.all - before.all - (after.own - before.own);
  return availableParallelism() - others / seconds;
}
