import type { ClientOptions } from "../scenario.ts";
import type { Base } from "../world/base.ts";
import type { TcpEnd } from "../world/tcp.ts";
import { Content, NUMBER_BYTES } from "./content.ts";
import { Pace } from "./pace.ts";
import type { Carried, Side } from "./side.ts";

const PIECE = 16_384;

/** A program of a runner's machine, with a connection through a forward: it sends, waits, ends, and reads all the while. */
export class ClientProgram {
  /** Resolves when the connection is over. */
  readonly over: Promise<void>;
  readonly #base: Base;
  readonly #options: ClientOptions;
  readonly #side: Side;
  readonly #content: Content;
  readonly #pace: Pace;
  readonly #end: TcpEnd;
  #resolve: () => void = () => undefined;
  /** Nothing is written before. */
  #writesAt = 0;
  #hasWaited = false;

  constructor(base: Base, options: ClientOptions, { number, client }: Carried, end: TcpEnd) {
    this.#base = base;
    this.#options = options;
    this.#side = client;
    this.#end = end;
    this.#content = new Content(number, "up");
    this.#pace = new Pace(base.time, base.host, options.reads);
    this.over = new Promise((resolve) => (this.#resolve = resolve));
  }

  begin(): void {
    const { breaksAfter } = this.#options;
    this.#end.onChange = () => this.#move();
    if (breaksAfter !== undefined) this.#after(breaksAfter, () => this.#breakOff());
    this.#move();
  }

  /** Its connection is stuck. */
  giveUp(): void {
    this.#end.close();
    this.#resolve();
  }

  #after(ms: number, act: () => void): void {
    this.#base.time.after(this.#base.host, ms, act);
  }

  #breakOff(): void {
    if (this.#isOver()) return;
    this.#end.reset();
    this.#finish("broke-off");
  }

  #isOver(): boolean {
    return this.#side.overAt !== undefined;
  }

  #move(): void {
    while (!this.#isOver()) {
      const hasRead = this.#read();
      if (this.#isOver() || (!this.#write() && !hasRead)) break;
    }
    if (!this.#isOver() && this.#side.hasEnded && this.#side.endCame) {
      this.#end.close();
      this.#finish("closed");
    }
  }

  #read(): boolean {
    if (this.#side.endCame) return false;
    const allowed = this.#pace.allowed(() => this.#move());
    if (allowed === 0) return false;
    const piece = this.#end.read(allowed);
    if (piece === undefined) return false;
    if (piece === "reset") {
      this.#finish("reset");
      return false;
    }
    if (piece !== "end") this.#pace.took(piece.length);
    this.#side.take(piece);
    return true;
  }

  #write(): boolean {
    const { sends, pause = 0, idle = 0 } = this.#options;
    const { time } = this.#base;
    if (this.#side.hasEnded || time.now < this.#writesAt) return false;
    const most = Math.max(sends, NUMBER_BYTES);
    const { sent } = this.#side;
    if (sent < most) {
      const count = this.#end.write(this.#content.slice(sent, Math.min(most, sent + PIECE)));
      if (count === "reset") {
        this.#finish("reset");
        return false;
      }
      this.#side.sent += count;
      if (count > 0 && pause > 0) this.#waitFor(pause);
      return count > 0;
    }
    if (idle > 0 && !this.#hasWaited) {
      this.#hasWaited = true;
      this.#waitFor(idle);
      return false;
    }
    this.#side.hasEnded = true;
    this.#end.end();
    return true;
  }

  #waitFor(ms: number): void {
    this.#writesAt = this.#base.time.now + ms;
    this.#after(ms, () => this.#move());
  }

  #finish(how: NonNullable<Side["how"]>): void {
    this.#side.how = how;
    this.#side.overAt = this.#base.time.now;
    this.#end.close();
    this.#resolve();
  }
}
