import type { Ec2 } from "../aws/ec2.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { TaskLooks } from "../targets/tasks/task-looks.ts";
import { messageOf } from "../errors.ts";

/** The longest wait for an answer when the job is over. */
const PATIENCE_MS = 1_000;

export interface PublicAddressOptions {
  readonly looks: Pick<TaskLooks, "onLook">;
  readonly ec2: Pick<Ec2, "describeNetworkInterface">;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The public address of a task. EC2 is asked once, in parallel with the job, as soon as a look finds the task's
 * network interface. Without the right to ask EC2, or a route to it, there is no address, and the log says why.
 */
export class PublicAddress {
  readonly #clock: Clock;
  #asked: Promise<string | undefined> | undefined;

  constructor(taskArn: string, { looks, ec2, clock, log }: PublicAddressOptions) {
    this.#clock = clock;
    looks.onLook(taskArn, ({ lastStatus, networkInterfaceId }) => {
      // The network is up.
      if (networkInterfaceId === undefined || !/^(ACTIVATING|RUNNING)$/.test(lastStatus)) return;
      this.#asked ??= ec2.describeNetworkInterface(networkInterfaceId).then(
        (found) => found?.publicIp,
        (error: unknown) => {
          const why = messageOf(error);
          log.info(`The public address is not known. ${why}`);
          return undefined;
        },
      );
    });
  }

  /** The address; undefined when the task has none, or none is known within a second. */
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
