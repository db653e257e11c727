import type { ScriptRun } from "../container/container.ts";
import { keptBytes } from "../items.ts";
import { isCancelled } from "./is-cancelled.ts";
import { itemStepsOf } from "./items.ts";
import { lineWith } from "./line-with.ts";
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

/** What a run for items has written into its directory, as it lies among the artifacts: path and size. */
function keptBy({ batch, kept }: ScriptRun): readonly string[] {
  const { indices: [first = 0] = [], attempt = 1 } = batch ?? {};
  return kept.map((file) => `items/${first}${attempt > 1 ? `-attempt-${attempt}` : ""}/${file}`);
}

function bytesOf(file: string): Buffer {
  return keptBytes(file.replace(/^items\/[^/]*\//, ""));
}

/** The directory of the last run of each item whose end a step knows came whole, or the step says what is missing. Its task may die later. */
const directories: Rule = {
  name: "an item's directory comes back whole, or the step says so",
  look(ended, check) {
    for (const { runner, all, runs, reasons, told = [] } of itemStepsOf(ended)) {
      const { artifacts, main } = runner;
      if (artifacts === undefined || runner.isKilled || runner.before !== undefined) continue;
      if (reasons.includes("unknown")) continue;
      for (const run of all) {
        const [first = -1] = run.batch?.indices ?? [];
        const { outcome, carriedFrom } = told.find(({ index }) => index === first) ?? {};
        const isLast = runs[first]?.at(-1)?.began === run.began;
        const isKnown = (outcome === "succeeded" || outcome === "failed") && isLast;
        const kept = keptBy(run);
        if (kept.length === 0 || !isKnown || carriedFrom !== undefined) continue;
        const missing = kept.filter(
          (file) => artifacts.get(file.split(" ")[0] ?? "")?.equals(bytesOf(file)) !== true,
        );
        const isSaid =
          lineWith(
            main.stdout,
            new RegExp(`^::(?:warning|error) .*(?:Item ${first} |more of this kind)`, "m"),
          ) !== undefined;
        check(
          missing.length === 0 || isSaid,
          runner.name,
          () => `lacks ${missing.join(", ")}, and does not say so`,
        );
      }
    }
  },
};

/** The reports that came of the last run of each item count, and no others. */
const reports: Rule = {
  name: "the tests of a step are those of its items' last reports",
  look(ended, check) {
    for (const { runner, items, all, told } of itemStepsOf(ended)) {
      const { artifacts, isKilled } = runner;
      const { tests: numbers = "" } = runner.outputs;
      // A cancel leaves no time to read reports.
      if (artifacts === undefined || told === undefined || isCancelled(runner) || isKilled) continue;
      const came = all.filter((run) => keptBy(run).some((file) => artifacts.has(file.split(" ")[0] ?? "")));
      const last = items.map((_, index) =>
        came
          .filter(({ batch }) => batch?.indices.includes(index))
          .reduce<ScriptRun | undefined>(
            (most, run) => ((most?.batch?.attempt ?? 0) < (run.batch?.attempt ?? 0) ? run : most),
            undefined,
          ),
      );
      const files = [...new Set(last)].flatMap((run) => (run === undefined ? [] : keptBy(run)));
      const tests = files.filter((file) => artifacts.has(file.split(" ")[0] ?? "") && /\.xml \d$/.test(file));
      const { passed = 0, failed = 0 } = JSON.parse(numbers === "" ? "{}" : numbers) as {
        passed?: number;
        failed?: number;
      };
      const failing = tests.filter((file) => file.endsWith(" 1")).length;
      if ("reports" in runner.options.inputs)
        check(
          failed === failing && passed === tests.length - failing,
          runner.name,
          () =>
            `tells ${passed} tests that passed and ${failed} that failed, and its items have ${tests.length}, of which ${failing} failed`,
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
        runsOf(runner, ended).flatMap((run) =>
          [...run.files, ...keptBy(run)].map((file) => [file.split(" ")[0] ?? "", bytesOf(file)] as const),
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

/** Where nothing meets a step, no part of an archive is missing: to say so is not enough. */
const parts: Rule = {
  name: "an archive in parts comes whole where nothing meets it",
  look(ended, check) {
    const { world, runners, scenario } = ended;
    const isMet =
      world.base.faults.taken.length > 0 || scenario.containers.some(({ disk }) => disk !== undefined);
    if (isMet || !world.containers.some(({ partsTold }) => partsTold.includes("part"))) return;
    for (const runner of runners) {
      if (runner.artifacts === undefined || (runner.outputs["exit-code"] ?? "") === "") continue;
      const isOutOfTime = runner.outputs["outcome"] === "timed-out";
      const written = runsOf(runner, ended).flatMap(({ files }) => files);
      const missing = written.filter((file) => runner.artifacts?.has(file.split(" ")[0] ?? "") !== true);
      if (!isOutOfTime) check(missing.length === 0, runner.name, () => `lacks ${missing.join(", ")}`);
    }
  },
};

/** What must hold of artifacts. */
export const ARTIFACT_RULES: readonly Rule[] = [whole, directories, reports, exact, parts];
