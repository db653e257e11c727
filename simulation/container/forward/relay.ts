import { Host } from "../../time.ts";
import type { Terminal } from "../../world/terminal.ts";
import { FarConnections, type Place } from "./far-connections.ts";
import { ContainerLink } from "./link.ts";
import { ContainerSeal, Damage, PacketLines, Violation } from "./seal.ts";
import { ContainerStreams, type Wish } from "./streams.ts";

/** The time for a new session to greet. */
const GREET_MS = 15_000;
/** The last words have so long. */
const LAST_WORDS_MS = 2_000;
/** Sessions that have not greeted. */
const MOST_NEW = 4;
/** A gap in what a relay hears is noted from here on. */
const GAP_MS = 20_000;
/** What a runner gives a relay. Times are in seconds. */
export interface RelayOrder {
  readonly id: string;
  readonly key: string;
  readonly targets: readonly (readonly [host: string | null, port: number])[];
  readonly seconds: number;
  readonly connect: number;
  readonly sessionSilence: number;
  readonly silence: number;
  /** Whether other relays may run beside it, as beside that of a shell. */
  readonly shared?: boolean;
}

/** The terminal of a session that was handed over. `done` ends the session's command: told, or because its client is lost. */
interface Line {
  readonly terminal: Terminal;
  readonly since: number;
  readonly lines: PacketLines;
  readonly done: (how: "told" | "lost") => void;
}

/** The relay of a forward: a process that outlives its sessions. */
export class Relay {
  readonly id: string;
  readonly isShared: boolean;
  readonly host: Host;
  /** The runner whose session has started it. */
  readonly owner: string;
  readonly began: number;
  endedAt: number | undefined;
  /** Undefined for one that was killed. */
  why: "told" | "silence" | "time" | "violation" | undefined;
  violation: string | undefined;
  /** When it had heard nothing for long. The last one may be open. */
  readonly gaps: { readonly from: number; to: number }[] = [];
  readonly #container: Place;
  readonly #order: RelayOrder;
  readonly #link: ContainerLink;
  readonly #streams: ContainerStreams;
  readonly #connections: FarConnections;
  #terminal: Line | undefined;
  readonly #new = new Set<Line>();
  #isWriting = false;
  #isWaking = false;
  #stopTimer: () => void = () => undefined;

