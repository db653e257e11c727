import { createHash } from "node:crypto";
import { createServer, type Server } from "node:net";
import type { Clock } from "../clock.ts";

/** The pause between two tries, in milliseconds. */
const TRY_EVERY_MS = 50;
/** A process that holds the lock for longer waits for an exec agent, or is no process of this action. */
const PATIENCE_MS = 30_000;

/**
 * The lock by which the processes of a runner open sessions in a container one after the other: the parallel steps of a job, or
 * several command lines of a machine. It is a local socket of a name that only one process at a time can have, and ends with its process. macOS has no
 * such socket, so there is no lock there.
 */
export class MachineLock {
  readonly #name: string | undefined;
  readonly #clock: Clock;
  #server: Server | undefined;

  /** `sessionTarget` is the container's, `ecs:<cluster>_<task>_<runtime id>`, and `runner` that of `StepContext`. */
  constructor(sessionTarget: string, runner: string, clock: Clock) {
    const digest = createHash("sha256").update(`${sessionTarget}\n${runner}`).digest("hex");
    this.#name = socketName(`fargate-exec-${digest}`);
    this.#clock = clock;
  }

  /**
   * Waits for the lock, for half a minute at most. Resolves with whether another process had it, and so may have opened a session since
   * this one looked. After the half minute the run goes on without the lock. An abort throws its reason.
   */
  async acquire(signal?: AbortSignal): Promise<boolean> {
    if (this.#name === undefined) return false;
    const end = this.#clock.now() + PATIENCE_MS;
    for (let tries = 0; this.#clock.now() < end; tries += 1) {
      this.#server = await listen(this.#name);
      if (this.#server !== undefined) return tries > 0;
      await this.#clock.sleep(TRY_EVERY_MS, signal);
    }
    return false;
  }

  /** Gives the lock back, if it is held. */
  release(): void {
    this.#server?.close();
    this.#server = undefined;
  }
}

/** An abstract socket of Linux (unix(7)), or a named pipe of Windows. */
function socketName(id: string): string | undefined {
  if (process.platform === "linux") return `\0${id}`;
  return process.platform === "win32" ? `\\\\.\\pipe\\${id}` : undefined;
}

/** Resolves with undefined when another process has this name. */
async function listen(name: string): Promise<Server | undefined> {
  return await new Promise((resolve) => {
    const server = createServer((client) => client.destroy());
    server.once("error", () => resolve(undefined));
    server.listen(name, () => resolve(server.unref()));
  });
}
