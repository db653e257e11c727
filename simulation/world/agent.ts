import { decodeUnchecked, MessageType, PayloadType } from "../../src/session/wire/message.ts";
import { Host } from "../time.ts";
import type { Base } from "./base.ts";
import { acknowledgedNumber } from "./frames.ts";
import { type Gateway, short } from "./gateway.ts";
import type { SessionAgent, SessionRecord, Worker } from "./session.ts";
import { Terminal } from "./terminal.ts";

/** The agent's own limits (amazon-ssm-agent, measured; see the facts in docs/simulation.md). */
const MOST_RUNNING = 2;
const MOST_QUEUED = 1;
const TRIES = 5;
const TRY_MS = 1_000;
/** The pump sleeps before its first read, then reads at most a kilobyte a millisecond. */
const FIRST_READ_MS = 1_000;
const READ_BYTES = 1024;
const READ_MS = 1;
/** The sender looks at the oldest message of which it knows nothing. */
const RESEND_EVERY_MS = 100;
const LONGEST_RTO_MS = 1_000;
/** How long the agent waits for acknowledgements at the end. */
const DRAIN_MS = 2_000;
const DRAIN_LOOK_MS = 10;

/** What runs a command in the container, on a terminal. Resolves when no process holds the terminal any more. */
export type RunCommand = (command: StartedCommand) => Promise<void>;

/** A command that the agent has started. */
export interface StartedCommand {
  /** Its first process. */
  readonly host: Host;
  readonly terminal: Terminal;
  readonly text: string;
  /** Whose session it is. */
  readonly owner: string;
  /** Ends the agent's session of it, as TERM to its session worker does. */
  readonly endSession: () => void;
}

/** The exec agent of a container: which sessions run, which one waits, and the one that blocks it for good. */
export class Agent implements SessionAgent {
  readonly target: string;
  readonly running = new Set<SessionRecord>();
  /** True once a session too many has blocked the agent for good. */
  isBlocked = false;
  isDead = false;
  /** The most sessions that were open at once, the queued one included. */
  mostOpen = 0;
  readonly #queue: SessionRecord[] = [];
  readonly #base: Base;
  readonly #gateway: Gateway;
  readonly #host: Host;
  readonly #run: RunCommand;
  readonly #pace: number;

  constructor(
    base: Base,
    gateway: Gateway,
    {
      target,
      host,
      run,
      pace,
    }: { readonly target: string; readonly host: Host; readonly run: RunCommand; readonly pace: number },
  ) {
    this.target = target;
    this.#base = base;
    this.#gateway = gateway;
    this.#host = host;
    this.#run = run;
    this.#pace = pace;
  }

  /** The sessions that run, and the one that waits. */
  get sessions(): readonly SessionRecord[] {
    return [...this.running, ...this.#queue];
  }

  /** A session is to be opened. */
  open(record: SessionRecord): void {
    void this.#admit(record);
  }

  async #admit(record: SessionRecord): Promise<void> {
    await this.#base.time.sleep(this.#host, this.#pace);
    if (this.isBlocked || this.isDead) return;
    for (let tries = 0; tries < TRIES; tries += 1) {
      if (record.ended !== undefined) return;
      if (this.running.size < MOST_RUNNING) {
        this.#start(record);
        return;
      }
      if (this.#queue.length < MOST_QUEUED) {
        this.#queue.push(record);
        this.#note();
        return;
      }
      await this.#base.time.sleep(this.#host, TRY_MS);
    }
    this.isBlocked = true;
    this.#base.timeline.note("world", `the agent of ${this.#host.name} takes no session any more`);
  }

  /** A queued session is over. */
  forget(record: SessionRecord): void {
    const at = this.#queue.indexOf(record);
    if (at >= 0) this.#queue.splice(at, 1);
  }

  die(): void {
    this.isDead = true;
    for (const { worker } of this.running) worker?.vanish();
  }

  #start(record: SessionRecord): void {
    this.running.add(record);
    record.openedAt = this.#base.time.now;
    this.#note();
    const place = { container: this.#host, pace: this.#pace };
    const worker = new SessionWorker(this.#base, this.#gateway, record, place, () => {
      this.running.delete(record);
      const next = this.#queue.shift();
      if (next !== undefined && !this.isBlocked && !this.isDead) this.#start(next);
    });
    record.worker = worker;
    worker.run(this.#run);
  }

  #note(): void {
    this.mostOpen = Math.max(this.mostOpen, this.sessions.length);
  }
}

/** One session in the agent: a command on a terminal, and the channel to the gateway. */
class SessionWorker implements Worker {
  readonly #base: Base;
  readonly #gateway: Gateway;
  readonly #record: SessionRecord;
  readonly #host: Host;
  /** The command's first process. */
  readonly #main: Host;
  readonly #terminal: Terminal;
  readonly #onEnd: () => void;
  readonly #pace: number;
  readonly #container: Host;
  /** What the terminal has shown, for the log of the session. */
  readonly #shown: Buffer[] = [];
  #sequence = 0;
  /** What the client has not acknowledged, by number. */
  readonly #unacknowledged = new Map<number, { readonly frame: Uint8Array; sentAt: number }>();
  #rto = 200;
  #isPaused = false;
  #expected = 0;
  readonly #early = new Map<
    number,
    { readonly payloadType: number | undefined; readonly payload: Uint8Array }
  >();
  #isOver = false;
  #isReading = false;
  #mayRead = false;
  #commandEnded = false;
  #isGone = false;
  #isWatching = false;
  /** The pump waits in a read for what the terminal shows next. */
  #isInRead = false;

