interface Delivery {
  readonly position: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Who waits for the agent to have the input, by position in it. */
export class Deliveries {
  #deliveries: Delivery[] = [];
  #reached = 0;

  get pending(): boolean {
    return this.#deliveries.length > 0;
  }

  /** Resolves when the agent has all up to `position`; rejects when it never will. */
  until(position: number): Promise<void> {
    if (position <= this.#reached) return Promise.resolve();
    return new Promise((resolve, reject) => this.#deliveries.push({ position, resolve, reject }));
  }

  reached(position: number): void {
    this.#reached = position;
    const delivered = this.#deliveries.filter((delivery) => delivery.position <= position);
    this.#deliveries = this.#deliveries.filter((delivery) => delivery.position > position);
    for (const { resolve } of delivered) resolve();
  }

  fail(error: Error): void {
    const failed = this.#deliveries;
    this.#deliveries = [];
    for (const { reject } of failed) reject(error);
  }
}
