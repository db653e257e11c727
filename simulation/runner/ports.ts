import { Duplex } from "node:stream";
import type { LocalPort, LocalPorts, LocalSocket } from "../../src/aws/world.ts";
import type { Host, Time } from "../time.ts";
import { TcpEnd } from "../world/tcp.ts";

const LOOPBACK = "127.0.0.1";
/** Node reads so much at once. */
const READ_BYTES = 65_536;

/** The ports of a simulated runner, to which its programs connect. Whose connections are made can't be seen there. */
export class Ports implements LocalPorts {
  readonly uid = undefined;
  readonly #time: Time;
  readonly #host: Host;
  readonly #taken = new Map<string, (socket: LocalSocket) => void>();
  #last = 40_000;

  constructor(time: Time, host: Host) {
    this.#time = time;
    this.#host = host;
  }

  readonly listen: LocalPorts["listen"] = async (
    { host, port: wanted },
    onConnection,
  ): Promise<LocalPort> => {
    await this.#time.sleep(this.#host, 0);
    const port = wanted === 0 ? (this.#last += 1) : wanted;
    const name = `${host} ${port}`;
    if (this.#taken.has(name))
      throw Object.assign(new Error(`listen EADDRINUSE: address already in use ${host}:${port}`), {
        code: "EADDRINUSE",
      });
    this.#taken.set(name, onConnection);
    return { port, close: () => void this.#taken.delete(name) };
  };

  /** A program that lives on this host connects. Undefined when nothing listens. */
  connect(port: number, program: Host): TcpEnd | undefined {
    const take = this.#taken.get(`${LOOPBACK} ${port}`);
    if (take === undefined || this.#host.isDead) return undefined;
    const [ours, theirs] = TcpEnd.pair(this.#time, program, this.#host);
    const soon = (act: () => void): void => void this.#time.after(this.#host, 0, act);
    soon(() => take(new SimulatedSocket(theirs, port, soon)));
    return ours;
  }
}

/** The step's end of a connection, as Node has it. */
class SimulatedSocket extends Duplex implements LocalSocket {
  readonly remoteAddress = LOOPBACK;
  readonly remotePort = 50_000;
  readonly localAddress = LOOPBACK;
  readonly localPort: number;
  readonly #end: TcpEnd;
  readonly #soon: () => void;
  #wantsMore = false;
  #writing: { rest: Buffer; readonly done: (error?: Error) => void } | undefined;

  constructor(end: TcpEnd, port: number, soon: (act: () => void) => void) {
    super({ allowHalfOpen: true });
    this.#soon = () => soon(() => this.#move());
    this.localPort = port;
    this.#end = end;
    end.onChange = () => this.#move();
  }

  setNoDelay(): void {
    // Each piece is on its way at once.
  }

  resetAndDestroy(): void {
    this.#end.reset();
    this.destroy();
  }

  /** Like a socket's, it never has bytes before it returns. */
  override _read(): void {
    if (this.#wantsMore) return;
    this.#wantsMore = true;
    this.#soon();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    this.#writing = { rest: chunk, done };
    this.#move();
  }

  override _final(done: () => void): void {
    this.#end.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#end.close();
    done(error);
  }

  /** Moves what can be moved. That the connection is broken off is seen by those who read or write. */
  #move(): void {
    if (this.destroyed) return;
    while (this.#wantsMore) {
      const piece = this.#end.read(READ_BYTES);
      if (piece === undefined) break;
      if (piece === "reset") {
        this.destroy(broken("read"));
        return;
      }
      this.#wantsMore = piece !== "end" && this.push(piece);
      if (piece === "end") this.push(null);
    }
    const writing = this.#writing;
    if (writing === undefined) return;
    const count = this.#end.write(writing.rest);
    if (count === "reset") {
      this.#writing = undefined;
      writing.done(broken("write"));
      return;
    }
    writing.rest = writing.rest.subarray(count);
    if (writing.rest.length > 0) return;
    this.#writing = undefined;
    writing.done();
  }
}

function broken(call: string): Error {
  return Object.assign(new Error(`${call} ECONNRESET`), { code: "ECONNRESET" });
}
