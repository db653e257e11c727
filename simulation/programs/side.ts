import type { Received } from "../world/tcp.ts";
import { Content } from "./content.ts";

/** What one program knows of its connection. */
export class Side {
  /** Bytes that it has written, and that came. */
  sent = 0;
  got = 0;
  /** The first byte that is not what the other program has written. */
  wrongAt: number | undefined;
  /** Its own end, and the other program's. */
  hasEnded = false;
  endCame = false;
  /** When the connection was over, and how: `broke-off` by this program, `reset` by something else. */
  overAt: number | undefined;
  how: "closed" | "reset" | "broke-off" | undefined;
  readonly #expected: Content;

  constructor(expected: Content) {
    this.#expected = expected;
  }

  /** Compares what has come with what was to come. */
  take(piece: Exclude<Received, undefined | "reset">): void {
    if (piece === "end") {
      this.endCame = true;
      return;
    }
    if (this.wrongAt === undefined && !piece.equals(this.#expected.slice(this.got, this.got + piece.length)))
      this.wrongAt = this.got;
    this.got += piece.length;
  }
}

/** A connection of a program of a runner's machine, through a forward. */
export interface Carried {
  readonly number: number;
  readonly runner: string;
  /** Where the forward leads, such as `echo.internal`. */
  readonly to: string;
  /** When the ports of its forward were opened. */
  readonly openedAt: number;
  readonly begunAt: number;
  /** When it is over without faults, at the latest. */
  readonly dueAt: number;
  readonly client: Side;
  /** Undefined as long as its first bytes have not come there. */
  far: Side | undefined;
}
