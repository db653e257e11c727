type Act = (event: Event) => void;

/** Node makes a DOMException for each abort without a reason. Nobody tells them apart, and making them takes long. */
const ABORT_ERROR = Object.assign(new Error("This operation was aborted"), { name: "AbortError", code: 20 });

const NO_SIGNALS: readonly Signal[] = [];

/**
 * An AbortSignal for worlds. A step can't tell it from Node's. Node's takes a third of a world's time, and one of several that has a listener
 * stays in memory until a source of it aborts, which those of a killed runner never do. This one is known to its sources only while it has
 * listeners.
 */
export class Signal {
  #isAborted = false;
  #reason: unknown;
  /** The source whose reason is this one's. */
  #cause: Signal | undefined;
  /** Most signals never have a listener or a dependant, and sets are dear. */
  #listeners: Set<Act> | undefined;
  readonly #sources: readonly Signal[];
  /** The signals of several that have listeners. */
  #dependants: Set<Signal> | undefined;

  constructor(sources: readonly Signal[] = NO_SIGNALS) {
    this.#sources = sources;
  }

  static any(signals: readonly Signal[]): Signal {
    return new Signal(signals);
  }

  static abort(reason?: unknown): Signal {
    const signal = new Signal();
    signal.abortWith(reason);
    return signal;
  }

  get aborted(): boolean {
    if (!this.#isAborted) this.#adopt();
    return this.#isAborted;
  }

  get reason(): unknown {
    if (!this.aborted) return undefined;
    return (this.#reason ??= this.#cause?.reason ?? ABORT_ERROR);
  }

  /** Whether it keeps others in memory. */
  get isKeeping(): boolean {
    return this.#dependants !== undefined && this.#dependants.size > 0;
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.reason as Error;
  }

  /** A signal aborts once, so each listener is called once. */
  addEventListener(_type: "abort", act: Act, options?: { readonly signal?: Signal }): void {
    const signal = options?.signal;
    if (signal?.aborted || this.aborted || this.#listeners?.has(act)) return;
    this.#listeners ??= new Set();
    if (this.#listeners.size === 0) this.#join(this.#sources);
    this.#listeners.add(act);
    signal?.addEventListener("abort", () => this.removeEventListener("abort", act));
  }

  removeEventListener(_type: "abort", act: Act): void {
    if (this.#listeners?.delete(act) && this.#listeners.size === 0) this.#leave(this.#sources);
  }

  /** For the controller alone. */
  abortWith(reason: unknown): void {
    if (this.#isAborted) return;
    this.#isAborted = true;
    this.#reason = reason;
    const dependants = this.#dependants && [...this.#dependants];
    this.#fire();
    for (const dependant of dependants ?? NO_SIGNALS) {
      dependant.#adopt();
      dependant.#fire();
    }
  }

  /** Aborts like the first of its sources that has. */
  #adopt(): void {
    if (this.#isAborted) return;
    for (const source of this.#sources)
      if (source.aborted) {
        this.#isAborted = true;
        this.#cause = source;
        return;
      }
  }

  #fire(): void {
    const acts = this.#listeners;
    if (acts === undefined || acts.size === 0) return;
    this.#listeners = undefined;
    this.#leave(this.#sources);
    const event = { type: "abort", target: this } as unknown as Event;
    for (const act of acts) act(event);
  }

  /** Makes it known to the signals that it comes from, which have controllers. */
  #join(sources: readonly Signal[]): void {
    for (const source of sources) {
      if (source.#sources.length === 0) (source.#dependants ??= new Set()).add(this);
      else this.#join(source.#sources);
    }
  }

  #leave(sources: readonly Signal[]): void {
    for (const source of sources) {
      if (source.#sources.length === 0) source.#dependants?.delete(this);
      else this.#leave(source.#sources);
    }
  }
}

export class Controller {
  readonly signal = new Signal();

  abort(reason?: unknown): void {
    this.signal.abortWith(reason);
  }
}

/** Gives this process the signals for worlds. */
export function installSignals(): void {
  Object.assign(globalThis, { AbortController: Controller, AbortSignal: Signal });
}
