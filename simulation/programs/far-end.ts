import type { Base } from "../world/base.ts";
import type { TcpEnd } from "../world/tcp.ts";
import { Content, NUMBER_BYTES } from "./content.ts";
import type { FarName } from "./far-name.ts";
import { Pace } from "./pace.ts";
import type { Side } from "./side.ts";

/** What an echo holds before it reads on. */
const MOST_HELD = 65_536;

/** A server's end of one connection. */
export class FarEnd {
  readonly #base: Base;
  readonly #name: FarName;
  readonly #end: TcpEnd;
  readonly #pace: Pace;
  readonly #meet: (number: number) => Side | undefined;
  /** Undefined until the number of the connection has come. */
  #side: Side | undefined;
  #content: Content | undefined;
  #first = Buffer.alloc(0);
  #echo = Buffer.alloc(0);
  #endCame = false;
  #hasEnded = false;
  #isOver = false;

  constructor(base: Base, name: FarName, end: TcpEnd, meet: (number: number) => Side | undefined) {
    this.#base = base;
    this.#name = name;
    this.#end = end;
    this.#meet = meet;
    this.#pace = new Pace(base.time, base.host, name.kind === "slow" ? name.count : undefined);
  }

  begin(): void {
    this.#end.onChange = () => this.#move();
    this.#move();
  }

  #move(): void {
    while (!this.#isOver) {
      const hasRead = this.#read();
      if (this.#hasGone() || (!this.#write() && !hasRead)) break;
    }
  }

  #hasGone(): boolean {
    return this.#isOver;
  }

  #read(): boolean {
    if (this.#endCame || this.#echo.length >= MOST_HELD) return false;
    const allowed = this.#pace.allowed(() => this.#move());
    if (allowed === 0) return false;
    const piece = this.#end.read(allowed);
    if (piece === undefined) return false;
    if (piece === "reset") {
      this.#over("reset");
      return false;
    }
    if (piece === "end") this.#endCame = true;
    else {
      this.#pace.took(piece.length);
      if (this.#name.kind === "echo") this.#echo = Buffer.concat([this.#echo, piece]);
    }
    this.#take(piece);
    return true;
  }

  #take(piece: Buffer | "end"): void {
    if (this.#side !== undefined || piece === "end") {
      this.#side?.take(piece);
      return;
    }
    this.#first = Buffer.concat([this.#first, piece]);
    if (this.#first.length < NUMBER_BYTES) return;
    const number = this.#first.readUInt32BE();
    this.#side = this.#meet(number);
    this.#content = new Content(number, "down");
    this.#side?.take(this.#first);
  }

  #write(): boolean {
    if (this.#hasEnded) {
      if (this.#endCame) this.#over("closed");
      return false;
    }
    const next = this.#next();
    if (next === undefined) return false;
    if (next === "reset") {
      this.#end.reset();
      this.#over("broke-off");
      return false;
    }
    if (next === "end") {
      this.#hasEnded = true;
      if (this.#side !== undefined) this.#side.hasEnded = true;
      this.#end.end();
      return true;
    }
    const count = this.#end.write(next);
    if (count === "reset") {
      this.#over("reset");
      return false;
    }
    if (this.#name.kind === "echo") this.#echo = this.#echo.subarray(count);
    if (this.#side !== undefined) this.#side.sent += count;
    return count > 0;
  }

  /** What the server sends next. */
  #next(): Buffer | "end" | "reset" | undefined {
    const { kind, count } = this.#name;
    if (kind === "echo" && this.#echo.length > 0) return this.#echo;
    if ((kind === "source" || kind === "breaks") && this.#side !== undefined) {
      const { sent } = this.#side;
      if (sent < count) return this.#content?.slice(sent, Math.min(count, sent + 16_384));
      return kind === "breaks" ? "reset" : "end";
    }
    return this.#endCame ? "end" : undefined;
  }

  #over(how: NonNullable<Side["how"]>): void {
    this.#isOver = true;
    this.#end.close();
    if (this.#side === undefined) return;
    this.#side.how = how;
    this.#side.overAt = this.#base.time.now;
  }
}
