import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { LocalFargate } from "../local/start.ts";
import { actionDir, environment } from "./environment.ts";

/** A run of the bundled action's main part. */
export interface Step {
  readonly pid: number;
  /** Milliseconds since the epoch. */
  readonly began: number;
  /** Its exit code, once all of its output has been read. */
  readonly ended: Promise<number | null>;
  /** Its output so far. */
  log(): string;
  /** Resolves once the log matches; rejects when the step ends without a match. */
  line(pattern: RegExp): Promise<RegExpExecArray>;
  signal(signal: NodeJS.Signals): void;
}

/** Starts the main part of a checkout's action. The files that the action writes for the runner are below `root`. */
export async function startStep(
  root: string,
  inputs: Record<string, string>,
  local: Pick<LocalFargate, "env">,
  checkout = actionDir,
): Promise<Step> {
  const env = { ...(await environment(root, inputs, checkout)), ...local.env };
  const began = Date.now();
  const door = "handle" in inputs ? "attach.js" : "index.js";
  const child = spawn(process.execPath, [join(checkout, "dist", door)], {
    stdio: ["ignore", "pipe", "inherit"],
    env,
  });
  if (child.pid === undefined) throw new Error("The step did not start.");
  let log = "";
  child.stdout.on("data", (bytes: Buffer) => (log += bytes.toString()));
  return {
    pid: child.pid,
    began,
    ended: once(child, "close").then(([code]) => code as number | null),
    log: () => log,
    line: async (pattern) => {
      for (;;) {
        const found = pattern.exec(log);
        if (found) return found;
        if (child.exitCode !== null)
          throw new Error(`The step ended before it said ${pattern.source}:\n${log}`);
        await sleep(5);
      }
    },
    signal: (signal) => child.kill(signal),
  };
}

/** Resolves once this many tasks have an exec agent that takes sessions. */
export async function waitForAgents(local: Pick<LocalFargate, "tasks">, count = 1): Promise<void> {
  const ready = (): number =>
    local.tasks.filter(({ agents }) => [...agents.values()].some(({ connected }) => connected)).length;
  while (ready() < count) await sleep(50);
}

/** When the last StopTask reached the local Fargate, in milliseconds since the epoch. */
export function stopTaskAt({ requests }: LocalFargate): number {
  const last = requests.findLast(({ operation }) => operation === "StopTask");
  if (last === undefined) throw new Error("The step did not stop the task.");
  return last.at;
}