  constructor(container: Place, owner: string, order: RelayOrder) {
    this.#container = container;
    this.#order = order;
    this.owner = owner;
    this.id = order.id;
    this.isShared = order.shared === true;
    this.began = this.#now;
    this.host = new Host(`relay of ${owner}`, container.host);
    this.#link = new ContainerLink(new ContainerSeal(Buffer.from(order.key, "base64")));
    this.#streams = new ContainerStreams(this.#link, order.targets.length);
    this.#connections = new FarConnections(container, this.host, this.#streams, {
      ...order,
      wake: () => this.#wake(),
      guard: (act) => this.#guard(act),
    });
    this.host.whenDead(() => this.#vanish());
    container.note(`a relay of ${owner} begins`);
    this.#wake();
  }

  get isAlive(): boolean {
    return this.endedAt === undefined;
  }

  get #now(): number {
    return this.#container.base.time.now;
  }

  /** Takes the terminal of a session over, until this settles. */
  attach(terminal: Terminal, attacher: Host): Promise<"told" | "lost"> {
    return new Promise((resolve) => {
      if (this.#new.size >= MOST_NEW) {
        resolve("lost");
        return;
      }
      const line: Line = { terminal, since: this.#now, lines: new PacketLines(), done: resolve };
      this.#new.add(line);
      attacher.whenDead(() => this.#after(0, () => this.#drop(line)));
      terminal.makeRaw((bytes) => this.#after(0, () => this.#read(line, bytes)));
      this.#wake();
    });
  }

  #after(ms: number, act: () => void): () => void {
    return this.#container.base.time.after(this.host, ms, act);
  }

  #wake(): void {
    if (this.#isWaking) return;
    this.#isWaking = true;
    this.#after(0, () => {
      this.#isWaking = false;
      this.#guard(() => this.#turnOnce());
    });
  }

  /** Whatever is wrong with what the runner sends ends the relay, which says so. */
  #guard(act: () => void): void {
    if (!this.isAlive) return;
    try {
      act();
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      this.violation = error.message;
      this.#streams.bye(error.message);
      this.#finish("violation");
    }
  }

  #turnOnce(): void {
    this.#connections.serve();
    this.#lookAtTime();
    this.#write();
    if (this.isAlive) this.#setTimer();
  }

  #lookAtTime(): void {
    const { sessionSilence, silence, seconds } = this.#order;
    const now = this.#now;
    this.#link.tick(now);
    this.#connections.lookAtTime(now);
    for (const each of [...this.#new]) if (now >= each.since + GREET_MS) this.#drop(each);
    const heard = this.#link.heardAt ?? this.began;
    if (this.#terminal !== undefined && now >= heard + sessionSilence * 1000) this.#drop(this.#terminal);
    if (now >= heard + silence * 1000) this.#finish("silence");
    else if (now >= this.began + seconds * 1000) this.#finish("time");
  }

  #setTimer(): void {
    const { sessionSilence, silence, seconds } = this.#order;
    const heard = this.#link.heardAt ?? this.began;
    const times = [
      ...[this.#link.ackAt, heard + silence * 1000, this.began + seconds * 1000],
      ...(this.#terminal === undefined ? [] : [heard + sessionSilence * 1000]),
      ...[...this.#new].map(({ since }) => since + GREET_MS),
      ...this.#connections.times,
    ];
    this.#stopTimer();
    this.#stopTimer = this.#after(Math.max(1, Math.min(...times) - this.#now), () => this.#wake());
  }

  #read(line: Line, bytes: Buffer): void {
    if (line !== this.#terminal && !this.#new.has(line)) return;
    this.#guard(() => {
      try {
        for (const packet of line.lines.cut(bytes)) this.#take(line, packet);
      } catch (error) {
        if (!(error instanceof Damage)) throw error;
        this.#drop(line);
      }
      this.#wake();
    });
  }

  #take(line: Line, packet: Buffer): void {
    const heard = this.#link.heardAt ?? this.began;
    if (line === this.#terminal) {
      const body = this.#link.take(packet, this.#now);
      this.#noteGap(heard);
      const wish = body === undefined ? undefined : this.#streams.obey(body);
      if (wish !== undefined) this.#obey(wish);
    } else if (this.#link.greet(packet, this.#now)) {
      this.#noteGap(heard);
      this.#new.delete(line);
      this.#terminal?.done("lost");
      this.#terminal = line;
    }
  }

  #noteGap(from: number): void {
    if (this.#now - from >= GAP_MS) this.gaps.push({ from, to: this.#now });
  }

  #drop(line: Line): void {
    if (this.#terminal === line) this.#terminal = undefined;
    else if (!this.#new.delete(line)) return;
    line.done("lost");
    this.#wake();
  }

  #write(): void {
    const line = this.#terminal;
    if (line === undefined || this.#isWriting) return;
    const bytes = this.#link.next();
    if (bytes === undefined) return;
    this.#isWriting = true;
    void line.terminal.write(this.host, bytes).then(() => {
      this.#isWriting = false;
      this.#write();
      this.#wake();
    });
  }

  #obey(wish: Wish): void {
    if (wish.kind === "bye") this.#finish("told");
    else this.#connections.obey(wish);
  }

  #finish(why: NonNullable<Relay["why"]>): void {
    if (!this.isAlive) return;
    this.why = why;
    this.#connections.breakOff();
    this.#leave(`ends: ${this.violation ?? why}`);
    const until = this.#now + LAST_WORDS_MS;
    const say = (): void => {
      this.#write();
      if (this.#isWriting && this.#now < until) this.#after(50, say);
      else {
        if (why === "told") this.#terminal?.done("told");
        this.host.kill();
      }
    };
    say();
  }

  /** The process is gone, with all that it had open. */
  #vanish(): void {
    if (this.isAlive) this.#leave("is gone");
    const { base, host } = this.#container;
    const lines = [...this.#new, ...(this.#terminal === undefined ? [] : [this.#terminal])];
    base.time.after(host, 0, () => {
      for (const { done } of lines) done("lost");
    });
  }

  #leave(how: string): void {
    this.endedAt = this.#now;
    this.#noteGap(this.#link.heardAt ?? this.began);
    this.#container.note(`the relay of ${this.owner} ${how}`);
  }
}
