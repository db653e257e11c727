import type { LocalOptions } from "../../local/options.ts";
import { whyNoPodman } from "../../local/task/podman.ts";
import { has } from "../helpers/needs.ts";

export type Runtime = NonNullable<LocalOptions["runtime"]>;

/** The runtimes that can run containers on this machine. */
export const runtimes: readonly Runtime[] = has("podman", whyNoPodman()) ? ["own", "podman"] : ["own"];
