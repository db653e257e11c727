import { execFileSync } from "node:child_process";
import { asRoot } from "../../local/task/isolate.ts";
import type { Task } from "../../local/task/task.ts";

/** The host's pid of PID 1 in a task's first container. */
export function pidIn(task: Task): number {
  return task.containers[0]?.handle?.pid ?? 0;
}

/** Gives a directory of a container a disk of its own, of a size such as `512k`. A container's own root may not mount anything. */
export function mountDisk(task: Task, directory: string, size: string): void {
  const enter = [
    `--target=${pidIn(task)}`,
    "--mount",
    ...(asRoot ? [] : ["--user", "--preserve-credentials"]),
  ];
  const script = 'mkdir -p "$1" && mount -t tmpfs -o "size=$2,mode=755" tmpfs "$1"';
  execFileSync("nsenter", [...enter, "--root", "--", "/bin/sh", "-c", script, "sh", directory, size]);
}
