import { readFileSync } from "node:fs";
import { codeOf } from "../../values.ts";

/** A process, told from any that gets its number later. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it began, in the kernel's ticks. Undefined on systems without /proc. */
  readonly began?: string | undefined;
}

/** The identity of a process that runs. */
export function identityOf(pid: number): ProcessIdentity {
  return { pid, began: lookAt(pid)?.began };
}

/** Whether the process runs. One that has ended, and that its parent has not waited for, does not. */
export function isRunning({ pid, began }: ProcessIdentity): boolean {
  if (began !== undefined) {
    const now = lookAt(pid);
    return now?.began === began && !"ZX".includes(now.state);
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}

/** The 3rd and the 22nd field of its line (proc(5)). The second one, its name, may have blanks and brackets. */
function lookAt(pid: number): { readonly state: string; readonly began: string } | undefined {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [state = "", ...rest] = line.slice(line.lastIndexOf(")") + 2).split(" ");
    return { state, began: rest[18] ?? "" };
  } catch {
    return undefined;
  }
}
