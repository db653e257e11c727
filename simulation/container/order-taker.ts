import type { Host } from "../time.ts";
import type { Container } from "./container.ts";
import type { Directory } from "./directory.ts";

/** A process that obeys orders for items, one after the other. There may be two at once: that of a session, and that which reads `control`. */
export class OrderTaker {
  readonly #container: Container;
  readonly #directory: Directory;
  readonly #host: Host;
  #last = Promise.resolve();

  constructor(container: Container, directory: Directory, host: Host) {
    this.#container = container;
    this.#directory = directory;
    this.#host = host;
  }

  /** Settles when the order was obeyed, or was none to obey. */
  take(words: string): Promise<void> {
    this.#last = this.#last.then(() => this.#obey(words));
    return this.#last;
  }

  async #obey(words: string): Promise<void> {
    const { base, options } = this.#container;
    const { stock, runId } = this.#directory;
    if (stock === undefined) return;
    const [number = "", word = "", ...batches] = words.split(" ");
    const order = Number(number);
    if (!/^\d{1,9}$/.test(number) || !["give", "back", "end"].includes(word)) return;
    await base.time.sleep(this.#host, options.pace);
    const isNext = order === 1 || stock.obeyed.has(order - 1);
    if (!isNext || stock.obeyed.has(order) || this.#directory.isGone) return;
    // Another process may obey it now.
    await base.time.sleep(this.#host, options.pace);
    this.#container.note(`items of ${runId.slice(-4)}: ${words}`);
    this.#container.orders.push(words);
    if (word === "give") stock.give(order, batches);
    else if (word === "back") this.#container.givenBack += stock.giveBack(order);
    else {
      stock.entries.push("end");
      stock.isWanting = false;
    }
    await base.time.sleep(this.#host, 1);
    stock.obeyed.add(order);
    stock.facts.tell(`got ${order}`);
    this.#directory.wake();
  }
}
