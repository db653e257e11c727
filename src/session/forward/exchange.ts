import { type Client, Clients } from "./clients.ts";
import { forwardLost } from "./failures.ts";
import type { Link } from "./link.ts";
import { Violation } from "./packets.ts";
import { Relay, type RelayOptions } from "./relay.ts";
import type { RelayOrder } from "../../payload/forward.ts";
import type { StreamEvent, TerminalSize } from "./streams.ts";

export interface ExchangeCounts {
  readonly connections: number;
  readonly sent: number;
  readonly received: number;
  /** Connections that were open when their relay was lost. */
  readonly reset: number;
}

/**
 * What the clients of a forward and its relay send each other, without I/O: each client has a stream of the relay's link. When the relay is
 * lost another one takes its place, with no stream.
 */
export class Exchange {
  readonly #options: RelayOptions;
  readonly #clients = new Clients();
  readonly #counts = { connections: 0, sent: 0, received: 0, reset: 0 };
  #relay: Relay;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#relay = new Relay(options);
  }

  get counts(): ExchangeCounts {
    return this.#counts;
  }

  get link(): Link {
    return this.#relay.link;
  }

  /** True once the relay has answered. */
  get isStarted(): boolean {
    return this.#relay.isStarted;
  }

  /** True when a relay may run in the container, also one that was not heard yet. */
  get mayRun(): boolean {
    return this.#relay.mayRun;
  }

  /** What is typed. From now on the relay may run. */
  order(): RelayOrder {
    this.#relay.mayRun = true;
    return this.#relay.order();
  }

  /** The container starts no relay, since another one runs in it. */
  noteBusy(): void {
    this.#relay.mayRun = false;
  }

  /** Opens a connection to a target of the list. Undefined when there are too many, or when the link is not up. */
  connect(target: number, client: Client): number | undefined {
    const of = this.link.isGreeted ? this.#relay.streams.open(target) : undefined;
    if (of === undefined) return undefined;
    if (client.isProbe !== true) this.#counts.connections += 1;
    this.#clients.add(of, client);
    return of;
  }

  /** The client has taken so many of the bytes that it got. */
  consumed(of: number, count: number): void {
    this.#relay.streams.consumed(of, count);
    this.#forgetIfOver(of);
  }

  resize(of: number, size: TerminalSize): void {
    this.#relay.streams.resize(of, size);
  }

  reset(of: number): void {
    this.#clients.delete(of);
    this.#relay.streams.reset(of);
  }

  /** Resets the connections of all clients on this side. */
  resetClients(): void {
    this.#clients.reset();
  }

  bye(): void {
    this.#relay.streams.bye();
  }

  /** Takes a line of the relay. Throws `Damage`, or the failure of the forward when the relay ends it or says what it never would. */
  receive(line: Buffer, now: number): void {
    try {
      this.#relay.streams.receive(line, now);
    } catch (error) {
      if (error instanceof Violation) throw forwardLost(error.message);
      throw error;
    }
    this.#relay.isStarted = true;
    for (const event of this.#relay.streams.takeEvents()) this.#tell(event);
  }

  /** Puts a piece of the next client that has one on the link, in turn. False when none has. */
  pull(): boolean {
    const { streams } = this.#relay;
    const next = this.#clients.pull((of) => streams.allowed(of));
    if (next === undefined) return false;
    const { of, piece } = next;
    if (piece === "end") {
      streams.end(of);
      this.#forgetIfOver(of);
    } else {
      this.#counts.sent += piece.length;
      streams.send(of, piece);
    }
    return true;
  }

  /** From now on another relay carries new connections. The open ones are lost with the last one; returns how many these were. */
  startAnew(): number {
    const { size } = this.#clients;
    this.#counts.reset += size;
    this.#clients.reset();
    this.#relay = new Relay(this.#options);
    return size;
  }

  #tell(event: StreamEvent): void {
    if (event.kind === "bye") throw forwardLost(event.text);
    if (event.kind === "data" && !this.#clients.isProbe(event.stream))
      this.#counts.received += event.bytes.length;
    this.#clients.tell(event);
    this.#forgetIfOver(event.stream);
  }

  #forgetIfOver(of: number): void {
    if (!this.#relay.streams.isOpen(of)) this.#clients.delete(of);
  }
}
