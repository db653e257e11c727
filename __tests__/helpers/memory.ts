import { readFileSync } from "node:fs";
import type { Task } from "../../local/task/task.ts";
import { processes } from "./local.ts";

/** MiB of a process: now, and the most it ever had. */
export interface Memory {
  readonly now: number;
  readonly most: number;
}

/** Undefined where the process has ended. */
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

/** Programs of ours in a container, by what their command line has of each. */
const PARTS: readonly (readonly [name: string, pattern: RegExp])[] = [
  ["recorder", /recorder\.(py|awk)/],
  ["job", /\/job /],
  ["attacher", /^\S*sh -c[^]*\bfx_id=/],
];
/** Those that a part of ours runs for a moment: they read and write pieces. */
const TOOLS = /^(dd|gzip|base64|tr|cat|ls|sleep|date|rm|mv|tail)\b/;

/** MiB that each part of ours has in a container: the largest of its processes. What runs the script is not ours. */
export function ourMemory(task: Task): ReadonlyMap<string, Memory> {
  const found = new Map<string, Memory>();
  for (const { pid, command } of processes(task)) {
    const name = PARTS.find(([, pattern]) => pattern.test(command))?.[0] ?? TOOLS.exec(command)?.[1];
    const memory = name === undefined ? undefined : memoryOf(pid);
    if (name === undefined || memory === undefined) continue;
    const before = found.get(name) ?? { now: 0, most: 0 };
    found.set(name, {
      now: Math.max(before.now, memory.now),
      most: Math.max(before.most, memory.most),
    });
  }
  return found;
}
