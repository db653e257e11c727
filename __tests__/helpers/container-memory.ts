import type { Task } from "../../local/task/task.ts";
import { processes } from "./local.ts";
import { type Memory, memoryOf } from "./memory.ts";

/** The action's programs in a container, by a part of their command lines. */
const PARTS: readonly (readonly [name: string, pattern: RegExp])[] = [
  ["recorder", /recorder\.(py|awk)/],
  ["job", /\/job /],
  ["attacher", /^\S*sh -c[^]*\bfx_id=/],
];
/** Tools that these programs run for a moment, to read and write pieces. */
const TOOLS = /^(dd|gzip|base64|tr|cat|ls|sleep|date|rm|mv|tail)\b/;

/**
 * The memory in MiB of each of the action's programs in a container, as that of its largest process. The script's own
 * processes don't count.
 */
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
