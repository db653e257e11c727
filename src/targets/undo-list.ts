import { Failure } from "../errors.ts";
import type { SharedDefinition } from "./shared-definition.ts";
import type { Undo } from "./undo.ts";

type Starting = Pick<Extract<Undo, { kind: "task" }>, "cluster" | "startedBy">;
type Registering = Pick<Extract<Undo, { kind: "registration" }>, "family" | "run">;

/**
 * What a run has made while it resolved its targets, and so has to undo. Tells the whole list at each change: before
 * a task is started or a task definition registered, and again when its ARN is known.
 */
export class UndoList {
  readonly #tell: (undo: readonly Undo[]) => void;
  readonly #known: Undo[] = [];
  /** What may exist or not. */
  readonly #begun = new Set<Undo>();
  readonly #signal: AbortSignal | undefined;
  #calls = 0;

  constructor(tell: (undo: readonly Undo[]) => void, signal?: AbortSignal) {
    this.#tell = tell;
    this.#signal = signal;
  }

  started({ cluster, startedBy }: Starting, taskArn: string): void {
    this.#known.push({ kind: "task", cluster, startedBy, taskArn });
    this.#changed();
  }

  /** Of another job, or a revision that this run has registered. */
  sharing(definition: SharedDefinition): void {
    this.#known.push(definition);
    this.#changed();
  }

  async whileStarting<T>({ cluster, startedBy }: Starting, start: () => Promise<T>): Promise<T> {
    return await this.#while({ kind: "task", cluster, startedBy, taskArn: undefined }, start);
  }

  /** `made` is what has to be undone once it is registered. */
  async whileRegistering<T extends { readonly arn: string }>(
    { family, run }: Registering,
    register: () => Promise<T>,
    made: (registered: T) => Undo,
  ): Promise<T> {
    return await this.#while({ kind: "registration", family, run }, async () => {
      const registered = await register();
      this.#known.push(made(registered));
      return registered;
    });
  }

  /** Numbers the calls that start something. */
  nextCall(): number {
    this.#calls += 1;
    return this.#calls;
  }

  /** It may exist from the moment that `make` is called; it does not if AWS says no. Nothing is made after an abort. */
  async #while<T>(begun: Undo, make: () => Promise<T>): Promise<T> {
    this.#signal?.throwIfAborted();
    this.#begun.add(begun);
    this.#changed();
    try {
      const made = await make();
      this.#over(begun);
      return made;
    } catch (error) {
      // Unheard or cut short AWS may still have made it.
      const said = error instanceof Failure && !/^(aws-unreachable|cancelled)$/.test(error.code);
      if (said) this.#over(begun);
      throw error;
    }
  }

  #over(begun: Undo): void {
    this.#begun.delete(begun);
    this.#changed();
  }

  #changed(): void {
    this.#tell([...this.#known, ...this.#begun]);
  }
}
