import type { LocalOptions } from "../../local/options.ts";
import { whyNoPodman } from "../../local/task/podman.ts";
import { everyNth } from "../helpers/every-nth.ts";
import { has } from "../helpers/needs.ts";

export type Runtime = NonNullable<LocalOptions["runtime"]>;

/** The runtimes that can run containers on this machine; without EVERY_ROW=1 the first one, since a container of podman takes long to start. */
export const runtimes: readonly Runtime[] = everyNth(
  has("podman", whyNoPodman()) ? ["own", "podman"] : ["own"],
  2,
);
