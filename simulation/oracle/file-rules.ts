import { fileBytes } from "../scenario.ts";
import type { Rule } from "./rule.ts";
import { firstOf, runsOf } from "./script-output.ts";

/** A script finds all files that its step brings, each byte of them, and none of those that are left out. */
const brought: Rule = {
  name: "a script finds its files, whole, or does not start",
  look(ended, check) {
    for (const runner of ended.runners) {
      const { files } = firstOf(runner).options;
      if (files === undefined || runner.before !== undefined) continue;
      const wanted = new Map(
        files.flatMap(({ file, to }) => (to === undefined ? [] : [[to, fileBytes(file)]])),
      );
      const names = files.map(({ file }) => nameOf(file));
      for (const run of runsOf(runner, ended)) {
        const wrong = [...wanted].filter(([path, bytes]) => run.found?.get(path)?.equals(bytes) !== true);
        // No other step has files of these names.
        const more = [...(run.found?.keys() ?? [])].filter(
          (path) => names.some((name) => path.endsWith(name)) && !wanted.has(path),
        );
        check(
          wrong.length === 0 && more.length === 0,
          runner.name,
          () =>
            `started without ${wrong.map(([path]) => path).join(", ") || "nothing"}, and with ${more.join(", ") || "nothing more"}`,
        );
      }
    }
  },
};

/** The end of a file's path, in which its step is. */
function nameOf(file: string): string {
  return file.replace(/ \d+$/, "").replace(/^in/, "");
}

/** What must hold of the files that steps bring into containers. */
export const FILE_RULES: readonly Rule[] = [brought];
