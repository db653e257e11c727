import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** The memory of a process in MiB: now, and its peak. */
export interface Memory {
  readonly now: number;
  readonly most: number;
}

/** Undefined when the process has ended. */
export function memoryOf(pid: number): Memory | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "latin1");
    const field = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0) / 1024;
    return { now: field("VmRSS"), most: field("VmHWM") };
  } catch {
    return undefined;
  }
}

let collect: (() => void) | undefined;

/** Bytes in use after a garbage collection: JavaScript's heap and buffers. */
export function heldBytes(): number {
  if (!collect) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as () => void;
  }
  collect();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
