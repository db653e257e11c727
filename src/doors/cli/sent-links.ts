import { posix } from "node:path";
import { Refusal } from "../../report/artifacts/refusal.ts";
import { Steps } from "../../report/artifacts/steps.ts";
import type { Directory } from "../../inputs/beneath/directory.ts";
import { Way } from "../../inputs/beneath/way.ts";
import { systemClock } from "../../clock.ts";
import { itemsAt } from "./sent-items.ts";
import { UsageError } from "./usage-error.ts";

/** Linux follows no more links than these in one path (path_resolution(7)). */
const MOST_LINKS = 40;

/**
 * Throws a `UsageError` when a link at or below this name leads out of what the name stands for. A link that leads nowhere is allowed only
 * when the destination is new: in an existing one a link of this machine may stand on its way. The ways of all links together are bounded by the
 * number of items, so links that lead through one another cost no more than others.
 */
export function checkLinks(above: Directory, name: string, { isNew }: { readonly isNew: boolean }): void {
  const steps = new Steps(undefined, systemClock);
  const directory = above.look(name)?.isDirectory() === true ? above.openDirectory(name) : undefined;
  const way = directory && new Way(directory);
  try {
    for (const { names, found, above: holder } of itemsAt(above, name)) {
      steps.addMember();
      if (!found.isSymbolicLink()) continue;
      const target = holder.readLink(names.at(-1) ?? name).toString();
      const leads = way === undefined ? "outside" : endOf(way, names, { target, steps });
      if (leads === "inside" || (leads === "nowhere" && isNew)) continue;
      throw new UsageError(
        `A link in the container leads out of what is copied, so nothing was: ${JSON.stringify(target)}.`,
      );
    }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new UsageError(
      "The links that the container has sent lead through one another too often, so nothing was copied.",
    );
  } finally {
    way?.close();
  }
}

/** Where a link leads, by the links that were sent with it. Throws a `Refusal` when that takes too many steps. */
function endOf(
  way: Way,
  link: readonly string[],
  { target, steps }: { readonly target: string; readonly steps: Steps },
): "inside" | "outside" | "nowhere" {
  const end = posix.join(...link.slice(0, -1), target);
  if (target.startsWith("/") || end === ".." || end.startsWith("../")) return "outside";
  const open = (above: Directory, name: string): Directory => {
    steps.take();
    return above.openDirectory(name);
  };
  const here = link.slice(0, -1);
  const left = target.split("/").reverse();
  let links = 0;
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    steps.take();
    if (name === "" || name === ".") continue;
    if (name === "..") {
      if (here.pop() === undefined) return "outside";
      continue;
    }
    const above = way.tryToEnter(here, open);
    const found = above?.look(name);
    if (above === undefined || found === undefined) return "nowhere";
    if (!found.isSymbolicLink()) here.push(name);
    else {
      const next = above.readLink(name).toString();
      if (next.startsWith("/")) return "outside";
      if (++links > MOST_LINKS) return "nowhere";
      left.push(...next.split("/").reverse());
    }
  }
  return "inside";
}
