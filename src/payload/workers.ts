/** The number of workers. `auto` is one for each vCPU of the task, rounded up. */
export function workerCount(workers: number | "auto", cpuUnits: number | undefined): number {
  return workers === "auto" ? Math.max(1, Math.ceil((cpuUnits ?? 0) / 1024)) : workers;
}
