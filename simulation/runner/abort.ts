type Act = (event: Event) => void;

/** Node's is a DOMException, which takes ten times as long to make. */
class AbortError extends Error {
  override readonly name = "AbortError";
  readonly code = 20;
}

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
  readonly #listeners = new Set<Act>();
  readonly #sources: readonly Signal[];
  /** The signals of several that have listeners. */
  readonly #dependants = new Set<Signal>();

  constructor(sources: readonly Signal[] = []) {
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

  /** An error is made only when somebody looks at it. */
  get reason(): unknown {
    if (!this.aborted) return undefined;
    return (this.#reason ??= this.#cause?.reason ?? new AbortError("This operation was aborted"));
  }

  /** Whether it keeps others in memory. */
  get isKeeping(): boolean {
    return this.#dependants.size > 0;
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.reason as Error;
  }

  /** A signal aborts once, so each listener is called once. */
  addEventListener(_type: "abort", act: Act, { signal }: { readonly signal?: Signal } = {}): void {
    if (signal?.aborted || this.aborted || this.#listeners.has(act)) return;
    if (this.#listeners.size === 0) this.#eachRoot((root) => root.#dependants.add(this));
    this.#listeners.add(act);
    signal?.addEventListener("abort", () => this.removeEventListener("abort", act));
  }

  removeEventListener(_type: "abort", act: Act): void {
    if (this.#listeners.delete(act) && this.#listeners.size === 0) this.#leave();
  }

  /** For the controller alone. */
  abortWith(reason: unknown): void {
    if (this.#isAborted) return;
    this.#isAborted = true;
    this.#reason = reason;
    const dependants = [...this.#dependants];
    this.#fire();
    for (const dependant of dependants) {
      dependant.#adopt();
      dependant.#fire();
    }
  }

  /** Aborts like the first of its sources that has. */
  #adopt(): void {
    const source = this.#isAborted ? undefined : this.#sources.find(({ aborted }) => aborted);
    if (source === undefined) return;
    this.#isAborted = true;
    this.#cause = source;
  }

  #fire(): void {
    const acts = [...this.#listeners];
    this.#listeners.clear();
    this.#leave();
    const event = { type: "abort", target: this } as unknown as Event;
    for (const act of acts) act(event);
  }

  #leave(): void {
    this.#eachRoot((root) => root.#dependants.delete(this));
  }

  /** Visits the signals that it comes from, which have controllers. */
  #eachRoot(visit: (root: Signal) => void): void {
    for (const source of this.#sources) {
      if (source.#sources.length === 0) visit(source);
      else source.#eachRoot(visit);
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
