interface Receipt {
  readonly position: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Who waits for the agent to have the input, by position in it. */
export class InputReceipts {
  #receipts: Receipt[] = [];
  #reached = 0;

  get pending(): boolean {
    return this.#receipts.length > 0;
  }

  /** Resolves when the agent has all up to `position`; rejects when it never will. */
  until(position: number): Promise<void> {
    if (position <= this.#reached) return Promise.resolve();
    return new Promise((resolve, reject) => this.#receipts.push({ position, resolve, reject }));
  }

  reached(position: number): void {
    this.#reached = position;
    const delivered = this.#receipts.filter((receipt) => receipt.position <= position);
    this.#receipts = this.#receipts.filter((receipt) => receipt.position > position);
    for (const { resolve } of delivered) resolve();
  }

  fail(error: Error): void {
    const failed = this.#receipts;
    this.#receipts = [];
    for (const { reject } of failed) reject(error);
  }
}
