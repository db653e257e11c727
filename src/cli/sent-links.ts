import { posix } from "node:path";
import type { Directory } from "../beneath/directory.ts";
import { Way } from "../beneath/way.ts";
import { itemsAt } from "./sent-items.ts";
import { UsageError } from "./usage-error.ts";

/** Linux follows no more links than these in one path (path_resolution(7)). */
const MOST_LINKS = 40;

/**
 * Throws a `UsageError` when a link at or below this name leads out of what the name stands for. A link that leads nowhere is allowed only
 * when the destination is new: in an existing one a link of this machine may stand on its way.
 */
export function checkLinks(above: Directory, name: string, { isNew }: { readonly isNew: boolean }): void {
  for (const { names, found, above: directory } of itemsAt(above, name)) {
    if (!found.isSymbolicLink()) continue;
    const target = directory.readLink(names.at(-1) ?? name).toString();
    if (names.length > 0 && isInside(above, name, names, target, isNew)) continue;
    throw new UsageError(
      `A link in the container leads out of what is copied, so nothing was: ${JSON.stringify(target)}.`,
    );
  }
}

function isInside(
  above: Directory,
  name: string,
  names: readonly string[],
  target: string,
  isNew: boolean,
): boolean {
  const end = posix.join(...names.slice(0, -1), target);
  if (target.startsWith("/") || end === ".." || end.startsWith("../")) return false;
  const way = new Way(above.openDirectory(name));
  try {
    const leads = endOf(way, names, target);
    return leads === "inside" || (leads === "nowhere" && isNew);
  } finally {
    way.close();
  }
}

/** Where a link leads, by the links that were sent with it. */
function endOf(way: Way, link: readonly string[], target: string): "inside" | "outside" | "nowhere" {
  const here = link.slice(0, -1);
  const left = target.split("/").reverse();
  let links = 0;
  for (let name = left.pop(); name !== undefined; name = left.pop()) {
    if (name === "" || name === ".") continue;
    if (name === "..") {
      if (here.pop() === undefined) return "outside";
      continue;
    }
    const above = way.tryToEnter(here);
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
