import type { RegisteredDefinition } from "../../aws/task-definition.ts";
import { isWithoutEffect } from "../../aws/failures.ts";
import type { SharedDefinition } from "./shared-definition.ts";
import { besideOthers, type MadeResource, type StartedTask } from "./made-resource.ts";

type StartedTasks = Pick<StartedTask, "cluster" | "startedBy">;
type Registration = Pick<Extract<MadeResource, { kind: "registration" }>, "family" | "run">;

/**
 * What a run has made while it resolved its targets, and so has to undo. `tell` gets the whole list at each change:
 * before a task is started or a task definition registered, and again when its ARN is known. It also gets the task that was asked to stop.
 */
export class UndoList {
  readonly #tell: (undo: readonly MadeResource[], stopped?: StartedTask) => void;
  readonly #known: MadeResource[] = [];
  /** Resources whose call is under way: they may exist or not. By what they were at first. */
  readonly #begun = new Map<MadeResource, MadeResource>();
  /** The tasks that were asked to stop. */
  readonly #stopped: string[] = [];
  readonly #signal: AbortSignal | undefined;
  #calls = 0;

  constructor(tell: (undo: readonly MadeResource[], stopped?: StartedTask) => void, signal?: AbortSignal) {
    this.#tell = tell;
    this.#signal = signal;
  }

  started({ cluster, startedBy }: StartedTasks, taskArns: readonly string[]): void {
    for (const taskArn of taskArns) this.#known.push({ kind: "task", cluster, startedBy, taskArn });
    this.#changed();
  }

  /** Drops a task that has been asked to stop. */
  stopped(taskArn: string): void {
    const stopped = this.#known.find((made) => made.kind === "task" && made.taskArn === taskArn);
    if (stopped !== undefined) this.#known.splice(this.#known.indexOf(stopped), 1);
    this.#stopped.push(taskArn);
    for (const [begun, now] of this.#begun)
      if (now.kind === "task") this.#begun.set(begun, besideOthers(now, [taskArn]));
    this.#changed(stopped?.kind === "task" ? stopped : undefined);
  }

  /** Lists a shared definition: another job's, or a revision that this run has registered. */
  sharing(definition: SharedDefinition): void {
    this.#known.push(definition);
    this.#changed();
  }

  async whileStarting<T>({ cluster, startedBy }: StartedTasks, start: () => Promise<T>): Promise<T> {
    const begun = { kind: "task", cluster, startedBy, taskArn: undefined } as const;
    return await this.#while(besideOthers(begun, this.#stopped), start);
  }

  /**
   * `made` returns what has to be undone once the definition is registered. When the call was repeated, the registration stays
   * listed: its first try may have made a revision, too.
   */
  async whileRegistering<T extends Pick<RegisteredDefinition, "arn" | "repeated">>(
    { family, run }: Registration,
    register: () => Promise<T>,
    made: (registered: T) => MadeResource,
  ): Promise<T> {
    return await this.#while({ kind: "registration", family, run }, async () => {
      const registered = await register();
      this.#known.push(made(registered));
      const { arn: known, repeated } = registered;
      if (repeated) this.#known.push({ kind: "registration", family, run, known });
      return registered;
    });
  }

  /** The number of the next call that starts tasks, from 1. */
  nextCall(): number {
    this.#calls += 1;
    return this.#calls;
  }

  /**
   * Lists the resource while `make` runs. It stays listed when `make` fails, unless AWS has refused the call. After an
   * abort `make` is not called.
   */
  async #while<T>(begun: MadeResource, make: () => Promise<T>): Promise<T> {
    this.#signal?.throwIfAborted();
    this.#begun.set(begun, begun);
    this.#changed();
    try {
      const made = await make();
      this.#over(begun);
      return made;
    } catch (error) {
      // When AWS did not answer a try or failed itself, or a cancel cut the call short, AWS may still have made it.
      if (isWithoutEffect(error)) this.#over(begun);
      throw error;
    }
  }

  #over(begun: MadeResource): void {
    this.#begun.delete(begun);
    this.#changed();
  }

  #changed(stopped?: StartedTask): void {
    this.#tell([...this.#known, ...this.#begun.values()], stopped);
  }
}
