import type { CallFault, Fault, FrameFault } from "../scenario.ts";

/** Finds the faults of calls and frames by their addresses, and counts those that took effect. */
export class FaultBook {
  /** The faults that took effect, in their order. */
  readonly taken: Fault[] = [];
  readonly #calls = new Map<string, CallFault>();
  readonly #frames = new Map<string, FrameFault>();
  readonly #counts = new Map<string, number>();

  constructor(faults: readonly Fault[]) {
    for (const fault of faults) {
      if (fault.kind === "call") this.#calls.set(`${fault.actor} ${fault.operation} ${fault.count}`, fault);
      if (fault.kind === "frame") this.#frames.set(`${fault.actor} ${fault.way} ${fault.count}`, fault);
    }
  }

  /** The fault of this call, which is the next one of this operation by this actor. */
  ofCall(actor: string, operation: string): CallFault | undefined {
    return this.#take(this.#calls, `${actor} ${operation}`);
  }

  /** The fault of this frame, which is the actor's next one on this way. */
  ofFrame(actor: string, way: "up" | "down"): FrameFault | undefined {
    return this.#take(this.#frames, `${actor} ${way}`);
  }

  /** A fault that came at its time. */
  note(fault: Fault): void {
    this.taken.push(fault);
  }

  #take<F extends Fault>(faults: ReadonlyMap<string, F>, address: string): F | undefined {
    const count = (this.#counts.get(address) ?? 0) + 1;
    this.#counts.set(address, count);
    const fault = faults.get(`${address} ${count}`);
    if (fault !== undefined) this.taken.push(fault);
    return fault;
  }
}
