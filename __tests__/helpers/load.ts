import { availableParallelism, loadavg } from "node:os";

/** How many processes wanted each processor in the last minute (proc(5), `/proc/loadavg`); 1 where fewer did. */
export function processesPerProcessor(): number {
  return Math.max(1, (loadavg()[0] ?? 1) / availableParallelism());
}
