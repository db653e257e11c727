import { type Reader, type WordsForEach, wordsFor } from "../errors.ts";
import type { InputSource } from "./source.ts";
import { emptyVariables } from "./variables.ts";

/** The most variables that a warning names. */
const MOST_NAMES = 8;

/**
 * A warning for each of `env` and `secrets` that sets variables to an empty value. An expression whose context has no such member is empty,
 * so a script would run without its password and might succeed.
 */
export function emptyVariableWarnings(source: InputSource, reader: Reader): readonly string[] {
  return (["env", "secrets"] as const).flatMap((input) => {
    const empty = emptyVariables(source.get(input), { env: source.env, secret: input === "secrets" });
    if (empty.length === 0) return [];
    const more = empty.length > MOST_NAMES ? ` and ${empty.length - MOST_NAMES} more` : "";
    const are = empty.length === 1 ? "is" : "are";
    const list = `${empty.slice(0, MOST_NAMES).join(", ")}${more}`;
    return [`In '${input}' the value of ${list} ${are} empty. ${wordsFor(reader, WHY[input])}`];
  });
}

const PROGRAM = "The script gets it as it is: check where the value comes from.";

const WHY: Readonly<Record<"env" | "secrets", WordsForEach>> = {
  env: {
    workflow: "An expression such as ${{ vars.NAME }} is empty when nothing has that name.",
    program: PROGRAM,
  },
  secrets: {
    workflow:
      "${{ secrets.NAME }} is empty when the repository has no secret of that name, when only an environment has it that the job does not " +
      "name, and in a pull request from a fork.",
    program: PROGRAM,
  },
};
