import { setTimeout as sleep } from "node:timers/promises";
import type { Gateway } from "../gateway/gateway.ts";
import type { ContainerHandle } from "./container-handle.ts";
import { Pty } from "./pty.ts";
import { type AgentFaults, Session, type SessionRequest } from "./session.ts";
import type { StartTerminal } from "./terminal.ts";

export type { SessionRequest } from "./session.ts";
export type { TranscriptLogs, TranscriptTarget } from "./transcript.ts";

export interface ExecAgentOptions {
  container: ContainerHandle;
  gateway: Gateway;
  /** Sessions at once. The agent's own default is 2; AWS's documentation says 1. */
  sessionLimit: 1 | 2;
  /** Python 3.9 or later, on this machine. */
  python: string;
  /** Runs the commands. Unless given, `command/` runs them in the container. */
  terminal?: StartTerminal | undefined;
  /** Whether the session document asks for elevation: then HOME is /root instead of the task's value. */
  runAsElevated?: boolean;
  /** Milliseconds from a command's start to the first read of its output; a second unless given, like AWS's agent. */
  firstRead?: number | undefined;
  /** Whether the task role allows the agent to open the channel of a session; true unless given. */
  mayOpenChannel?: () => Promise<boolean>;
  /** No faults unless given. A change of this object takes effect at once. */
  faults?: AgentFaults;
  log?: (line: string) => void;
}

export const noFaults = (): AgentFaults => ({
  ...{ transcripts: {}, decrypt: "allowed", handshake: "honest", flood: undefined },
});

const TRIES = 5;
const RETRY_DELAY = 1000;

/**
 * The exec agent of one container. It treats sessions beyond the limit as AWS's agent does. One session is queued.
 * The next one is tried five times, a second apart. If no session has ended by then, the reader of the control channel is
 * blocked for good, and the container takes no more sessions.
 */
export class ExecAgent {
  readonly #options: ExecAgentOptions;
  readonly #log: (line: string) => void;
  readonly #running = new Map<Session, Promise<void>>();
  readonly #inbox: SessionRequest[] = [];
  readonly #stopped = new AbortController();
  #waiting: SessionRequest | undefined;
  #reading = false;

  constructor(options: ExecAgentOptions) {
    this.#options = options;
    this.#log = options.log ?? (() => undefined);
  }

  /** Returns at once. Only the session's client learns whether it ever opens. */
  startSession(request: SessionRequest): void {
    this.#inbox.push(request);
    if (!this.#reading) void this.#readInbox();
  }

  /** Called when the task stops: breaks off all sessions. Resolves when all of the agent's processes are gone. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#waiting = undefined;
    const running = [...this.#running];
    await Promise.all(running.map(([session]) => session.stop()));
    await Promise.all(running.map(([, done]) => done));
  }

  /** The control channel's reader: one message at a time. */
  async #readInbox(): Promise<void> {
    this.#reading = true;
    for (let request = this.#inbox.shift(); request !== undefined; request = this.#inbox.shift()) {
      if (!(await this.#submit(request))) return;
    }
    this.#reading = false;
  }

  /** False when the reader is blocked for good. */
  async #submit(request: SessionRequest): Promise<boolean> {
    for (let attempt = 1; ; attempt += 1) {
      if (this.#stopped.signal.aborted) return false;
      if (this.#running.size < this.#options.sessionLimit) {
        this.#run(request);
        return true;
      }
      if (this.#waiting === undefined) {
        this.#waiting = request;
        return true;
      }
      if (attempt === TRIES) break;
      await sleep(RETRY_DELAY, undefined, { signal: this.#stopped.signal }).catch(() => undefined);
    }
    this.#log(`agent: ${request.sessionId}: one session too many, the container takes no session any more`);
    return false;
  }

  #run(request: SessionRequest): void {
    const {
      container,
      gateway,
      python,
      terminal = inContainer(python),
      runAsElevated = false,
      firstRead,
      faults = noFaults(),
    } = this.#options;
    const options = {
      container,
      gateway,
      python,
      terminal,
      runAsElevated,
      firstRead,
      faults,
      log: this.#log,
    };
    const session = new Session(options, request);
    const done = this.#serve(session, request).finally(() => {
      this.#running.delete(session);
      const next = this.#waiting;
      this.#waiting = undefined;
      if (next !== undefined && !this.#stopped.signal.aborted) this.#run(next);
    });
    this.#running.set(session, done);
  }

  /** Runs a session. When the task role may not open its channel, the session ends at once, without a message to its client. */
  async #serve(session: Session, { sessionId }: SessionRequest): Promise<void> {
    const { mayOpenChannel } = this.#options;
    if (mayOpenChannel === undefined || (await mayOpenChannel())) await session.run();
    else this.#log(`agent: ${sessionId}: the task role may not open the session's channel`);
  }
}

function inContainer(python: string): StartTerminal {
  return (container, command, events) => Pty.start(container, python, command, events);
}
