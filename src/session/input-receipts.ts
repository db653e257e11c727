interface Receipt {
  readonly position: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Promises that resolve when the agent has the input up to a position. */
export class InputReceipts {
  #receipts: Receipt[] = [];
  #reached = 0;

  get hasPending(): boolean {
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
