/** `auto` is one worker for each vCPU of the task, a fraction counted as one. */
export function workerCount(workers: number | "auto", cpuUnits: number | undefined): number {
  return workers === "auto" ? Math.max(1, Math.ceil((cpuUnits ?? 0) / 1024)) : workers;
}
