import { readFileSync, readdirSync, readlinkSync } from "node:fs";

export interface ContainerProcess {
  /** Its number on this machine. */
  readonly pid: number;
  /** Its number in the container. */
  readonly innerPid: number;
  /** The arguments, joined by spaces; the bare name of a zombie. */
  readonly command: string;
  /** One letter of proc(5): R, S, Z, … */
  readonly state: string;
}

/** All processes in the PID namespace of host process `pid`, PID 1 first. Empty when the process is gone. */
export function processesBeside(pid: number): ContainerProcess[] {
  const namespace = namespaceOf(pid);
  if (namespace === undefined) return [];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && namespaceOf(Number(name)) === namespace)
    .map((name) => describe(Number(name)))
    .filter((found) => found !== undefined)
    .sort((a, b) => a.innerPid - b.innerPid);
}

function namespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined; // It is gone, or belongs to another user.
  }
}

function describe(pid: number): ContainerProcess | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const field = (name: string): string => new RegExp(`^${name}:\\s*(.*)$`, "m").exec(status)?.[1] ?? "";
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").join(" ").trim();
    return {
      pid,
      innerPid: Number(field("NSpid").split(/\s+/).at(-1)),
      command: command || field("Name"),
      state: field("State").charAt(0),
    };
  } catch {
    return undefined; // It has ended meanwhile.
  }
}
