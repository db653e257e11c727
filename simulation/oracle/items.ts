import type { ScriptRun } from "../container/container.ts";
import { itemsOf, listingOf } from "../items.ts";
import type { Runner } from "../runner/runner.ts";
import type { Fault } from "../scenario.ts";
import type { Simulated } from "../simulate.ts";
import { isStoppedByOther } from "./is-stopped-by-other.ts";
import { firstOf, hasItems, listingsOf, runsOf } from "./script-output.ts";
import { tasksOf } from "./tasks-of.ts";

/** The reasons of `retry` for which an item may begin again in another job: what has become of its last run is not known. */
export const LOSSES = ["spot", "infrastructure", "unknown"];
/** A container keeps an end that nobody takes for so long. */
const KEPT_MS = 600_000;
/** The same for a job that was told to stop. */
const KEPT_AFTER_CANCEL_MS = 5_000;

/** What the output `results` says of an item. */
export interface ToldItem {
  readonly item: string;
  readonly index: number;
  readonly exitCode: number | null;
  readonly outcome: string;
  readonly attempts: number;
  /** The attempt of the workflow's run in which it has succeeded, so that it was not run in this one. */
  readonly carriedFrom?: number;
}

/** A step with items: what it was asked for, what has become of its items, and what it says. */
export interface ItemStep {
  readonly runner: Runner;
  /** The inputs of the step that has begun the items. */
  readonly inputs: Runner["options"]["inputs"];
  readonly items: readonly string[];
  /** The runs of the script, in the order in which they began. */
  readonly all: readonly ScriptRun[];
  /** The same for each item. The exit code is that of the item. */
  readonly runs: readonly (readonly ScriptRun[])[];
  /** For each item how often its begin was told, though its container or its worker died before the script could start. */
  readonly unstarted: readonly number[];
  /** What the output `results` has; undefined when it has no items. */
  readonly told: readonly ToldItem[] | undefined;
  /** What `retry` names beside `rerun`. */
  readonly reasons: readonly string[];
  /** How often an item may begin. */
  readonly most: number;
}

export function itemStepsOf(ended: Simulated): readonly ItemStep[] {
  return ended.runners
    .filter((runner) => runner.hasBegun && hasItems(runner))
    .map((runner) => {
      const { options } = firstOf(runner);
      const { inputs } = options;
      const items = itemsOf(options);
      const all = runsOf(runner, ended).toSorted((one, other) => one.began - other.began);
      const { retry, "retry-attempts": attempts = "2" } = inputs;
      const unstarted = ended.world.containers
        .flatMap((container) => [...container.unstarted])
        .filter(({ url }) => url === runner.jobUrl)
        .flatMap(({ indices }) => indices);
      const reasons = (retry?.split(",") ?? []).filter((reason) => reason !== "rerun");
      return {
        ...{ runner, inputs, items, all, told: toldOf(runner) },
        runs: items.map((_, index) =>
          all
            .filter(({ batch }) => batch?.indices.includes(index))
            .map((run) => ({ ...run, exitCode: codeOf(run, index) })),
        ),
        unstarted: items.map((_, index) => unstarted.filter((each) => each === index).length),
        ...{ reasons, most: reasons.length === 0 ? 1 : Number(attempts) },
      };
    });
}

/** The exit code of an item in a run that was for it, as docs/items.md has it. */
function codeOf({ exitCode, batch, reports }: ScriptRun, index: number): number | undefined {
  const isRead = reports.every(({ says }) => says !== "?");
  if (exitCode === undefined || reports.length === 0 || !isRead)
    return exitCode === 0 && !isRead ? 126 : exitCode;
  const says = new Map(reports.map((report) => [report.index, Number(report.says)]));
  const isBlameless = says.size === batch?.indices.length && [...says.values()].every((code) => code === 0);
  return exitCode !== 0 && isBlameless ? exitCode : (says.get(index) ?? exitCode);
}

