import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, openSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { Socket } from "node:net";
import { constants as system, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { PassThrough, Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { interpreterHome, PROGRAM_OPTIONS, python, virtualEnvironment } from "../python.ts";
import { homesElsewhere } from "./homes.ts";

export interface IsolateOptions {
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
  readonly workdir: string;
  /** The container definition's `user` or `user:group`, by the accounts of the root file system; root when undefined. */
  readonly user: string | undefined;
  readonly hostname: string;
  readonly ip: string;
  /** The directory of the root file system, which is never written to; undefined for this machine's own. */
  readonly root?: string | undefined;
  /** A directory whose files are copied over the root file system. */
  readonly layer?: string | undefined;
  /** The program that becomes PID 1, as `/dev/init`, and starts the command; when undefined, PID 1 is the command. */
  readonly init: string | undefined;
}

export interface IsolatedProcess {
  /** The host's pid of the container's PID 1. */
  readonly pid: number;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Sends a signal to PID 1. The kernel drops a signal that PID 1 has no handler for, except SIGKILL. */
  signal(signal: NodeJS.Signals): void;
  /** The exit status as ECS shows it: 128 + n after signal n. Never rejects. */
  readonly exited: Promise<number>;
}

/** The container's command can't be started; the message is the container runtime's. */
export class CommandRefused extends Error {}

/** Whether this process is root. Otherwise a user namespace gives the rights; only root's uid exists in it, so `user` can't work. */
export const asRoot = process.getuid?.() === 0;

/**
 * A shell script that starts PID 1 and exits with its status. PID 1 writes to the container's output; the shell's own message about
 * a signal is dropped. It replaces unshare's --fork, which in util-linux 2.38 exits with 1 when a signal ends its child.
 */
const parent = 'exec 4>&2 2>/dev/null; "$@" 2>&4 4>&-; exit $?';

const program = join(import.meta.dirname, "isolate.py");

/**
 * Starts a command as PID 1 in a PID, mount, IPC and UTS namespace of its own, on a writable copy of a root file system, which need
 * not have a shell. HOME is the user's home unless `env` has one. The container dies with this process, however this process ends,
 * and leaves nothing behind.
 */
export async function isolate(options: IsolateOptions): Promise<IsolatedProcess> {
  const variables = Object.entries(options.env).map(
    ([name, value], at) => [`BOX_VARIABLE_${at}`, `${name}=${value}`] as const,
  );
  const before = options.init === undefined ? [] : ["/dev/init", "--"];
  const pipe = await kernelPipe();
  const child = spawn(
    "setpriv",
    [
      ...(asRoot ? [] : ["--", "unshare", "--user", "--map-root-user", "setpriv"]),
      ...["--pdeathsig", "KILL", "--", "unshare", "--pid", "--mount", "--ipc", "--uts"],
      ...["--", "/bin/sh", "-c", parent, "sh", "setpriv", "--pdeathsig", "KILL"],
      ...["--", python, ...PROGRAM_OPTIONS, program, ...before, ...options.command],
    ],
    {
      // In a process group of its own, so that the terminal's Ctrl-C does not reach the containers.
      detached: true,
      stdio: ["ignore", pipe.writes, "pipe", "pipe"],
      env: {
        PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        ...Object.fromEntries(variables),
        BOX_HOSTNAME: options.hostname,
        BOX_IP: options.ip,
        BOX_WORKDIR: options.workdir,
        BOX_USER: options.user ?? "",
        BOX_COMMAND: options.command[0],
        BOX_ROOT: options.root ?? "",
        BOX_LAYER: options.layer ?? "",
        BOX_KEEP: options.root === undefined ? [virtualEnvironment, interpreterHome()].join("\n") : "",
        BOX_HOMES: options.root === undefined ? homesElsewhere().join("\n") : "",
        BOX_INIT: options.init ?? "",
      },
    },
  );
  const exited = exitOf(child);
  await once(child, "spawn").finally(() => closeSync(pipe.writes));
  const [, , stderr, reports] = child.stdio;
  if (!stderr || !(reports instanceof Readable)) throw new Error("spawn gave no pipes");
  const output = { stdout: bufferOutput(pipe.reads), stderr: bufferOutput(stderr) };
  const pid = await waitForStart(reports);
  // The program ends with an exec that removes its own variables.
  await waitForCommand(pid, exited, "BOX_COMMAND=");
  return { pid, ...output, signal: signalTo(pid), exited };
}

/** The two ends of a pipe, as descriptors. */
interface Pipe {
  readonly reads: number;
  readonly writes: number;
}

const PIPES_AT_ONCE = 8;
const pipes: Pipe[] = [];
let making: Promise<void> | undefined;

/**
 * A pipe of the kernel, as a container runtime gives it to PID 1. The pipes that Node makes are sockets, which a process can't open
 * by their path in /proc.
 */
async function kernelPipe(): Promise<{ readonly reads: Readable; readonly writes: number }> {
  for (;;) {
    const pipe = pipes.pop();
    if (pipe !== undefined)
      return { reads: new Socket({ fd: pipe.reads, readable: true, writable: false }), writes: pipe.writes };
    making ??= makePipes().finally(() => (making = undefined));
    await making;
  }
}

/** Makes several pipes by one program, since libuv forks for each program, and a fork of a process of 600 MB takes 20 ms of processor time. */
async function makePipes(): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "container-"));
  const paths = Array.from({ length: PIPES_AT_ONCE }, (_, at) => join(directory, String(at)));
  await promisify(execFile)("mkfifo", ["-m", "600", ...paths]);
  for (const path of paths) {
    // The reading end is opened first, since opening the other end waits for a reader.
    const reads = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    pipes.push({ reads, writes: openSync(path, constants.O_WRONLY) });
  }
  await rm(directory, { recursive: true });
}

