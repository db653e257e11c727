import { Failure } from "../errors.ts";
import type { Undo } from "./undo.ts";

type Begun = Pick<Extract<Undo, { kind: "task" }>, "cluster" | "startedBy">;

/**
 * What a run has made while it resolved its targets, and so has to undo. Tells the whole list at each change: before
 * a task is started, again when its ARN is known, and as soon as a task definition is registered.
 */
export class UndoList {
  readonly #tell: (undo: readonly Undo[]) => void;
  readonly #known: Undo[] = [];
  readonly #starting: Begun[] = [];
  #calls = 0;

  constructor(tell: (undo: readonly Undo[]) => void) {
    this.#tell = tell;
  }

  registered(arn: string): void {
    this.#known.push({ kind: "task-definition", arn });
    this.#changed();
  }

  started({ cluster, startedBy }: Begun, taskArn: string): void {
    this.#known.push({ kind: "task", cluster, startedBy, taskArn });
    this.#changed();
  }

  /** Tasks may exist from the moment that `start` is called; none does if AWS says no. */
  async whileStarting<T>({ cluster, startedBy }: Begun, start: () => Promise<T>): Promise<T> {
    const begun = { cluster, startedBy };
    this.#starting.push(begun);
    this.#changed();
    try {
      const started = await start();
      this.#over(begun);
      return started;
    } catch (error) {
      // Unheard or cut short AWS may still have started one.
      const said = error instanceof Failure && !/^(aws-unreachable|cancelled)$/.test(error.code);
      if (said) this.#over(begun);
      throw error;
    }
  }

  /** Numbers the calls that start something. */
  nextCall(): number {
    this.#calls += 1;
    return this.#calls;
  }

  #over(begun: Begun): void {
    this.#starting.splice(this.#starting.indexOf(begun), 1);
    this.#changed();
  }

  #changed(): void {
    const starting = this.#starting.map((begun) => ({ kind: "task" as const, ...begun, taskArn: undefined }));
    this.#tell([...this.#known, ...starting]);
  }
}
