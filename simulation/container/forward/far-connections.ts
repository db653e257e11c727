import type { Network } from "../../programs/network.ts";
import type { Host } from "../../time.ts";
import type { Base } from "../../world/base.ts";
import type { TcpEnd } from "../../world/tcp.ts";
import type { ContainerStreams, Wish } from "./streams.ts";

/** Where a relay runs. */
export interface Place {
  readonly base: Base;
  readonly host: Host;
  readonly network: Network;
  readonly options: { readonly pace: number };
  note(text: string): void;
}

/** Why no connection was made, by the number that the runner is told. */
const REFUSALS = ["failed", "unknown-name", "refused", "no-route", "timed-out", "forbidden"] as const;
type Refusal = (typeof REFUSALS)[number];

interface Options {
  readonly targets: readonly (readonly [host: string | null, port: number])[];
  /** Seconds for a connection. */
  readonly connect: number;
  /** The relay has a turn soon. */
  readonly wake: () => void;
  /** Does what may end the relay. */
  readonly guard: (act: () => void) => void;
}

/** A connection to a far end. */
interface FarConnection {
  readonly of: number;
  /** Undefined until it is connected. */
  end: TcpEnd | undefined;
  /** Gives the attempt to connect up at this time. */
  until: number | undefined;
  hasEnd: boolean;
  /** What the far end has not taken yet; an end is the last. */
  readonly queue: (Buffer | "end")[];
}

/** The connections of a relay to far ends, by their streams. */
export class FarConnections {
  readonly #place: Place;
  readonly #host: Host;
  readonly #streams: ContainerStreams;
  readonly #options: Options;
  readonly #all = new Map<number, FarConnection>();
  /** The connection that has sent last. */
  #turn = 0;

  constructor(place: Place, host: Host, streams: ContainerStreams, options: Options) {
    this.#place = place;
    this.#host = host;
    this.#streams = streams;
    this.#options = options;
  }

  /** When attempts to connect are given up. */
  get times(): readonly number[] {
    return [...this.#all.values()].flatMap(({ until }) => until ?? []);
  }

  lookAtTime(now: number): void {
    for (const each of [...this.#all.values()])
      if (each.until !== undefined && now >= each.until)
        this.#refuse(each, "timed-out", `no answer within ${this.#options.connect} s`);
  }

  obey(wish: Exclude<Wish, { readonly kind: "bye" }>): void {
    if (wish.kind === "open") {
      this.#open(wish.of, wish.target);
      return;
    }
    const each = this.#all.get(wish.of);
    if (each === undefined) return;
    if (wish.kind === "reset") {
      this.#all.delete(each.of);
      each.end?.reset();
    } else each.queue.push(wish.kind === "end" ? "end" : wish.bytes);
  }

  /** Gives each far end what it takes, and takes what it has, from the one on that is behind the last that sent. */
  serve(): void {
    const all = [...this.#all.values()].sort((one, other) => one.of - other.of);
    const behind = all.filter(({ of }) => of > this.#turn);
    for (const each of [...behind, ...all.filter(({ of }) => of <= this.#turn)]) this.#serve(each);
  }

  /** Their clients may not have sent all, so an end would be wrong. */
  breakOff(): void {
    for (const { end } of this.#all.values()) end?.reset();
  }

  #open(of: number, target: number): void {
    const { targets, connect, wake, guard } = this.#options;
    const { base, options, network } = this.#place;
    const [host, port] = targets[target] ?? [null, 0];
    const until = base.time.now + connect * 1000;
    const each: FarConnection = { of, end: undefined, until, hasEnd: false, queue: [] };
    this.#all.set(of, each);
    base.time.after(this.#host, options.pace, () => {
      if (this.#all.get(of) !== each) return;
      const answer = network.dial(host ?? "task", port, this.#host);
      if (answer === "silent") return;
      each.until = undefined;
      if (typeof answer === "string") guard(() => this.#refuse(each, answer, answer));
      else {
        each.end = answer;
        answer.onChange = wake;
        guard(() => this.#streams.opened(of));
      }
      wake();
    });
  }

  #refuse(each: FarConnection, why: Refusal, text: string): void {
    this.#streams.refused(each.of, REFUSALS.indexOf(why), text);
    this.#all.delete(each.of);
  }

  #serve(each: FarConnection): void {
    if (each.end === undefined || !this.#feed(each)) return;
    const room = this.#streams.room(each.of);
    if (room <= 0 || each.hasEnd) return;
    const piece = each.end.read(room);
    if (piece === undefined) return;
    if (piece === "reset") {
      this.#fail(each);
      return;
    }
    this.#turn = each.of;
    if (piece === "end") {
      each.hasEnd = true;
      this.#streams.end(each.of);
      this.#settle(each);
    } else this.#streams.send(each.of, piece);
    // The others have their turns before it.
    this.#options.wake();
  }

  /** Gives the far end what it takes. False when the connection is over. */
  #feed(each: FarConnection): boolean {
    for (let next = each.queue[0]; next !== undefined; next = each.queue[0]) {
      if (next === "end") {
        each.queue.shift();
        each.end?.end();
        continue;
      }
      const count = each.end?.write(next) ?? 0;
      if (count === "reset") return this.#fail(each);
      if (count === 0) break;
      this.#streams.consumed(each.of, count);
      if (count === next.length) each.queue.shift();
      else each.queue[0] = next.subarray(count);
    }
    return this.#settle(each);
  }

  #fail(each: FarConnection): false {
    this.#streams.reset(each.of);
    this.#all.delete(each.of);
    each.end?.reset();
    return false;
  }

  /** Forgets a connection whose stream is over and which has all. */
  #settle(each: FarConnection): boolean {
    if (this.#streams.isOpen(each.of) || each.queue.length > 0) return true;
    this.#all.delete(each.of);
    each.end?.close();
    return false;
  }
}
