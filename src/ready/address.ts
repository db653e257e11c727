import type { Ec2 } from "../aws/ec2.ts";
import type { Ecs } from "../aws/ecs.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";

/** For an answer that is still to come when the job is over. */
const PATIENCE_MS = 1_000;

type Looking = Pick<Ecs, "describeTask">;

/**
 * Asks for the public address of the task that `ecs` is used to look at, beside everything else and once, as soon as the
 * task has its network. Whoever may not look, or has no way to EC2, goes without.
 */
export function watchAddress(
  ecs: Looking,
  {
    ec2,
    clock,
    log,
  }: { readonly ec2: Pick<Ec2, "networkInterface">; readonly clock: Clock; readonly log: Log },
): { readonly ecs: Looking; readonly publicIp: () => Promise<string | undefined> } {
  let asked: Promise<string | undefined> | undefined;
  const ask = async (id: string): Promise<string | undefined> => {
    try {
      return (await ec2.networkInterface(id))?.publicIp;
    } catch (error) {
      log.info(`The public address is not known. ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  };
  return {
    ecs: {
      describeTask: async (cluster, arn) => {
        const task = await ecs.describeTask(cluster, arn);
        const there = task !== undefined && /^(ACTIVATING|RUNNING)$/.test(task.lastStatus);
        if (there && task.networkInterfaceId !== undefined) asked ??= ask(task.networkInterfaceId);
        return task;
      },
    },
    publicIp: async () => {
      if (asked === undefined) return undefined;
      const over = new AbortController();
      const late = clock.sleep(PATIENCE_MS, over.signal).then(
        () => undefined,
        () => undefined,
      );
      const found = await Promise.race([asked, late]);
      over.abort();
      return found;
    },
  };
}
