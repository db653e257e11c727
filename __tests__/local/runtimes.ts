import type { LocalOptions } from "../../local/options.ts";
import { whyNoPodman } from "../../local/task/podman.ts";

export type Runtime = NonNullable<LocalOptions["runtime"]>;

const why = whyNoPodman();
if (why !== undefined) console.log(`Podman with runc can't run containers here, so it is not tried: ${why}`);

/** What can run containers on this machine. */
export const runtimes: readonly Runtime[] = why === undefined ? ["own", "podman"] : ["own"];
