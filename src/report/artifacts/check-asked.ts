import { posix } from "node:path";
import { AskedNames, type AskedOptions } from "../../inputs/asked-names.ts";
import { Refusal } from "./refusal.ts";
import type { Member } from "./tar.ts";

/** Why a member whose name begins with a dot is left out. */
export const UNNAMED = "no line of 'artifacts' names it";

/** Throws a `Refusal` for a member that the lines of the input did not ask for: the container has packed the archive, and may have forged it. */
export function checkAsked(options: AskedOptions): (names: readonly string[], member: Member) => void {
  const asked = new AskedNames(options);
  return (names, { kind, target }) => {
    const answer = asked.judge(names);
    if (answer === "unasked") throw new Refusal("no line of 'artifacts' asks for it");
    if (answer === "excluded") throw new Refusal("a line of 'artifacts' leaves it out");
    if (answer === "unnamed") throw new Refusal(UNNAMED);
    // What is copied to a new place as a whole may lead to what was left out of it: that link leads nowhere.
    if (kind !== "symlink" || options.pathsNameHidden === true) return;
    const leads = posix.join(...names.slice(0, -1), target).split("/");
    // A way out is refused when the link is made.
    const below = leads.filter((name) => name !== "" && name !== "." && name !== "..");
    if (!asked.mayLeadTo(below))
      throw new Refusal("it is a link to a name with a dot, and no line of 'artifacts' names that");
  };
}
