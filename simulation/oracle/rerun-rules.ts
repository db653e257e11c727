import type { Runner } from "../runner/runner.ts";
import { isUndisturbed, type ItemStep, itemStepsOf } from "./items.ts";
import { lineWith } from "./line-with.ts";
import type { Rule } from "./rule.ts";
import { tasksOf } from "./tasks-of.ts";

/**
 * What was carried over has succeeded in that attempt, in the image of this one. Nothing is when two steps of it had the same key, unless S3 has taken no
 * word of that and the second step has said so, or when it had failed by something else.
 */
const carried: Rule = {
  name: "only items that have succeeded are carried over",
  look(ended, check) {
    const steps = itemStepsOf(ended);
    for (const { runner, told = [] } of steps) {
      const digests = new Set(tasksOf(runner, ended).map(({ imageDigest }) => imageDigest));
      for (const { item, index, outcome, exitCode, carriedFrom } of told) {
        if (carriedFrom === undefined) continue;
        const before = steps.filter((step) => isSameRun(step, runner) && step.runner.attempt === carriedFrom);
        const isTrusted =
          before.filter(({ all, runner: one }) => all.length > 0 && !one.isKilled).length < 2 ||
          before.some(isUnmarked);
        const last = before.flatMap(({ runs }) => runs[index]?.at(-1) ?? []);
        const isTrue = last.some((run) => run.exitCode === 0) && outcome === "succeeded" && exitCode === 0;
        const isSame = before.some(({ runner: one }) =>
          tasksOf(one, ended).some((task) => digests.has(task.imageDigest)),
        );
        check(
          isTrue &&
            isSame &&
            isTrusted &&
            !before.some((step) => hasFailedOtherwise(step) && !isUnmarked(step)),
          runner.name,
          () =>
            `carries '${item}' over, whose runs in attempt ${carriedFrom} ended with ${last.map((run) => run.exitCode).join() || "nothing"}`,
        );
      }
    }
  },
};

/** Whether the step could not leave word that another one of its attempt has the same key, or by what it has failed, and has said so. */
function isUnmarked({ runner: { main } }: ItemStep): boolean {
  return (
    lineWith(
      main.stdout,
      /It can't be kept in \S+ that (?:another step of this attempt (?:has|may have) the same|this attempt failed by)/,
    ) !== undefined
  );
}

/** Whether the step has failed although all of its items have succeeded, or has said that it lacks what they have written. */
function hasFailedOtherwise({ runner: { main, mainEnd, cancelledAt }, told = [] }: ItemStep): boolean {
  const isRed = mainEnd?.exitCode === 1 && cancelledAt === undefined && told.length > 0;
  return (
    isRed &&
    (told.every(({ outcome }) => outcome === "succeeded") || lineWith(main.stdout, LACKS) !== undefined)
  );
}

const LACKS = /^::error .*artifacts-missing/m;

/**
 * Whether the step may lack nothing, and lacks what must not be unpacked. A failed item comes first in its error. What an item's directory lacks is no
 * reason when no item of that run has succeeded: these run again.
 */
function lacksRefused({ inputs, all, told = [], runner: { main } }: ItemStep): boolean {
  const hasSucceeded = (first: number): boolean =>
    all.some(
      ({ batch }) =>
        batch?.indices[0] === first &&
        told.some(({ index, outcome }) => outcome === "succeeded" && batch.indices.includes(index)),
    );
  return (
    inputs["artifacts-missing"] === "error" &&
    [...main.stdout.matchAll(REFUSED)].some(([, first]) => first === undefined || hasSucceeded(Number(first)))
  );
}

/** With the first item of the run whose directory lacks something. Only some of these warnings are in the log. */
const REFUSED = /^::warning [^:]*::(?:… and |(?:Item (\d+) )?.* was not unpacked)/gm;

function isSameRun({ runner }: ItemStep, { runId }: { readonly runId: number }): boolean {
  return runner.runId === runId;
}

/** Whether ECS has not told the image within `start-timeout`, and the step has said so. */
function isImageLate({ main, options }: Runner): boolean {
  return (
    options.inputs["start-timeout"] !== undefined &&
    lineWith(main.stdout, /: it is not known in which image they run now/) !== undefined
  );
}

/** What has succeeded is not run again, when nothing disturbs either attempt. */
const mended: Rule = {
  name: "what has succeeded is not run again",
  look(ended, check) {
    const steps = itemStepsOf(ended);
    // A tag that moves makes another image, and of two steps with one key nothing is carried over.
    if (
      ended.scenario.world.retagsAt !== undefined ||
      steps.some(({ runner }) => runner.options.twin !== undefined)
    )
      return;
    for (const { runner, all, told } of steps) {
      const before = steps.find((step) => step.runner === runner.earlier);
      if (told === undefined || before?.told?.some(({ outcome }) => outcome === "failed") !== true) continue;
      if (hasFailedOtherwise(before) || lacksRefused(before) || isImageLate(runner)) continue;
      if (![runner, before.runner].every((each) => isUndisturbed(each, ended))) continue;
      for (const { item, index, outcome } of before.told)
        if (outcome === "succeeded")
          check(
            !all.some(({ batch }) => batch?.indices.includes(index)),
            runner.name,
            () => `ran '${item}' again, which had succeeded before`,
          );
    }
  },
};

/** What must hold of items in further attempts of a workflow run. */
export const RERUN_RULES: readonly Rule[] = [carried, mended];
