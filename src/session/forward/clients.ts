import type { Refusal, StreamEvent } from "./streams.ts";

/** One connection of this machine, as the tunnel sees it. */
export interface Client {
  /** It only looks whether the far end is there, and does not count. */
  readonly isProbe?: true;
  opened(): void;
  refused(why: Refusal, text: string): void;
  data(bytes: Buffer): void;
  /** The other end sends no more. */
  end(): void;
  reset(): void;
  /** The program at the far end has ended with this code. */
  exited?(code: number): void;
  /** At most so many bytes to send; undefined when there are none now, `end` when there will be none. */
  pull(most: number): Buffer | "end" | undefined;
}

/** The connections that a tunnel carries, by the numbers of their streams. */
export class Clients {
  readonly #clients = new Map<number, Client>();
  /** The stream that was served last. */
  #turn = 0;

  isProbe(of: number): boolean {
    return this.#clients.get(of)?.isProbe === true;
  }

  get size(): number {
    return this.#clients.size;
  }

  add(of: number, client: Client): void {
    this.#clients.set(of, client);
  }

  delete(of: number): void {
    this.#clients.delete(of);
  }

  /** Takes at most so many bytes as `allowed` says of the next client that has some, or its end. Undefined when none has. */
  pull(allowed: (of: number) => number): { readonly of: number; readonly piece: Buffer | "end" } | undefined {
    const all = [...this.#clients.keys()];
    const next = all.findIndex((of) => of > this.#turn);
    for (const of of next < 0 ? all : [...all.slice(next), ...all.slice(0, next)]) {
      const most = allowed(of);
      const piece = most > 0 ? this.#clients.get(of)?.pull(most) : undefined;
      if (piece === undefined) continue;
      this.#turn = of;
      return { of, piece };
    }
    return undefined;
  }

  /** Tells the client of a stream what has come. One that is refused or reset is forgotten. */
  tell(event: Exclude<StreamEvent, { readonly kind: "bye" }>): void {
    const client = this.#clients.get(event.stream);
    if (event.kind === "reset" || event.kind === "refused") this.#clients.delete(event.stream);
    switch (event.kind) {
      case "data":
        client?.data(event.bytes);
        break;
      case "refused":
        client?.refused(event.why, event.text);
        break;
      case "exited":
        client?.exited?.(event.code);
        break;
      default:
        client?.[event.kind]();
    }
  }

  /** Resets all of them, and begins anew. */
  reset(): void {
    const clients = [...this.#clients.values()];
    this.#clients.clear();
    this.#turn = 0;
    for (const client of clients) client.reset();
  }
}