  constructor(
    base: Base,
    gateway: Gateway,
    record: SessionRecord,
    { container, pace }: { readonly container: Host; readonly pace: number },
    onEnd: () => void,
  ) {
    this.#base = base;
    this.#container = container;
    this.#pace = pace;
    this.#gateway = gateway;
    this.#record = record;
    this.#host = new Host(`worker ${short(record.id)}`, container);
    this.#main = new Host(`command ${short(record.id)}`, container);
    this.#terminal = new Terminal(base.time);
    this.#onEnd = onEnd;
    container.whenDead(() => this.vanish());
  }

  run(command: RunCommand): void {
    const { time } = this.#base;
    this.#terminal.onOutput = () => this.#pump();
    this.#record.process = this.#main;
    time.after(this.#host, FIRST_READ_MS, () => {
      this.#mayRead = true;
      this.#pump();
    });
    const started = {
      host: this.#main,
      terminal: this.#terminal,
      text: this.#record.command,
      owner: this.#record.owner,
    };
    void command({ ...started, endSession: () => this.terminate() }).then(() => {
      this.#commandEnded = true;
      this.#pump();
    });
    this.#main.whenDead(() => {
      this.#commandEnded = true;
      time.after(this.#host, 0, () => this.#pump());
    });
  }

  receive(frame: Uint8Array): void {
    if (this.#host.isDead) return;
    const message = decodeUnchecked(frame);
    if (this.#isOver) {
      // While the log is uploaded the channel is still open.
      if (message.messageType === MessageType.input)
        this.#gateway.down(this.#record.id, this.#gateway.frames.ack(message));
      return;
    }
    this.#isPaused = false;
    if (message.messageType === MessageType.acknowledge) {
      const number = acknowledgedNumber(message);
      const known = this.#unacknowledged.get(number);
      if (known !== undefined)
        this.#rto = Math.min(LONGEST_RTO_MS, Math.max(50, this.#base.time.now - known.sentAt + 40));
      this.#unacknowledged.delete(number);
    } else if (message.messageType === MessageType.input) {
      const { sequenceNumber, payloadType, payload } = message;
      if (sequenceNumber >= this.#expected) this.#early.set(sequenceNumber, { payloadType, payload });
      // A duplicate is acknowledged again.
      this.#gateway.down(this.#record.id, this.#gateway.frames.ack(message));
      for (
        let next = this.#early.get(this.#expected);
        next !== undefined;
        next = this.#early.get(this.#expected)
      ) {
        this.#early.delete(this.#expected);
        this.#expected += 1;
        if (next.payloadType === PayloadType.output) this.#terminal.type(next.payload);
      }
    }
    this.#pump();
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#pump();
  }

  terminate(): void {
    this.#main.kill();
    this.#leave();
  }

  vanish(): void {
    this.#main.kill();
    this.#go(this.#base.options.announcesLostAgents !== false);
  }

  /** Reads the terminal as long as there is something to read. */
  #pump(): void {
    if (this.#isReading || this.#isOver || !this.#mayRead) return;
    // A read that was begun before the pause still ends with what comes.
    if (this.#isPaused && !this.#isInRead) return;
    this.#isInRead = this.#terminal.waiting === 0 && !this.#commandEnded;
    if (this.#terminal.waiting === 0) {
      if (this.#commandEnded) void this.#finish();
      return;
    }
    this.#isReading = true;
    const bytes = this.#terminal.read(READ_BYTES);
    if (this.#gateway.logs.options !== undefined) this.#shown.push(bytes);
    const frame = this.#gateway.frames.output(this.#sequence, bytes);
    this.#unacknowledged.set(this.#sequence, { frame, sentAt: this.#base.time.now });
    this.#sequence += 1;
    this.#gateway.down(this.#record.id, frame);
    this.#watchOldest();
    this.#base.time.after(this.#host, READ_MS, () => {
      this.#isReading = false;
      this.#pump();
    });
  }

  /** Sends the oldest message again and again while it has no acknowledgement. */
  #watchOldest(): void {
    if (this.#isWatching) return;
    this.#isWatching = true;
    this.#base.time.after(this.#host, RESEND_EVERY_MS, () => {
      this.#isWatching = false;
      const [oldest] = this.#unacknowledged.values();
      if (oldest === undefined) return;
      if (!this.#isPaused && this.#base.time.now - oldest.sentAt >= this.#rto) {
        oldest.sentAt = this.#base.time.now;
        this.#rto = Math.min(LONGEST_RTO_MS, this.#rto * 2);
        this.#gateway.down(this.#record.id, oldest.frame);
      }
      this.#watchOldest();
    });
  }

  /** The command has ended, and all that it printed was read. */
  async #finish(): Promise<void> {
    const { time } = this.#base;
    const until = time.now + DRAIN_MS;
    // Nothing is read any more, but acknowledgements count while the agent drains.
    this.#isReading = true;
    while (this.#unacknowledged.size > 0 && time.now < until) await time.sleep(this.#host, DRAIN_LOOK_MS);
    this.#leave();
  }

  /** The command is over. Its log is uploaded before the session's place is free. */
  #leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#record.overAt = this.#base.time.now;
    this.#terminal.close();
    const { logs } = this.#gateway;
    if (logs.options === undefined) {
      this.#go(true);
      return;
    }
    if (logs.options.closesLate !== true) this.#gateway.end(this.#record, "");
    const logged = { id: this.#record.id, host: this.#host, container: this.#container.name };
    void logs
      .upload({ ...logged, pace: this.#pace, output: Buffer.concat(this.#shown) })
      .then(() => this.#go(true));
  }

  #go(isTold: boolean): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#isOver = true;
    this.#terminal.close();
    this.#host.kill();
    if (isTold) this.#gateway.end(this.#record, "");
    this.#onEnd();
  }
}
