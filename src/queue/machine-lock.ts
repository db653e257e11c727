import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, renameSync, rmdirSync, rmSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { hostname } from "node:os";
import { join } from "node:path";
import type { LockPlace, World } from "../aws/world.ts";
import type { Clock, Random } from "../clock.ts";
import { messageOf } from "../errors.ts";
import { codeOf } from "../values.ts";
import { ID_DIGITS, type LockPlaces, lockDirectory, OWN_BYTES } from "./lock-directory.ts";

/** The pause between two tries, in milliseconds. */
const TRY_EVERY_MS = 50;
/** A process that holds the lock for longer waits for an exec agent, or is no process of this action. */
const PATIENCE_MS = 30_000;

/** `free`: no other process had the lock. `waited`: another one had it. `none`: the lock was not got, and `why` is a clause. */
export type LockAnswer =
  { readonly kind: "free" } | { readonly kind: "waited" } | { readonly kind: "none"; readonly why: string };

export interface MachineLockOptions {
  /** The container's, `ecs:<cluster>_<task>_<runtime id>`. */
  readonly sessionTarget: string;
  /** That of `StepContext`. */
  readonly runner: string;
  readonly clock: Clock;
  /** That of the step's world. */
  readonly machineLock: World["machineLock"];
}

/**
 * The lock by which the processes of a runner open sessions in a container one after the other: the parallel steps of a job, or
 * several command lines of a machine. It ends with its process. No other user of the machine can have it or keep it from being had, except
 * on Windows, where any process may take the name of a pipe, and without a home directory, where others may hide its place among any number of names.
 */
export class MachineLock {
  readonly #options: MachineLockOptions;
  readonly #id: string;
  #held: HeldSocket | undefined;

  constructor(options: MachineLockOptions) {
    this.#options = options;
    const { sessionTarget, runner } = options;
    // A home directory may be shared by machines. A socket is its machine's alone.
    const digest = createHash("sha256").update(`${hostname()}\n${sessionTarget}\n${runner}`).digest("hex");
    this.#id = digest.slice(0, ID_DIGITS);
  }

  /**
   * Finds the lock's place, which takes a few seconds at most, and waits for the lock, for half a minute at most. When another process had it, that process may have opened a session since this one
   * looked. An abort throws its reason.
   */
  async acquire(signal?: AbortSignal): Promise<LockAnswer> {
    const { clock, machineLock } = this.#options;
    try {
      const place = await machineLock(this.#id, clock);
      const end = clock.now() + PATIENCE_MS;
      for (let tries = 0; clock.now() < end; tries += 1) {
        this.#held = await place.take();
        if (this.#held !== undefined) return { kind: tries > 0 ? "waited" : "free" };
        await clock.sleep(TRY_EVERY_MS, signal);
      }
      return { kind: "none", why: `another process has held it for ${PATIENCE_MS / 1000} s` };
    } catch (error) {
      signal?.throwIfAborted();
      return { kind: "none", why: messageOf(error) };
    }
  }

  /** Gives the lock back, if it is held. */
  release(): void {
    this.#held?.release();
    this.#held = undefined;
  }
}

interface HeldSocket {
  readonly release: () => void;
}

/** The lock of this name on this machine. Fails when no directory is safe. */
export async function lockOnMachine(name: string, clock: Clock, places: LockPlaces = {}): Promise<LockPlace> {
  if (process.platform === "win32") return pipe(name);
  return new SocketPlace(await lockDirectory(clock, places), name, clock.random);
}

/** A named pipe of Windows, which only one process at a time can have. It ends with its process. */
function pipe(id: string): LockPlace {
  const take = async (): Promise<HeldSocket | undefined> => {
    const server = await listen(`\\\\.\\pipe\\fargate-exec-${id}`).catch(() => undefined);
    return server && { release: () => void server.close() };
  };
  return { take };
}

/**
 * A lock as a directory that holds the socket of its holder. A process makes a directory with its own socket, and renames it to the lock's
 * name. That fails as long as the lock's directory holds a socket (rename(2): ENOTEMPTY). A socket that refuses a connection is that of a dead
 * process. It is removed by its own name, which no other process has, so nothing is ever removed that lives.
 */
class SocketPlace implements LockPlace {
  readonly #lock: string;
  readonly #name: string;

  constructor(directory: string, id: string, random: Random) {
    this.#lock = join(directory, id);
    this.#name = random.bytes(OWN_BYTES).toString("hex");
  }

  /** The lock; undefined while another process has it. */
  async take(): Promise<HeldSocket | undefined> {
    if (await this.#hasHolder()) return undefined;
    const own = `${this.#lock}.${this.#name}`;
    mkdirSync(own, { mode: 0o700 });
    const server = await listen(join(own, this.#name));
    try {
      renameSync(own, this.#lock);
    } catch (error) {
      server.close();
      rmSync(own, { recursive: true, force: true });
      if (["ENOTEMPTY", "EEXIST"].includes(codeOf(error) ?? "")) return undefined;
      throw error;
    }
    const release = (): void => {
      server.close();
      rmSync(join(this.#lock, this.#name), { force: true });
      removeEmpty(this.#lock);
    };
    return { release };
  }

  /** Whether a living process has the lock. Removes the sockets of dead ones. */
  async #hasHolder(): Promise<boolean> {
    for (const name of namesIn(this.#lock)) {
      const path = join(this.#lock, name);
      if (await isAlive(path)) return true;
      rmSync(path, { force: true });
    }
    return false;
  }
}

async function listen(path: string): Promise<Server> {
  return await new Promise((resolve, reject) => {
    const server = createServer((client) => client.destroy());
    server.once("error", reject);
    server.listen(path, () => resolve(server.unref()));
  });
}

/** False for a socket of a dead process, or one that is gone. */
async function isAlive(path: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const client = connect(path);
    client.once("connect", () => {
      client.destroy();
      resolve(true);
    });
    // EAGAIN: many others wait for the holder, which is too busy to answer them.
    client.once("error", (error) => resolve(!["ECONNREFUSED", "ENOENT"].includes(codeOf(error) ?? "")));
  });
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}

function removeEmpty(directory: string): void {
  try {
    rmdirSync(directory);
  } catch {
    // Another process has the lock already.
  }
}
