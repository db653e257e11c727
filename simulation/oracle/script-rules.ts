import type { Runner } from "../runner/runner.ts";
import type { Simulated } from "../simulate.ts";
import { isCancelled } from "./is-cancelled.ts";
import type { Rule } from "./rule.ts";
import {
  attemptsOf,
  clip,
  expectedLines,
  firstOf,
  hasItems,
  isForward,
  isWhole,
  lastRunsOf,
  linesOf,
  mismatchOfAttempts,
  runsOf,
  shownLines,
  taskCountOf,
  workersOf,
} from "./script-output.ts";
import { recordsInOrder } from "./tasks-of.ts";

/** The shortest pause between two attempts. */
const PAUSE_MS = 5_000;

/** Green only if every worker ended with 0. */
const green: Rule = {
  name: "green only for a script that succeeded",
  look(ended, check) {
    for (const runner of ended.runners) {
      if (runner.mainEnd?.exitCode !== 0 || isForward(runner) || hasItems(runner)) continue;
      if (runner.outputs["outcome"] === "detached") continue;
      const wanted = workersOf(runner) * taskCountOf(runner);
      const codes = lastRunsOf(runner, ended).map(({ exitCode }) => exitCode);
      check(
        codes.length === wanted && codes.every((code) => code === 0),
        runner.name,
        () => `main ended with 0, and the scripts with ${codes.join(", ") || "nothing"}`,
      );
    }
  },
};

/** A known exit code is the true one: that of the first worker that failed, in the order of tasks and workers. */
const exitCode: Rule = {
  name: "a known exit code is the true one",
  look(ended, check) {
    for (const runner of ended.runners) {
      const told = runner.outputs["exit-code"] ?? "";
      if (told === "" || isForward(runner) || hasItems(runner)) continue;
      const codes = lastRunsOf(runner, ended).map((run) => run.exitCode);
      check(
        isTrueCode(told, codes, runner),
        runner.name,
        () =>
          `exit-code is ${told} (${runner.outputs["outcome"] ?? ""}), and the scripts ended with ${codes.join(", ")}`,
      );
    }
  },
};

function isTrueCode(told: string, codes: readonly (number | undefined)[], runner: Runner): boolean {
  const { outcome } = runner.outputs;
  if (outcome === "timed-out") return told === "124";
  if (outcome === "cancelled") return told === "130";
  // The end of one of several jobs may be unknown, and then it is the code of another one.
  if (taskCountOf(runner) > 1)
    return told === "0" ? codes.every((code) => code === 0) : codes.map(String).includes(told);
  return told === String(codes.find((code) => code !== 0) ?? codes[0]);
}

/** The output is the script's: each line once, in order, and whole when the end is known. */
const output: Rule = {
  name: "the output is the script's, once and in order",
  look(ended, check) {
    for (const runner of ended.runners) {
      if (runner.before !== undefined) continue;
      const whole =
        (hasItems(runner) ? endsWithItems(runner, ended) : isWhole(runner)) && taskCountOf(runner) === 1;
      for (const [task, attempts] of attemptsOf(runner, ended)) {
        for (const worker of Array.from({ length: workersOf(runner) }, (_, at) => at)) {
          for (const stream of ["1", "2"] as const) {
            const runs = attempts.map((each) => each.filter((run) => run.worker === worker));
            const expected = runs.map((each) => expectedLines(each, stream));
            const wrong = mismatchOfAttempts(expected, shownLines(runner, worker, stream, task), whole);
            check(wrong === undefined, runner.name, () => wrong ?? "");
          }
        }
      }
    }
  },
};

/** Whether all output comes before what the step waits for: each item's end. */
function endsWithItems(runner: Runner, ended: Simulated): boolean {
  const isGreen = runner.mainEnd?.exitCode === 0 && runner.outputs["outcome"] !== "detached";
  return isGreen && recordsInOrder(runner, ended);
}

