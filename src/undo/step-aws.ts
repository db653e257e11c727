import { type Aws, awsCalls } from "../aws/calls.ts";
import type { AwsOptions } from "../aws/clients.ts";
import { Connections } from "../aws/connections.ts";
import { paceChanges } from "../aws/pace.ts";
import type { World } from "../aws/world.ts";
import { CALLS_END_MS, GRACE_MS } from "./budget.ts";
import { afterCancel, refuseAfterCancel } from "./grace.ts";

export interface StepAwsOptions extends Pick<AwsOptions, "region" | "credentials" | "throttledFor"> {
  readonly cancel: AbortSignal;
  /** Aborts when the runner has begun to end this process. Undefined when nothing ends it. */
  readonly ending?: AbortSignal | undefined;
  readonly world: World;
}

/** The calls of AWS of a step: those of the run, which a cancel ends, and those of the cleanup, which it does not. */
export class StepAws {
  /**
   * The calls of the run. A cancel cuts them short. A call that makes something has two more seconds to tell what it
   * has made; after the cancel no such call begins. `getVersion` is that of the cleanup: a cancelled run reads a queue to leave it.
   */
  readonly run: Aws;
  /**
   * The calls of the cleanup. A cancel has no effect on them, but they end before the runner ends this process, so that there is time
   * for the report. The post step undoes the rest.
   */
  readonly undoing: Aws;
  readonly #making: Aws;
  readonly #connections: Connections;
  readonly #over = new AbortController();
  readonly #closed = new AbortController();

  constructor({ cancel, ending, ...options }: StepAwsOptions) {
    const { region, credentials, world } = options;
    const { clock } = world;
    const connections = new Connections(clock);
    this.#connections = connections;
    const paced = paceChanges(clock);
    // Also after the step: deletions that nothing waits for go on then.
    const overdue = ending && afterCancel(CALLS_END_MS, ending, clock);
    const signal = AbortSignal.any([this.#closed.signal, ...(overdue === undefined ? [] : [overdue])]);
    const undoing = awsCalls({ region, credentials, world, connections, signal, ending: overdue });
    this.undoing = { ...undoing, ecs: { ...undoing.ecs, ...paced(undoing.ecs, overdue) } };
    this.#making = awsCalls({
      ...options,
      ...{ connections, ending: overdue },
      signal: afterCancel(GRACE_MS, cancel, clock, this.#over.signal),
    });
    const calls = awsCalls({
      ...options,
      ...{ connections, ending: overdue },
      signal: AbortSignal.any([cancel, this.#closed.signal]),
    });
    const begun = refuseAfterCancel(this.#making, cancel);
    const ecs = { ...calls.ecs, ...begun.ecs };
    const getVersion: Aws["s3"]["getVersion"] = (...asked) => undoing.s3.getVersion(...asked);
    const s3 = { ...calls.s3, ...begun.s3, getVersion };
    this.run = { ...calls, ecs: { ...ecs, ...paced(ecs, cancel) }, s3 };
  }

  /** Ends the calls of the run. */
  endRun(): void {
    for (const { clients } of [this.run, this.#making]) clients.destroy();
    this.#over.abort();
  }

  /**
   * Also ends calls whose answers nothing waits for any more, those of the cleanup included: they would keep the process alive, and a call that
   * is repeated could write an object again that the cleanup has deleted.
   */
  close(): void {
    this.#closed.abort();
    this.undoing.clients.destroy();
    this.#connections.close();
  }
}
