interface Receipt {
  readonly position: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Promises that resolve when the agent has the input up to a position. */
export class InputReceipts {
  readonly #onProgress: (done: number, total: number) => void;
  #receipts: Receipt[] = [];
  #reached = 0;
  /** The position from which the input that is on its way began. */
  #from = 0;

  /** `onProgress`: how much of the input that is on its way the agent has. */
  constructor(onProgress: (done: number, total: number) => void = () => undefined) {
    this.#onProgress = onProgress;
  }

  get hasPending(): boolean {
    return this.#receipts.length > 0;
  }

  /** Resolves when the agent has all up to `position`; rejects when it never will. */
  until(position: number): Promise<void> {
    if (position <= this.#reached) return Promise.resolve();
    if (!this.hasPending) this.#from = this.#reached;
    return new Promise((resolve, reject) => this.#receipts.push({ position, resolve, reject }));
  }

  reached(position: number): void {
    const last = this.#receipts.at(-1);
    if (last !== undefined) this.#onProgress(position - this.#from, last.position - this.#from);
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
