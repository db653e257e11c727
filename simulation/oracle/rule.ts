import type { Simulated } from "../simulate.ts";

/** What a rule has against an end. */
export interface Objection {
  readonly rule: string;
  /** The runner or container that it is about. */
  readonly actor: string;
  readonly text: string;
}

/** A promise that must hold in every world. It stands outside and looks at the world's own record. */
export interface Rule {
  readonly name: string;
  /** Calls `check` each time that it could object: with whether the promise holds, and what to say if not. */
  look(ended: Simulated, check: Check): void;
}

export type Check = (holds: boolean, actor: string, text: () => string) => void;
