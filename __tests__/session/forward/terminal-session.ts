import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { forwardCommand } from "../../../src/payload/forward.ts";
import { ByteQueue } from "../../../src/session/byte-queue.ts";
import type { SessionEnd } from "../../../src/session/end.ts";
import type { Session } from "../../../src/session/session.ts";
import { PYTHON } from "../../helpers/tools.ts";

const TERMINAL = fileURLToPath(new URL("../../helpers/terminal.py", import.meta.url));

const childrenOf = (pid: number): readonly number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);

/** How a session ends when its command has told the agent's worker to end it. */
export const TOLD = "the worker was told";

/** Runs the terminal by the name of the agent's worker (PR_SET_NAME). */
const AS_WORKER = `${PYTHON} -ISc 'import ctypes; ctypes.CDLL(None).prctl(15, b"ssm-session-wor"); exec(open("${TERMINAL}").read())'`;

/** Runs the command where no python3 can be run. */
export const WITHOUT_PYTHON = `unshare --mount sh -c 'for each in /usr/bin/python3 /usr/local/bin/python3; do [ -e $each ] && mount --bind /dev/null $each; done; exec "$@"' sh`;

/** A session whose command runs on a real terminal of this machine. */
export class TerminalSession implements Session {
  readonly output = new ByteQueue(() => undefined);
  readonly sessionId: string;
  received = 0;
  readonly heard = true;
  readonly isSetUp = true;
  cuts = 0;
  readonly ended: Promise<SessionEnd>;
  readonly #child: ChildProcess;
  #isCut = false;

  constructor(number: number, { within = "", command = forwardCommand() } = {}) {
    this.sessionId = `session-${number}`;
    // The agent splits the command into words; single quotes mean the same to a shell.
    this.#child = spawn(
      "sh",
      ["-c", `exec ${AS_WORKER} ${within} env PATH=/usr/local/bin:/usr/bin:/bin ${command}`],
      {
        stdio: ["pipe", "pipe", "inherit"],
      },
    );
    this.#child.stdin?.on("error", () => undefined);
    this.#child.stdout?.on("data", (bytes: Buffer) => {
      this.received += bytes.length;
      if (!this.#isCut) this.output.push(bytes);
    });
    this.ended = new Promise((resolve) =>
      this.#child.once("close", (_, signal) => {
        this.output.end();
        const text = signal === "SIGTERM" ? TOLD : "";
        resolve(this.#isCut ? { kind: "lost", why: "cut by the test" } : { kind: "closed", text });
      }),
    );
  }

  send(bytes: Uint8Array): Promise<void> {
    if (this.#isCut) return Promise.reject(new Error("cut"));
    return new Promise((resolve, reject) =>
      this.#child.stdin?.write(bytes, (error) => (error ? reject(error) : resolve())),
    );
  }

  /** Nothing arrives any more, in either direction, and the session's command is killed. */
  cut(): void {
    this.#isCut = true;
    this.output.end();
    this.#child.kill("SIGKILL");
  }

  /** Kills the relay, which the session's attacher has started. */
  killRelay(): void {
    const [attacher = 0] = childrenOf(this.#child.pid ?? 0);
    for (const relay of childrenOf(attacher)) process.kill(relay, "SIGKILL");
  }

  /** What it was told of the size of the terminal: columns and rows. Its own terminal keeps its size. */
  readonly sizes: (readonly [number, number])[] = [];

  resize(cols: number, rows: number): void {
    this.sizes.push([cols, rows]);
  }

  async close(): Promise<void> {
    if (!this.#isCut) this.cut();
    await this.ended;
  }
}
