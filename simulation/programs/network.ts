import type { Base } from "../world/base.ts";
import type { Host } from "../time.ts";
import { TcpEnd } from "../world/tcp.ts";
import { FarEnd } from "./far-end.ts";
import { farNameOf } from "./far-name.ts";
import type { Carried } from "./side.ts";
import { Content } from "./content.ts";
import { Side } from "./side.ts";

/** Notes a connection of a client, which leads to this far end. */
export function beginCarried(
  base: Base,
  { runner, to, openedAt, dueAt }: Pick<Carried, "runner" | "to" | "openedAt" | "dueAt">,
): Carried {
  const number = base.carried.length + 1;
  const client = new Side(new Content(number, farNameOf(to)?.kind === "echo" ? "up" : "down"));
  const begunAt = base.time.now;
  const carried: Carried = { number, runner, to, openedAt, begunAt, dueAt, client, far: undefined };
  base.carried.push(carried);
  return carried;
}

/** What a container reaches. */
export class Network {
  readonly #base: Base;
  /** The far ends that have taken their first connection. */
  readonly #left = new Set<string>();

  constructor(base: Base) {
    this.#base = base;
  }

  /** A process in a container connects. `silent`: no answer comes. */
  dial(
    host: string,
    port: number,
    process: Host,
  ): TcpEnd | "unknown-name" | "refused" | "forbidden" | "silent" {
    const name = farNameOf(host);
    if (name === undefined || name.kind === "unknown") return "unknown-name";
    if (name.kind === "metadata") return "forbidden";
    if (name.kind === "silent") return "silent";
    const place = `${host}:${port}`;
    if (name.kind === "refuses" || (name.kind === "leaves" && this.#left.has(place))) return "refused";
    this.#left.add(place);
    const [ours, theirs] = TcpEnd.pair(this.#base.time, process, this.#base.host);
    new FarEnd(this.#base, name, theirs, (number) => this.#meet(number)).begin();
    return ours;
  }

  /** The first bytes of a connection have come to its far end. */
  #meet(number: number): Side | undefined {
    const carried = this.#base.carried[number - 1];
    if (carried === undefined) return undefined;
    carried.far = new Side(new Content(number, "up"));
    return carried.far;
  }
}
