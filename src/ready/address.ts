import type { Ec2 } from "../aws/ec2.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { TaskLooks } from "../targets/task-looks.ts";

/** For an answer that is still to come when the job is over. */
const PATIENCE_MS = 1_000;

export interface PublicAddressOptions {
  readonly looks: Pick<TaskLooks, "onNetwork">;
  readonly ec2: Pick<Ec2, "networkInterface">;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The address of a task outside its VPC. It is asked for once, beside everything else, as soon as a look finds the task
 * with its network. A caller that may not ask EC2, or can't reach it, goes without.
 */
export class PublicAddress {
  readonly #clock: Clock;
  #asked: Promise<string | undefined> | undefined;

  constructor(taskArn: string, { looks, ec2, clock, log }: PublicAddressOptions) {
    this.#clock = clock;
    looks.onNetwork(taskArn, (id) => {
      this.#asked ??= ec2.networkInterface(id).then(
        (found) => found?.publicIp,
        (error: unknown) => {
          const why = error instanceof Error ? error.message : String(error);
          log.info(`The public address is not known. ${why}`);
          return undefined;
        },
      );
    });
  }

  /** Undefined where the task has none, and where none is known soon. */
  async get(): Promise<string | undefined> {
    if (this.#asked === undefined) return undefined;
    const over = new AbortController();
    const late = this.#clock.sleep(PATIENCE_MS, over.signal).then(
      () => undefined,
      () => undefined,
    );
    const found = await Promise.race([this.#asked, late]);
    over.abort();
    return found;
  }
}
