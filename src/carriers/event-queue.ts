/** Events from several writers to one reader, in the order of their coming. */
export class EventQueue<Event> implements AsyncIterable<Event> {
  #waiting: { readonly event: Event; readonly handled: () => void }[] = [];
  #wake: () => void = () => undefined;
  #error: { readonly error: unknown } | undefined;

  /** Resolves when the reader has handled the event and asks for the next one. To wait for that is back-pressure. */
  put(event: Event): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ event, handled: resolve });
      this.#wake();
    });
  }

  /** Makes the reader fail. */
  fail(error: unknown): void {
    this.#error ??= { error };
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Event, never> {
    for (;;) {
      if (this.#error !== undefined) throw this.#error.error;
      const next = this.#waiting.shift();
      if (next === undefined) await new Promise<void>((resolve) => (this.#wake = resolve));
      else {
        yield next.event;
        next.handled();
      }
    }
  }
}
