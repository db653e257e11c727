import { relative, resolve, sep } from "node:path";
import { type Directory, LinkError } from "../../inputs/beneath/directory.ts";
import { isInside } from "../../inputs/beneath/inside.ts";
import { PRIVATE_NAMES } from "../../inputs/beneath/private-names.ts";
import { Way } from "../../inputs/beneath/way.ts";
import { LeadsAway, openDirectoryBeneath, openOrMake } from "../../inputs/beneath/resolve.ts";

/** The path leads out of the directories that it has to be in. */
export class OutsidePath extends Error {}

/**
 * Makes the directory that artifacts are unpacked in, and holds it open. It is opened beneath the first of the directories `within` that it is in: a link on
 * the way, such as one in the repository, may lead neither out of that one nor to a private name. `folder` is the directory of a task in it, and is
 * no link. Throws `OutsidePath`, or an error of the file system.
 */
export function makeDirectory(directory: string, within: readonly string[], folder?: string): Directory {
  const base = openArtifacts(directory, within, { make: true });
  if (folder === undefined || folder === "") return base;
  try {
    return openOrMake(base, folder);
  } catch (error) {
    throw error instanceof LinkError ? new OutsidePath(error.message, { cause: error }) : error;
  } finally {
    base.close();
  }
}

/** The directory that artifacts were unpacked in. Throws as `makeDirectory` does. */
export function openArtifacts(
  directory: string,
  within: readonly string[],
  { make }: { readonly make: boolean },
): Directory {
  const path = resolve(directory);
  const root = within.map((each) => resolve(each)).find((each) => each === path || isInside(each, path));
  if (root === undefined) throw new OutsidePath(`${directory} is outside ${within.join(" and ")}`);
  // A link to such a name is not followed either.
  if (relative(root, path).split(sep).some(PRIVATE_NAMES[0].isName))
    throw new OutsidePath(`${directory} is in '.git', where files decide what git runs`);
  try {
    return openDirectoryBeneath(root, path, { make });
  } catch (error) {
    throw error instanceof LeadsAway ? new OutsidePath(error.message, { cause: error }) : error;
  }
}

/** The same as the root of ways; undefined when nothing is there that may be opened. */
export function openWay(directory: string, within: readonly string[]): Way | undefined {
  try {
    return new Way(openArtifacts(directory, within, { make: false }));
  } catch {
    return undefined;
  }
}
