import type { FateFault, RefusalFault } from "../ecs-options.ts";
import type { CallFault, CredentialsFault, Fault, FrameFault } from "../scenario.ts";

/** Finds the faults of calls and frames by their addresses, and counts those that took effect. */
export class FaultBook {
  /** The faults that took effect, in their order, and when each did first, in milliseconds since the epoch. */
  readonly takenAt = new Map<Fault, number>();
  readonly #calls = new Map<string, CallFault>();
  readonly #frames = new Map<string, FrameFault>();
  readonly #refusals = new Map<string, RefusalFault>();
  readonly #fates = new Map<string, FateFault>();
  readonly #credentials = new Map<string, CredentialsFault>();
  readonly #counts = new Map<string, number>();
  /** The addresses that have faults, and their actors. Those of all others need no count. */
  readonly #addresses = new Set<string>();
  readonly #actors = new Set<string>();

  readonly #now: () => number;

  constructor(faults: readonly Fault[], now: () => number) {
    this.#now = now;
    for (const fault of faults) {
      for (const address of addressesOf(fault)) {
        this.#addresses.add(address);
        this.#actors.add(fault.actor);
      }
      if (fault.kind === "call") this.#calls.set(`${fault.actor} ${fault.operation} ${fault.count}`, fault);
      if (fault.kind === "frame") this.#frames.set(`${fault.actor} ${fault.way} ${fault.count}`, fault);
      if (fault.kind === "credentials-end") this.#credentials.set(fault.actor, fault);
      if (fault.kind === "fate") this.#fates.set(fault.actor, fault);
      if (fault.kind === "refusal")
        for (let count = fault.count; count < fault.count + fault.times; count += 1)
          this.#refusals.set(`${fault.actor} RunTask ${count}`, fault);
    }
  }

  /** The faults that took effect, in their order. */
  get taken(): readonly Fault[] {
    return [...this.takenAt.keys()];
  }

  /** The fault of this call, which is the next one of this operation by this actor. */
  ofCall(actor: string, operation: string): CallFault | undefined {
    return this.#take(this.#calls, actor, operation);
  }

  /** The fault of this frame, which is the actor's next one on this way. */
  ofFrame(actor: string, way: "up" | "down"): FrameFault | undefined {
    return this.#take(this.#frames, actor, way);
  }

  /** The fault of a RunTask call that ECS looks at, which is the actor's next one. */
  ofLaunch(actor: string): RefusalFault | undefined {
    return this.#take(this.#refusals, actor, "RunTask");
  }

  /** What is to become of a new task. It counts when it is noted. */
  fateOf(task: string): FateFault | undefined {
    return this.#fates.get(task);
  }

  /** The end of this actor's credentials; undefined for those that last. It counts when it is noted. */
  credentialsOf(actor: string): CredentialsFault | undefined {
    return this.#credentials.get(actor);
  }

  /** A fault that took effect, once or again. */
  note(fault: Fault): void {
    if (!this.takenAt.has(fault)) this.takenAt.set(fault, this.#now());
  }

  #take<F extends Fault>(faults: ReadonlyMap<string, F>, actor: string, what: string): F | undefined {
    if (!this.#actors.has(actor)) return undefined;
    const address = `${actor} ${what}`;
    if (!this.#addresses.has(address)) return undefined;
    const count = (this.#counts.get(address) ?? 0) + 1;
    this.#counts.set(address, count);
    const fault = faults.get(`${address} ${count}`);
    if (fault !== undefined) this.note(fault);
    return fault;
  }
}

/** Whose next call, frame or launch a fault may meet. */
function addressesOf(fault: Fault): readonly string[] {
  switch (fault.kind) {
    case "call":
      return [`${fault.actor} ${fault.operation}`];
    case "frame":
      return [`${fault.actor} ${fault.way}`];
    case "refusal":
      return [`${fault.actor} RunTask`];
    default:
      return [];
  }
}
