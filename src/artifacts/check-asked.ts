import { posix } from "node:path";
import { AskedNames } from "../inputs/asked-names.ts";
import type { Artifacts } from "../inputs/inputs.ts";
import { Refusal } from "./refusal.ts";
import type { Member } from "./tar.ts";

/** Why a member whose name begins with a dot is left out. */
export const UNNAMED = "no line of 'artifacts' names it";

/** Throws a `Refusal` for a member that the lines of the input did not ask for: the container has packed the archive, and may have forged it. */
export function checkAsked({
  globs,
  takesAllNames = false,
}: Pick<Artifacts, "globs" | "takesAllNames">): (names: readonly string[], member: Member) => void {
  const asked = new AskedNames(globs);
  return (names, { kind, target }) => {
    if (takesAllNames) return;
    const answer = asked.judge(names);
    if (answer === "unasked") throw new Refusal("no line of 'artifacts' asks for it");
    if (answer === "unnamed") throw new Refusal(UNNAMED);
    if (kind !== "symlink") return;
    const leads = posix.join(...names.slice(0, -1), target).split("/");
    // A way out is refused when the link is made.
    const below = leads.filter((name) => name !== "" && name !== "." && name !== "..");
    if (!asked.mayLeadTo(below))
      throw new Refusal("it is a link to a name with a dot, and no line of 'artifacts' names that");
  };
}
