import { createHash } from "node:crypto";
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  opendirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  rmSync,
} from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { homedir, hostname, tmpdir } from "node:os";
import { dirname, join, resolve, sep } from "node:path";
import type { LockPlace, World } from "../aws/world.ts";
import type { Clock, Random } from "../clock.ts";
import { messageOf } from "../errors.ts";
import { isRecord } from "../values.ts";

/** The pause between two tries, in milliseconds. */
const TRY_EVERY_MS = 50;
/** A process that holds the lock for longer waits for an exec agent, or is no process of this action. */
const PATIENCE_MS = 30_000;
/** The most bytes of a socket's path on macOS (`sun_path` in sys/un.h), without the NUL. Linux takes four more. */
const LONGEST_SOCKET_PATH = 103;
/** So many names of a directory for temporary files are looked at before other things go on: other users may have put any number there. */
const NAMES_AT_ONCE = 500;
/** The most links on the way to a directory, as in Linux (path_resolution(7)). */
const MOST_LINKS = 40;
/** The names of a lock's directory, and of a process's own directory and socket. */
const ID_DIGITS = 16;
const OWN_BYTES = 4;

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
 * on Windows, where any process may take the name of a pipe.
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
   * Waits for the lock, for half a minute at most. When another process had it, that process may have opened a session since this one
   * looked. An abort throws its reason.
   */
  async acquire(signal?: AbortSignal): Promise<LockAnswer> {
    const { clock, machineLock } = this.#options;
    const end = clock.now() + PATIENCE_MS;
    try {
      const place = await machineLock(this.#id, clock);
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

export interface LockPlaces {
  /** Where locks may stand, the best place first. No other user may be able to write there. By default in the user's home. */
  readonly places?: readonly string[];
  /** Where the user gets a directory of its own when none of these is safe. By default the directory for temporary files. */
  readonly temporary?: string;
}

/** The lock of this name on this machine. Fails when no directory is safe. */
export async function lockOnMachine(
  name: string,
  clock: Clock,
  { places = placesOfUser(), temporary = tmpdir() }: LockPlaces = {},
): Promise<LockPlace> {
  if (process.platform === "win32") return pipe(name);
  const problems: string[] = [];
  const directory = findDirectory(places, problems) ?? (await ownDirectory(temporary, clock, problems));
  if (directory === undefined) throw new Error(`there is no directory for it: ${problems.join("; ")}`);
  return new SocketPlace(directory, name, clock.random);
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
      if (["ENOTEMPTY", "EEXIST"].includes(codeOf(error))) return undefined;
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

/** In the user's home. Other things of this action stand beside it, in directories that others may read. */
function placesOfUser(): readonly string[] {
  return [join(homedir(), ".cache", "fargate-exec", "locks")];
}

/** The first of these directories that is the user's own, and is made where it is missing; undefined when none is. */
function findDirectory(places: readonly string[], problems: string[]): string | undefined {
  for (const place of places) {
    try {
      mkdirSync(place, { recursive: true, mode: 0o700 });
      const why = whyUnsafe(place);
      if (why === undefined) return place;
      problems.push(`${place} ${why}`);
    } catch (error) {
      problems.push(messageOf(error));
    }
  }
  return undefined;
}

/**
 * The user's own directory in a place where others may write: the oldest one with this prefix that is safe. Its name has random digits, so
 * that no other user can take it first. A process that makes one waits before it looks again, so that processes that each make
 * one see all of them and choose the same.
 */
async function ownDirectory(
  temporary: string,
  clock: Clock,
  problems: string[],
): Promise<string | undefined> {
  const prefix = `fargate-exec-${process.geteuid?.() ?? 0}-`;
  try {
    const found = await oldestOwn(temporary, prefix, clock);
    if (found !== undefined) return found;
    const made = mkdtempSync(join(temporary, prefix));
    await clock.sleep(TRY_EVERY_MS);
    const chosen = await oldestOwn(temporary, prefix, clock);
    if (chosen === undefined) problems.push(`${made} ${whyUnsafe(made) ?? "is gone"}`);
    if (chosen !== made) rmdirSync(made);
    return chosen;
  } catch (error) {
    problems.push(messageOf(error));
    return undefined;
  }
}

/** The oldest directory with this prefix that is safe. */
async function oldestOwn(temporary: string, prefix: string, clock: Clock): Promise<string | undefined> {
  const own: { readonly path: string; readonly at: number }[] = [];
  const directory = opendirSync(temporary, { bufferSize: NAMES_AT_ONCE });
  try {
    let names = 0;
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
      names += 1;
      if (names % NAMES_AT_ONCE === 0) await clock.turn();
      if (!entry.name.startsWith(prefix)) continue;
      const path = join(temporary, entry.name);
      const about = lstatSync(path, { throwIfNoEntry: false });
      if (about?.uid === process.geteuid?.() && whyUnsafe(path) === undefined)
        own.push({ path, at: about?.birthtimeMs ?? Infinity });
    }
  } finally {
    directory.closeSync();
  }
  return own.sort((one, other) => one.at - other.at || (one.path < other.path ? -1 : 1))[0]?.path;
}

/** Why others may do something to this directory or in it; undefined when they may not. */
function whyUnsafe(directory: string): string | undefined {
  const longest = join(directory, "x".repeat(ID_DIGITS + 1 + 2 * OWN_BYTES), "x".repeat(2 * OWN_BYTES));
  if (Buffer.byteLength(longest) > LONGEST_SOCKET_PATH) return "is too long for the path of a socket";
  const about = lstatSync(directory, { throwIfNoEntry: false });
  if (about === undefined) return "is gone";
  if (!about.isDirectory()) return "is no directory";
  if (about.uid !== process.geteuid?.()) return "belongs to another user";
  if ((about.mode & 0o077) !== 0) return "is open to other users";
  return mayBeMoved(resolve(directory)) ? "stands where others may move it" : undefined;
}

/**
 * Whether another user may move what this absolute path names: the directory itself, one above it, or a link on the way. In a directory with the
 * sticky bit only its own owner, and the owner of a name, may move that (unlink(2)).
 */
function mayBeMoved(path: string, links = 0): boolean {
  // In a user namespace root of the machine is another user. Whoever owns the root directory may do everything.
  const trusted = [0, process.geteuid?.(), lstatSync("/").uid];
  const names = path.split(sep).filter((name) => name !== "");
  let at = "/";
  for (const [i, name] of names.entries()) {
    const { mode } = lstatSync(at);
    if ((mode & 0o022) !== 0 && (mode & 0o1000) === 0) return true;
    at = join(at, name);
    const about = lstatSync(at);
    if (!trusted.includes(about.uid)) return true;
    if (!about.isSymbolicLink()) continue;
    const led = resolve(dirname(at), readlinkSync(at), ...names.slice(i + 1));
    return links >= MOST_LINKS || mayBeMoved(led, links + 1);
  }
  return false;
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
    client.once("error", (error) => resolve(!["ECONNREFUSED", "ENOENT"].includes(codeOf(error))));
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

function codeOf(error: unknown): string {
  return isRecord(error) ? String(error["code"]) : "";
}
