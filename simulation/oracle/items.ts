import type { ScriptRun } from "../container/container.ts";
import { itemsOf } from "../items.ts";
import type { Runner } from "../runner/runner.ts";
import type { Simulated } from "../simulate.ts";
import { hasItems, runsOf } from "./script-output.ts";
import { tasksOf } from "./tasks-of.ts";

/** What the output `results` says of an item. */
export interface ToldItem {
  readonly item: string;
  readonly index: number;
  readonly exitCode: number | null;
  readonly outcome: string;
  readonly attempts: number;
}

/** A step with items: what it was asked for, what has become of its items, and what it says. */
export interface ItemStep {
  readonly runner: Runner;
  readonly items: readonly string[];
  /** The runs of the script for each item, in the order in which they began. */
  readonly runs: readonly (readonly ScriptRun[])[];
  /** What the output `results` has; undefined when it has no items. */
  readonly told: readonly ToldItem[] | undefined;
  /** What `retry` names. */
  readonly reasons: readonly string[];
  /** How often an item may begin. */
  readonly most: number;
}

export function itemStepsOf(ended: Simulated): readonly ItemStep[] {
  return ended.runners
    .filter((runner) => runner.hasBegun && hasItems(runner))
    .map((runner) => {
      const items = itemsOf(runner.options);
      const all = runsOf(runner, ended).toSorted((one, other) => one.began - other.began);
      const { retry, "retry-attempts": attempts = "2" } = runner.options.inputs;
      return {
        ...{ runner, items, told: toldOf(runner) },
        runs: items.map((_, index) => all.filter(({ batch }) => batch?.indices.includes(index))),
        ...{ reasons: retry?.split(",") ?? [], most: retry === undefined ? 1 : Number(attempts) },
      };
    });
}

function toldOf({ outputs }: Runner): readonly ToldItem[] | undefined {
  const entries = JSON.parse(outputs["results"] ?? "[]") as readonly Partial<ToldItem>[];
  return entries[0]?.item === undefined ? undefined : (entries as readonly ToldItem[]);
}

/** Whether nothing has met the step or its tasks, and it was not stopped. */
export function isUndisturbed(runner: Runner, ended: Simulated): boolean {
  const actors = new Set(["service", runner.name, ...tasksOf(runner, ended).map(({ name }) => name)]);
  return !ended.world.base.faults.taken.some(
    ({ actor }) => actors.has(actor) || actor.endsWith(` of ${runner.name}`),
  );
}

/** Whether nothing has met the step itself, nor one of its tasks that has run items. */
export function hasWholeTask(runner: Runner, ended: Simulated): boolean {
  const actors = new Set(ended.world.base.faults.taken.map(({ actor }) => actor));
  if (actors.has(runner.name) || actors.has("service")) return false;
  return tasksOf(runner, ended).some(
    ({ name, container }) => !actors.has(name) && container?.scripts.some(({ url }) => url === runner.jobUrl),
  );
}

/** What the items of a world have met. */
export function marksOfItems(ended: Simulated): readonly string[] {
  return itemStepsOf(ended).flatMap(({ runner, runs, told = [] }) => {
    const all = runs.flat();
    const { inputs } = runner.options;
    const isBack = tasksOf(runner, ended).some(({ container }) => (container?.givenBack ?? 0) > 0);
    const isTold = (wanted: string): boolean => told.some(({ outcome }) => outcome === wanted);
    const marks: readonly (readonly [string, boolean])[] = [
      ["items: a step that has begun some", all.length > 0],
      ["items: in several tasks", new Set(all.map(({ task }) => task)).size > 1],
      ["items: in batches", all.some(({ batch }) => (batch?.indices.length ?? 0) > 1)],
      ["items: given back", isBack],
      [
        "items: a container died under them",
        all.some(({ ended: at, exitCode }) => at !== undefined && exitCode === undefined),
      ],
      [
        "items: begun again in the same job",
        runs.some(([first, ...more]) => more.some(({ runId }) => runId === first?.runId)),
      ],
      [
        "items: begun again in another job",
        runs.some(([first, ...more]) => more.some(({ runId }) => runId !== first?.runId)),
      ],
      [
        "items: stopped by fail-fast",
        inputs["fail-fast"] === "true" && isTold("failed") && isTold("not-started"),
      ],
      ["items: with an unknown end", isTold("unknown")],
      ["items: not started", isTold("not-started")],
      ["items: stopped in hand", isTold("cancelled") || isTold("timed-out")],
      ["items: all succeeded", told.length > 0 && told.every(({ outcome }) => outcome === "succeeded")],
    ];
    return marks.flatMap(([mark, holds]) => (holds ? [mark] : []));
  });
}
