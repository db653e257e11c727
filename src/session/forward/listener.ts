import type { LocalPort, LocalPorts, LocalSocket } from "../../aws/world.ts";
import type { Clock } from "../../clock.ts";
import { messageOf } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { codeOf } from "../../values.ts";
import { breakOff, Connection } from "./connection.ts";
import { portTaken } from "./failures.ts";
import { farEndOf, type Forward } from "../../inputs/forwards.ts";
import { type LocalEnd, LocalSockets, readTables } from "./local-user.ts";
import { MOST_STREAMS } from "./streams.ts";
import type { Tunnel } from "./tunnel.ts";

/** How long a new connection waits for the tunnel. */
const WAIT_MS = 10_000;
/** Tries to find a port that is free on both addresses. */
const MOST_TRIES = 8;

export interface ListenerOptions {
  readonly tunnel: Tunnel;
  readonly clock: Clock;
  readonly log: Log;
  readonly ports: LocalPorts;
}

/** How many connections were refused. */
export interface RefusedCounts {
  /** Their programs had closed them before it was seen whose they are. */
  readonly unseen: number;
  /** There were too many already. */
  readonly tooMany: number;
}

/** The ports of this machine that lead through a tunnel. Only 127.0.0.1 and ::1 have them. */
export class Listeners {
  readonly #options: ListenerOptions;
  readonly #open: LocalPort[] = [];
  readonly #sockets = new Set<LocalSocket>();
  readonly #local: LocalSockets;
  readonly refused = { unseen: 0, tooMany: 0 };

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#local = new LocalSockets(() => readTables(options.clock));
  }

  /** Listens for this forward, and returns the port. Fails with `port-taken`. */
  async listen(forward: Forward, target: number): Promise<number> {
    for (let tries = 1; ; tries++) {
      const port = await this.#bind(forward, target, "127.0.0.1", forward.local ?? 0);
      try {
        await this.#bind(forward, target, "::1", port);
        return port;
      } catch (error) {
        // A machine without IPv6 has no ::1.
        if (codeOf(error) === "EADDRNOTAVAIL" || codeOf(error) === "EAFNOSUPPORT") return port;
        this.#open.pop()?.close();
        if (forward.local !== undefined || tries === MOST_TRIES) throw portTaken(port, messageOf(error));
      }
    }
  }

  /** Closes the ports at once, and resets what is open. */
  close(): void {
    for (const port of this.#open.splice(0)) port.close();
    for (const socket of this.#sockets) breakOff(socket);
  }

  async #bind(forward: Forward, target: number, host: string, port: number): Promise<number> {
    const onConnection = (socket: LocalSocket): void => void this.#accept(socket, forward, target);
    try {
      const opened = await this.#options.ports.listen({ host, port }, onConnection);
      this.#open.push(opened);
      return opened.port;
    } catch (error) {
      throw host === "::1" ? error : portTaken(port, messageOf(error));
    }
  }

  async #accept(socket: LocalSocket, forward: Forward, target: number): Promise<void> {
    const { tunnel, log } = this.#options;
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    // What goes wrong with a connection ends in its `close`.
    socket.on("error", () => undefined);
    if (this.#hasTooMany() || !(await this.#isAllowed(socket, forward))) {
      breakOff(socket);
      return;
    }
    const connection = new Connection(socket, tunnel, (_, text) =>
      log.warnOnce(`The container can't reach ${farEndOf(forward)}: ${text}.`),
    );
    if (!(await tunnel.untilReady(WAIT_MS)) || !connection.begin(target)) breakOff(socket);
  }

  #hasTooMany(): boolean {
    if (this.#sockets.size <= MOST_STREAMS) return false;
    this.refused.tooMany += 1;
    this.#options.log.warnOnce(
      `A connection was refused, because ${MOST_STREAMS} are open, and the forward takes no more at a time.`,
    );
    return true;
  }

  /** Whether a process of ours, or of root, has made this connection. Allowed with a warning where that can't be seen. */
  async #isAllowed(socket: LocalSocket, { text }: Forward): Promise<boolean> {
    const { log, ports } = this.#options;
    const client = { address: socket.remoteAddress, port: socket.remotePort };
    const listener = { address: socket.localAddress, port: socket.localPort };
    // It has been reset meanwhile.
    if (!isEnd(client) || !isEnd(listener)) return false;
    const owner = ports.uid === undefined ? "unseen" : await this.#local.ownerOf({ client, listener });
    if (owner === "unseen") {
      log.warnOnce(
        "This system does not show whose connections are made, so any user of this machine may use the forward.",
      );
      return true;
    }
    if (owner === "gone") {
      this.refused.unseen += 1;
      log.warnOnce(
        `A connection to ${text} was refused: its program had closed it before the system could show whose it is. What it sent is lost. A program that waits for an answer before it closes is not refused.`,
      );
      return false;
    }
    if (owner.uid === ports.uid || owner.uid === 0) return true;
    log.warnOnce(`A connection of user ${owner.uid} of this machine to ${text} was refused.`);
    return false;
  }
}

function isEnd(end: {
  readonly address: string | undefined;
  readonly port: number | undefined;
}): end is LocalEnd {
  return end.address !== undefined && end.port !== undefined;
}
