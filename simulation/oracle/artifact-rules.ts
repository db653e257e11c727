import { fileBytes } from "../scenario.ts";
import type { Rule } from "./rule.ts";
import { firstOf, runsOf } from "./script-output.ts";

/** Each file that a script has written comes back whole, or the step says what is missing. */
const whole: Rule = {
  name: "artifacts come back whole, or the step says so",
  look(ended, check) {
    for (const runner of ended.runners) {
      const { artifacts, outputs, main } = runner;
      if (artifacts === undefined || (outputs["exit-code"] ?? "") === "" || runner.isKilled) continue;
      const isLeftOut = firstOf(runner).options.inputs["artifacts"]?.includes("!**/1.bin") === true;
      const written = new Set(
        runsOf(runner, ended).flatMap(({ files }) =>
          files.filter((file) => !isLeftOut || !file.includes("/1.bin ")),
        ),
      );
      const missing = [...written].filter((file) => !artifacts.has(file.split(" ")[0] ?? ""));
      const isSaid = /^::warning .*(?:[Aa]rtifact|packing)/m.test(main.stdout);
      check(
        missing.length === 0 || isSaid,
        runner.name,
        () => `lacks ${missing.join(", ")}, and does not say so`,
      );
    }
  },
};

/** What is in the directory of artifacts is what the script has written, also when the step was cancelled or killed. */
const exact: Rule = {
  name: "nothing but whole artifacts is kept",
  look(ended, check) {
    for (const runner of ended.runners) {
      const written = new Map(
        runsOf(runner, ended).flatMap(({ files }) =>
          files.map((file) => [file.split(" ")[0] ?? "", fileBytes(file)] as const),
        ),
      );
      for (const [name, bytes] of runner.artifacts ?? [])
        // A step that was killed may leave a file under its temporary name.
        if (!runner.isKilled || written.has(name))
          check(
            written.get(name)?.equals(bytes) === true,
            runner.name,
            () =>
              `has ${bytes.length} bytes of ${name}, and the script wrote ${written.get(name)?.length ?? "none"}`,
          );
    }
  },
};

/** What must hold of artifacts. */
export const ARTIFACT_RULES: readonly Rule[] = [whole, exact];
