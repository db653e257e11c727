import { Failure } from "../errors.ts";

/**
 * Fails with `windows-task` when `family`, a platform family or an operating system of ECS, is Windows. `what` names
 * the task or definition.
 */
export function refuseWindows(family: string | undefined, what: string): void {
  if (family === undefined || !/^windows/i.test(family)) return;
  throw new Failure("windows-task", {
    failed: `The ${what} is for Windows, and a script runs in Linux containers only.`,
    seen: `Its operating system family is ${family}. Nothing was started.`,
    advice: "Name a task, service or task definition whose 'runtimePlatform' is Linux.",
  });
}
