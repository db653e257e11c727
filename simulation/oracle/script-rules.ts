import type { Rule } from "./rule.ts";
import {
  clip,
  expectedLines,
  isWhole,
  linesOf,
  mismatch,
  runsOf,
  shownLines,
  workersOf,
} from "./script-output.ts";

/** Green only if every worker ended with 0. */
const green: Rule = {
  name: "green only for a script that succeeded",
  look(ended, check) {
    for (const runner of ended.runners) {
      if (runner.mainEnd?.exitCode !== 0) continue;
      const runs = runsOf(runner, ended);
      if (runner.outputs["outcome"] === "detached") continue;
      const workers = workersOf(runner);
      const codes = runs.map(({ exitCode }) => exitCode);
      check(
        runs.length === workers && codes.every((code) => code === 0),
        runner.name,
        () => `main ended with 0, and the scripts with ${codes.join(", ") || "nothing"}`,
      );
    }
  },
};

/** A known exit code is the true one: that of the first worker that failed. */
const exitCode: Rule = {
  name: "a known exit code is the true one",
  look(ended, check) {
    for (const runner of ended.runners) {
      const told = runner.outputs["exit-code"] ?? "";
      if (told === "") continue;
      const codes = [...runsOf(runner, ended)].sort((a, b) => a.worker - b.worker).map((run) => run.exitCode);
      const first = codes.find((code) => code !== 0) ?? codes[0];
      const { outcome } = runner.outputs;
      const isTrue =
        outcome === "timed-out"
          ? told === "124"
          : outcome === "cancelled"
            ? told === "130"
            : told === String(first);
      check(
        isTrue,
        runner.name,
        () => `exit-code is ${told} (${outcome ?? ""}), and the scripts ended with ${codes.join(", ")}`,
      );
    }
  },
};

/** The output is the script's: each line once, in order, and whole when the end is known. */
const output: Rule = {
  name: "the output is the script's, once and in order",
  look(ended, check) {
    for (const runner of ended.runners) {
      for (const run of runsOf(runner, ended)) {
        for (const stream of ["1", "2"] as const) {
          if (runner.before !== undefined) continue;
          const [expected, shown] = [expectedLines(run, stream), shownLines(runner, run.worker, stream)];
          const wrong = mismatch(expected, shown, isWhole(runner));
          check(wrong === undefined, runner.name, () => wrong ?? "");
        }
      }
    }
  },
};

/** The output `stdout` and the script's own outputs are whole when the step is green. */
const outputs: Rule = {
  name: "the outputs are the script's",
  look(ended, check) {
    for (const runner of ended.runners) {
      if (runner.mainEnd?.exitCode !== 0 || runner.outputs["outcome"] === "detached") continue;
      const [run, ...more] = runsOf(runner, ended);
      if (run === undefined || more.length > 0) continue;
      const told = linesOf(runner.outputs["stdout"] ?? "");
      const expected = runner.before === undefined ? expectedLines(run, "1") : shownLines(runner, 0, "1");
      // The output has the last mebibyte.
      const isCut = Buffer.byteLength(told.join("\n")) > 1_000_000;
      check(
        isCut ? expected.join("\n").endsWith(told.join("\n")) : told.join("\n") === expected.join("\n"),
        runner.name,
        () => `stdout has ${told.length} lines, and the script printed ${expected.length}`,
      );
      for (const line of runner.script.lines) {
        if (!("output" in line)) continue;
        const [name = "", value = ""] = line.output.split("=");
        check(
          runner.outputs[name] === value,
          runner.name,
          () => `the output '${name}' is '${clip(runner.outputs[name])}'`,
        );
      }
    }
  },
};

const once: Rule = {
  name: "no script starts twice",
  look(ended, check) {
    for (const runner of ended.runners) {
      const workers = runsOf(runner, ended).map(({ worker }) => worker);
      if (workers.length > 0)
        check(
          new Set(workers).size === workers.length,
          runner.name,
          () => `started ${workers.length} times: workers ${workers.join(", ")}`,
        );
    }
  },
};

/** What must hold of scripts, and of what the steps say of them. */
export const SCRIPT_RULES: readonly Rule[] = [green, exitCode, output, outputs, once];