/** The output `stdout` and the script's own outputs are whole when the step is green. */
const outputs: Rule = {
  name: "the outputs are the script's",
  look(ended, check) {
    for (const runner of ended.runners) {
      if (runner.mainEnd?.exitCode !== 0 || runner.outputs["outcome"] === "detached") continue;
      if (hasItems(runner)) continue;
      const [run, ...more] = runsOf(runner, ended);
      if (run === undefined || more.length > 0) continue;
      const told = linesOf(runner.outputs["stdout"] ?? "");
      const expected = runner.before === undefined ? expectedLines([run], "1") : shownLines(runner, 0, "1");
      // The output has the last mebibyte.
      const isCut = Buffer.byteLength(told.join("\n")) > 1_000_000;
      check(
        isCut ? expected.join("\n").endsWith(told.join("\n")) : told.join("\n") === expected.join("\n"),
        runner.name,
        () => `stdout has ${told.length} lines, and the script printed ${expected.length}`,
      );
      // The last value of a name counts.
      const set = runner.script.lines.flatMap((line) => ("output" in line ? [line.output.split("=")] : []));
      for (const [name, value] of new Map(set.map(([each = "", text = ""]) => [each, text]))) {
        check(
          runner.outputs[name] === value,
          runner.name,
          () => `the output '${name}' is '${clip(runner.outputs[name])}'`,
        );
      }
    }
  },
};

/** A script starts once in each worker of each task, and with `retry` not more often than it allows. */
const once: Rule = {
  name: "no script starts twice",
  look(ended, check) {
    for (const runner of ended.runners) {
      if (hasItems(runner)) continue;
      const { inputs } = firstOf(runner).options;
      const most = inputs["retry"] === undefined ? 1 : Number(inputs["retry-attempts"] ?? 2);
      for (const [task, attempts] of attemptsOf(runner, ended)) {
        const starts = attempts.flat().filter(({ worker }) => worker === 0).length;
        const isOnce = attempts.every(
          (runs) => new Set(runs.map(({ worker }) => worker)).size === runs.length,
        );
        check(
          isOnce && starts <= most,
          runner.name,
          () => `started ${starts} times in task ${task}, and ${most} are allowed`,
        );
      }
    }
  },
};

/** An attempt begins only when the one before it has ended, and after a pause, unless `retry` has `unknown`. */
const oneByOne: Rule = {
  name: "attempts come one after another",
  look(ended, check) {
    for (const runner of ended.runners) {
      const retry = firstOf(runner).options.inputs["retry"];
      if (retry === undefined || retry.includes("unknown")) continue;
      for (const attempts of attemptsOf(runner, ended).values()) {
        for (const [at, runs] of attempts.slice(1).entries()) {
          const ends = (attempts[at] ?? []).map((run) => run.ended ?? Infinity);
          const began = Math.min(...runs.map((run) => run.began));
          const pause = hasItems(runner) ? 0 : PAUSE_MS;
          check(
            began >= Math.max(...ends) + pause,
            runner.name,
            () => `attempt ${at + 2} began less than ${pause} ms after the end of the last`,
          );
        }
      }
    }
  },
};

/** A step with one job does not give up before the attempts that `retry` allows for this end. */
const again: Rule = {
  name: "what retry names is tried again",
  look(ended, check) {
    for (const runner of ended.runners) {
      const { retry, "retry-attempts": most = "2" } = runner.options.inputs;
      if (retry === undefined || isCancelled(runner) || runner.mainEnd?.exitCode === undefined) continue;
      if (hasItems(runner) || taskCountOf(runner) !== 1) continue;
      const reason = reasonToRetry(runner, ended);
      if (reason === undefined || !retry.split(",").includes(reason)) continue;
      check(
        runner.main.stdout.includes(`Attempt ${most} of ${most}`) ||
          runner.main.stdout.includes("there is no task to run it in"),
        runner.name,
        () => `ended for '${reason}' without having tried ${most} times`,
      );
    }
  },
};

/** The end of the step's last attempt, in the words of `retry`; undefined for one that the world does not tell for certain. */
function reasonToRetry({ outputs, main }: Runner, { world }: Simulated): string | undefined {
  if (outputs["outcome"] === "failed") return outputs["exit-code"];
  const last = world.ecs.tasks.find(({ identity: { id } }) => id === outputs["task-id"]);
  const isStopped = /^::error title=fargate-exec(?::|%3A) task-stopped::/m.test(main.stdout);
  return isStopped && last?.state.stopCode === "SpotInterruption" ? "spot" : undefined;
}

/** What must hold of scripts, and of what the steps say of them. */
export const SCRIPT_RULES: readonly Rule[] = [green, exitCode, output, outputs, once, oneByOne, again];
