import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { join } from "node:path";
import type { ContainerHandle } from "./container-handle.ts";
import { type Deferred, deferred } from "./deferred.ts";
import { PROGRAM_OPTIONS } from "../python.ts";

/** Python runs a folder by its `__main__.py`, which may import its neighbours even in isolated mode. */
const PROGRAM = join(import.meta.dirname, "command");
const LENGTH_BYTES = 4;

/** Milliseconds from a command's start to the first time that AWS's agent reads its output. */
export const FIRST_READ_MS = 1_000;

export interface Command {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Milliseconds from its start to the first read of its output; `FIRST_READ_MS` unless given. */
  readonly firstRead?: number | undefined;
}

export interface PtyEvents {
  output(bytes: Buffer): void;
  /** The terminal has ended: no process of the container has it open any more. */
  ended(): void;
  /** The agent's process in the container got a signal, which ends the session. */
  signalled(): void;
  /** The agent's process in the container is gone, since the task has stopped. The session is lost with it. */
  lost(why: string): void;
}

/** How one of the agent's own commands, or a session's main process, ended. */
export interface ExitReport {
  readonly status: number;
  readonly stderr: string;
}

/** The command could not start; the message is Go's. */
export class StartError extends Error {
  override readonly name = "StartError";
}

/**
 * The host's end of `command/`, which runs one command inside a container on a PTY, and reads, writes and waits for it
 * there in the agent's place.
 */
export class Pty {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #events: PtyEvents | undefined;
  readonly #started = deferred<undefined>();
  readonly #waited = deferred<ExitReport>();
  readonly #exited = deferred<undefined>();
  readonly #writes: Deferred<undefined>[] = [];
  #done = false;
  #received = Buffer.alloc(0);
  #complaints = "";

  private constructor(container: ContainerHandle, python: string, command: Command, events?: PtyEvents) {
    this.#events = events;
    this.#child = spawn(python, [...PROGRAM_OPTIONS, PROGRAM], {
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#child.stdout.on("data", (bytes: Buffer) => this.#receive(bytes));
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => (this.#complaints += text));
    this.#child.stdin.on("error", () => undefined); // The child is gone; "close" says so too.
    this.#child.on("error", (error) => (this.#complaints += error.message));
    this.#child.on("close", () => this.#close());
    const configuration = {
      ...command,
      firstRead: command.firstRead ?? FIRST_READ_MS,
      pid: container.pid,
      workdir: container.workdir,
      terminal: events !== undefined,
    };
    this.#send("C", Buffer.from(JSON.stringify(configuration)));
  }

  /** Resolves when the command runs. Rejects with a `StartError`, or with another error when the task has stopped. */
  static async start(
    container: ContainerHandle,
    python: string,
    command: Command,
    events: PtyEvents,
  ): Promise<Pty> {
    const pty = new Pty(container, python, command, events);
    await pty.#started.promise;
    return pty;
  }

  /** Runs a command in the container without a terminal. Rejects as `start` does. */
  static async run(container: ContainerHandle, python: string, command: Command): Promise<ExitReport> {
    return new Pty(container, python, command).#waited.promise;
  }

  /** Resolves when the terminal has taken all bytes, however long its reader takes; rejects when it can't take them. */
  write(bytes: Uint8Array): Promise<undefined> {
    const written = deferred<undefined>();
    this.#writes.push(written);
    this.#send("I", bytes);
    return written.promise;
  }

  resize(columns: number, rows: number): void {
    const body = Buffer.alloc(4);
    body.writeUInt16BE(columns & 0xffff, 0);
    body.writeUInt16BE(rows & 0xffff, 2);
    this.#send("S", body);
  }

  pause(): void {
    this.#send("P");
  }

  resume(): void {
    this.#send("G");
  }

  /** Resolves when the main process, which may outlive its terminal, has ended. Rejects when the task stops. */
  wait(): Promise<ExitReport> {
    this.#send("W");
    return this.#waited.promise;
  }

  /** Sends SIGKILL to the main process alone, then closes the terminal. */
  kill(): Promise<ExitReport> {
    this.#send("K");
    return this.#waited.promise;
  }

  /** Called when the agent dies: closes the terminal without a message. Resolves when the agent's processes are gone. */
  async abandon(): Promise<void> {
    this.#child.stdin.end();
    await this.#exited.promise;
  }

  #send(kind: string, body: Uint8Array = Buffer.alloc(0)): void {
    const head = Buffer.alloc(LENGTH_BYTES + 1);
    head.writeUInt32BE(body.length);
    head.write(kind, LENGTH_BYTES, "latin1");
    this.#child.stdin.write(Buffer.concat([head, body]));
  }

  #receive(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes]);
    for (;;) {
      if (this.#received.length < LENGTH_BYTES + 1) return;
      const end = LENGTH_BYTES + 1 + this.#received.readUInt32BE();
      if (this.#received.length < end) return;
      const kind = this.#received.toString("latin1", LENGTH_BYTES, LENGTH_BYTES + 1);
      const body = this.#received.subarray(LENGTH_BYTES + 1, end);
      this.#received = this.#received.subarray(end);
      this.#frame(kind, body);
    }
  }

  #frame(kind: string, body: Buffer): void {
    if (kind === "O") this.#events?.output(body);
    else if (kind === "E") this.#events?.ended();
    else if (kind === "T") this.#events?.signalled();
    else if (kind === "R") this.#started.resolve(undefined);
    else if (kind === "X") this.#finish(JSON.parse(body.toString("utf8")) as ExitReport);
    else if (kind === "F") this.#fail(new StartError(body.toString("utf8")));
    else if (kind === "A" && body.length === 0) this.#writes.shift()?.resolve(undefined);
    else if (kind === "A") this.#writes.shift()?.reject(new Error(body.toString("utf8")));
  }

  #finish(waited: ExitReport): void {
    this.#done = true;
    this.#waited.resolve(waited);
  }

  #fail(error: Error): void {
    this.#started.reject(error);
    this.#waited.reject(error);
  }

  #close(): void {
    const why = this.#complaints.trim().split("\n").at(-1) ?? "";
    const error = new Error(`the process in the container is gone${why && `: ${why}`}`);
    this.#fail(error);
    // A pending write will never be confirmed, and the agent that waits for it is gone.
    this.#writes.length = 0;
    if (!this.#done) this.#events?.lost(error.message);
    this.#exited.resolve(undefined);
  }
}