/** A function that sends signals to a process as long as it lives. */
export function signalTo(pid: number): IsolatedProcess["signal"] {
  return (signal) => {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  };
}

/** Resolves with the exit status of a child as ECS shows it. */
export function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => {
    child.once("exit", (code, signal) => resolve(code ?? 128 + signalNumber(signal)));
  });
}

/**
 * Begins to read the stream at once. At a child's exit Node drops unread output, and a short command may end before the caller
 * reads.
 */
export function bufferOutput(stream: Readable): Readable {
  return stream.pipe(new PassThrough());
}

/**
 * Resolves once PID 1 has become the command or has ended. Before that, the program that prepares the container runs, with `mark` in
 * its environment. During the exec the environment reads as empty. The command's own environment has at least HOME.
 */
export async function waitForCommand(pid: number, exited: Promise<number>, mark: string): Promise<void> {
  const end = exited.then(() => true);
  for (;;) {
    const environment = environmentOf(pid);
    if (environment !== "" && !environment.includes(mark)) return;
    if (await Promise.race([end, sleep(1, false)])) return;
  }
}

function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1");
  } catch {
    return ""; // It has already ended; `exited` has the status.
  }
}

async function waitForStart(reports: Readable): Promise<number> {
  let pid = 0;
  for await (const line of createInterface({ input: reports })) {
    const [word = "", ...rest] = line.split(" ");
    if (word === "pid") pid = Number(rest[0]);
    if (word === "ready") return pid;
    if (word === "refuse") throw new CommandRefused(rest.join(" "));
    if (word === "fail") throw new Error(`This machine cannot isolate a container: ${rest.join(" ")}`);
  }
  throw new Error(
    "This machine cannot isolate a container: unshare ended before the container began. " +
      "As root that needs CAP_SYS_ADMIN (docker run --privileged); without root, unprivileged user namespaces must be allowed (sysctl kernel.apparmor_restrict_unprivileged_userns=0).",
  );
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return signal === null ? 0 : system.signals[signal];
}