function toldOf({ outputs }: Runner): readonly ToldItem[] | undefined {
  const entries = JSON.parse(outputs["results"] ?? "[]") as readonly Partial<ToldItem>[];
  return entries[0]?.item === undefined ? undefined : (entries as readonly ToldItem[]);
}

/** Whether nothing but faults of these kinds has met the step or its tasks, whose disks had room for what items wrote. */
export function isUndisturbed(
  runner: Runner,
  ended: Simulated,
  harmless: readonly Fault["kind"][] = [],
): boolean {
  const tasks = tasksOf(runner, ended);
  if (tasks.some(({ container }) => container?.wasTight === true)) return false;
  const actors = new Set(["service", ...tasks.map(({ name }) => name)]);
  for (let each: Runner | undefined = runner; each !== undefined; each = each.before) actors.add(each.name);
  return !ended.world.base.faults.taken.some(
    ({ kind, actor }) =>
      (actors.has(actor) || actor.endsWith(` of ${runner.name}`)) && !harmless.includes(kind),
  );
}

/** Whether nothing has met the step itself, nor one of its tasks that has run items, and whose container has not ended by itself. */
export function hasWholeTask(runner: Runner, ended: Simulated): boolean {
  const actors = new Set(ended.world.base.faults.taken.map(({ actor }) => actor));
  if (actors.has(runner.name) || actors.has("service")) return false;
  return tasksOf(runner, ended).some(
    ({ name, container, state }) =>
      !actors.has(name) &&
      state.stopCode !== "EssentialContainerExited" &&
      container?.scripts.some(({ url }) => url === runner.jobUrl),
  );
}

/** Whether the task of this step's job has ended by itself before the step began, when the job's end had been kept for long enough. */
export function isEndUnread({ runner, all }: ItemStep, ended: Simulated): boolean {
  const last = Math.max(...all.map(({ ended: at = Infinity }) => at));
  const kept = isStoppedByOther(runner, ended) ? KEPT_AFTER_CANCEL_MS : KEPT_MS;
  return tasksOf(runner, ended).every(
    ({ stoppedAt = Infinity }) => stoppedAt < runner.beganAt && stoppedAt >= last + kept,
  );
}

/** What the items of a world have met. */
export function marksOfItems(ended: Simulated): readonly string[] {
  return itemStepsOf(ended).flatMap(({ runner, inputs, all, runs, told = [] }) => {
    const isBack = tasksOf(runner, ended).some(({ container }) => (container?.givenBack ?? 0) > 0);
    const isTold = (wanted: string): boolean => told.some(({ outcome }) => outcome === wanted);
    const marks: readonly (readonly [string, boolean])[] = [
      ["items: a step that has begun some", all.length > 0],
      ["items: in several tasks", new Set(all.map(({ task }) => task)).size > 1],
      ["items: in batches", all.some(({ batch }) => (batch?.indices.length ?? 0) > 1)],
      [
        "items: batches of auto",
        inputs["batch"] === "auto" && all.some(({ batch }) => (batch?.indices.length ?? 0) > 1),
      ],
      ["items: reported by the script", all.some(({ reports }) => reports.length > 0)],
      ["items: listed by a command", all.length > 0 && listingOf({ inputs }) !== undefined],
      ["items: a command that gives no list", all.length === 0 && listingsOf(runner, ended).length > 0],
      ["items: left to another step", runner.outputs["outcome"] === "detached"],
      ["items: told to a step that attaches", runner.before !== undefined && told.length > 0],
      [
        "items: carried over from an earlier attempt",
        told.some(({ carriedFrom }) => carriedFrom !== undefined),
      ],
      ["items: all run in a later attempt", runner.attempt > 1 && runs.every(({ length }) => length > 0)],
      ["items: with a directory", all.some(({ kept }) => kept.length > 0)],
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

/** Whether the step says that its job has ended for its `timeout`: items that were in hand are told so, and else its error says it. */
export function isTimedOut({ runner, told = [] }: ItemStep): boolean {
  return (
    told.some(({ outcome }) => outcome === "timed-out") ||
    /timed-out|stopped for its timeout/.test(runner.main.stdout)
  );
}
