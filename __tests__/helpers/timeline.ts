/** Time that passes from event to event, as soon as nothing is left to do at this one. */
export class Timeline {
  now = 1_700_000_000_000;
  #sleepers: { readonly at: number; readonly wake: () => void }[] = [];

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    return new Promise((resolve, reject) => {
      const sleeper = { at: this.now + ms, wake: resolve };
      this.#sleepers.push(sleeper);
      signal?.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    });
  }

  async runUntil(isOver: () => boolean): Promise<void> {
    const end = this.now + 2 * 3_600_000;
    for (;;) {
      await new Promise(setImmediate);
      if (isOver()) return;
      if (this.now > end) throw new Error("it never ends");
      const at = Math.min(...this.#sleepers.map((sleeper) => sleeper.at));
      if (at === Infinity) throw new Error("nothing happens any more");
      this.now = at;
      const due = this.#sleepers.filter((sleeper) => sleeper.at <= at);
      this.#sleepers = this.#sleepers.filter((sleeper) => sleeper.at > at);
      for (const { wake } of due) wake();
    }
  }
}
