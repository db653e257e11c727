import type { OpenSocket, SocketListener, WebSocketLike } from "../../src/aws/world.ts";
import { ConnectionError } from "../../src/session/transport/socket.ts";
import { between, type Random } from "../random.ts";
import type { Host } from "../time.ts";
import type { Client } from "../world/session.ts";
import type { World } from "../world/world.ts";

type Frame = Uint8Array | string;

/** The code of a connection that broke. */
const BROKEN = 1006;

/** The WebSockets of one runner. */
export class Sockets {
  readonly #world: World;
  readonly #host: Host;
  readonly #actor: string;
  readonly #random: Random;
  readonly #lines = new Set<Line>();
  #awayUntil = 0;

  constructor(world: World, actor: string, host: Host) {
    this.#world = world;
    this.#actor = actor;
    this.#host = host;
    this.#random = world.base.random(`sockets of ${actor}`);
  }

  /** Opens a socket to the gateway. It takes any token, and closes the socket when it refuses that. */
  readonly open: OpenSocket = async ({ url, signal }, listener) => {
    const { time } = this.#world.base;
    const [, id = ""] = /\/data-channel\/([^?]*)/.exec(url) ?? [];
    await time.sleep(this.#host, 2 * this.#delay(), signal);
    if (time.now < this.#awayUntil) throw new ConnectionError("connect ECONNREFUSED", undefined);
    if (!this.#world.gateway.sessions.has(id)) throw new ConnectionError("HTTP 404", 404);
    const end = new RunnerEnd(listener);
    const line: Line = new Line(this.#world, {
      ...{ id, actor: this.#actor, host: this.#host, end, delay: () => this.#delay() },
      onCut: (ms) => {
        this.keepAway(ms);
        this.cut(false);
      },
      onEnd: () => this.#lines.delete(line),
    });
    end.line = line;
    this.#lines.add(line);
    return end;
  };

  /** No connection can be made for so long. */
  keepAway(ms: number): void {
    this.#awayUntil = this.#world.base.time.now + ms;
  }

  /** Cuts all connections. True when there was one. */
  cut(isSilent: boolean): boolean {
    const lines = [...this.#lines];
    for (const line of lines) line.cut(isSilent);
    return lines.length > 0;
  }

  /** Milliseconds that a frame takes. */
  #delay(): number {
    const [least, most] = this.#world.base.options.latency;
    return between(this.#random, least, most) / 2;
  }
}

/** The runner's end of a connection. */
class RunnerEnd implements WebSocketLike {
  isOpen = true;
  isPaused = false;
  readonly unsentBytes = 0;
  line: Line | undefined;
  readonly #listener: SocketListener;
  /** What has come while the socket was paused. */
  readonly #held: (() => void)[] = [];

  constructor(listener: SocketListener) {
    this.#listener = listener;
  }

  send(frame: Frame): void {
    if (this.isOpen) this.line?.sendUp(frame);
  }

  ping(): void {
    if (this.isOpen) this.line?.ping(() => this.#hear(() => this.#listener.pong()));
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    for (const hear of this.#held.splice(0)) hear();
  }

  close(): void {
    this.line?.closeByRunner();
  }

  terminate(): void {
    this.line?.terminate();
  }

  take(frame: Frame): void {
    this.#hear(() => this.#listener.frame(frame));
  }

  closed(code: number, reason: string): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    if (code === BROKEN)
      this.#listener.failed(Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }));
    this.#listener.closed(code, reason);
  }

  #hear(hear: () => void): void {
    if (!this.isOpen) return;
    if (this.isPaused) this.#held.push(hear);
    else hear();
  }
}

/** A connection between a runner and the gateway, which keeps the order of what it carries unless a fault says otherwise. */
class Line implements Client {
  readonly actor: string;
  readonly host: Host;
  readonly #id: string;
  readonly #world: World;
  readonly #end: RunnerEnd;
  readonly #delay: () => number;
  readonly #onCut: (ms: number) => void;
  readonly #onEnd: () => void;
  /** When the last frame of each way arrives. */
  readonly #lastAt = { up: 0, down: 0 };
  /** Nothing passes any more, and neither end may know. */
  #isDead = false;
  #hasOpened = false;

  constructor(
    world: World,
    options: Pick<Client, "actor" | "host"> & {
      readonly id: string;
      readonly end: RunnerEnd;
      readonly delay: () => number;
      /** A fault of a frame cuts the runner's connections for so many milliseconds. */
      readonly onCut: (ms: number) => void;
      readonly onEnd: () => void;
    },
  ) {
    this.#world = world;
    this.#id = options.id;
    this.actor = options.actor;
    this.host = options.host;
    this.#end = options.end;
    this.#delay = options.delay;
    this.#onCut = options.onCut;
    this.#onEnd = options.onEnd;
    this.host.whenDead(() => this.#leave());
  }

  sendUp(frame: Frame): void {
    const isText = typeof frame === "string";
    this.#pass("up", !isText, () => {
      if (isText) this.#open(frame);
      else this.#world.gateway.up(this.#id, frame);
    });
  }

  ping(onPong: () => void): void {
    this.#pass("up", false, () => this.#pass("down", false, onPong));
  }

  /** Closes in good order: the gateway answers. */
  closeByRunner(): void {
    this.#pass("up", false, () => {
      this.#leave();
      this.#pass("down", false, () => this.#end.closed(1000, ""));
    });
  }

  terminate(): void {
    this.#leave();
    this.#isDead = true;
    this.#world.base.time.after(this.host, 0, () => this.#end.closed(BROKEN, ""));
  }

  /** A frame of the gateway. */
  send(frame: Frame): void {
    this.#pass("down", true, () => this.#end.take(frame));
  }

  close(code: number | undefined, reason: string): void {
    this.#leave();
    this.#pass("down", false, () => this.#end.closed(code ?? BROKEN, reason));
  }

  cut(isSilent: boolean): void {
    this.#leave();
    this.#isDead = true;
    if (!isSilent) this.#world.base.time.after(this.host, this.#delay(), () => this.#end.closed(BROKEN, ""));
  }

  #open(frame: string): void {
    if (this.#hasOpened) return;
    this.#hasOpened = true;
    const { TokenValue: token } = JSON.parse(frame) as { readonly TokenValue?: unknown };
    if (!this.#world.gateway.connect(this.#id, String(token), this)) this.close(1008, "invalid token");
  }

  /** Passes something on, with the delay of the network and the faults of frames. */
  #pass(way: "up" | "down", isFrame: boolean, arrive: () => void): void {
    // A process that is gone sends nothing more. What it has sent is on its way.
    if (this.#isDead || (way === "up" && this.host.isDead)) return;
    const { base } = this.#world;
    const fault = isFrame ? base.faults.ofFrame(this.actor, way) : undefined;
    const to = way === "up" ? base.host : this.host;
    const at = Math.max(this.#lastAt[way], base.time.now + this.#delay());
    const deliver = (when: number): void => {
      base.time.after(to, when - base.time.now, () => {
        if (!this.#isDead) arrive();
      });
    };
    if (fault?.what === "cut") this.#onCut(fault.ms);
    if (fault?.what === "lost" || fault?.what === "cut") return;
    if (fault?.what === "late") {
      deliver(at + fault.ms);
      return;
    }
    this.#lastAt[way] = at;
    deliver(at);
    if (fault?.what === "twice") deliver(at + fault.ms);
  }

  #leave(): void {
    this.#world.gateway.disconnect(this.#id, this);
    this.#onEnd();
  }
}
