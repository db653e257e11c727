import { isStarting } from "./draw-tasks.ts";
import { commandOf, itemsOf, itemText, listingOf, parseItem } from "./items.ts";
import { between, chance, pick, type Random, randomOf } from "./random.ts";
import type { Fault, RunnerOptions, Scenario, ScriptLine } from "./scenario.ts";

/** The shares of steps with items whose script reports how each has ended, and whose list a command prints. */
const REPORTED = 0.4;
const LISTED = 0.25;
/** The share of those that write files into the directories of their runs. */
const KEPT = 0.3;
/** The share of those that leave their items to another step. */
const LEFT = 0.25;
/** The share of the others that GitHub runs again, and of these the share beside which another one has the same key. */
const RUN_AGAIN = 0.35;
const TWINS = 0.2;
/** Inputs that no step has beside `detach`. */
const ALONE = ["tasks", "fail-fast", "retry", "retry-attempts"];

/** Changes how a step with items has them. Its randomness is its own: the scenarios without items stay as they are. */
export function drawItemKinds(scenario: Scenario): Scenario {
  const random = randomOf(Math.imul(scenario.seed, 0x27d4eb2f) ^ 0x17e6);
  const index = scenario.runners.findIndex(({ inputs }) => "items" in inputs);
  const begun = scenario.runners[index];
  if (begun === undefined) return scenario;
  const reported = chance(random, REPORTED) ? withReports(random, begun) : begun;
  const keeping = chance(random, KEPT) ? withFiles(random, reported) : reported;
  const isListed = chance(random, LISTED);
  const listing = isListed ? withCommand(random, keeping) : keeping;
  const isLeft = !("lock" in listing.inputs) && chance(random, LEFT);
  const runner = isLeft ? leaving(random, listing) : listing;
  const followers = isLeft ? drawFollowers(random, runner, { index, next: scenario.runners.length }) : [];
  const runAgain =
    !isLeft && scenario.world.bucket && !("lock" in runner.inputs) && chance(random, RUN_AGAIN)
      ? drawAttempts(random, scenario, index, runner)
      : undefined;
  const faults = [
    ...(isListed && chance(random, 0.4) ? [drawFaultOfList(random, runner, index)] : []),
    ...followers.flatMap((_, at) =>
      chance(random, 0.3)
        ? [drawFaultOfFollower(random, `runner ${scenario.runners.length + at}`, runner)]
        : [],
    ),
  ];
  return {
    ...scenario,
    ...(runAgain !== undefined && chance(random, 0.2) && withNewImage(random, scenario)),
    runners: [
      ...scenario.runners.with(index, runAgain?.first ?? runner),
      ...followers,
      ...(runAgain?.others ?? []),
    ],
    faults: [...scenario.faults, ...faults, ...(runAgain?.faults ?? [])],
  };
}

/** The tag of the image moves. */
function withNewImage(random: Random, { world }: Scenario): Pick<Scenario, "world"> {
  return { world: { ...world, retagsAt: between(random, 1_000, 200_000) } };
}

/** The step with `retry: rerun`, and the further attempts of its workflow run, perhaps beside another step that nothing tells from it. */
function drawAttempts(
  random: Random,
  { runners }: Scenario,
  index: number,
  { inputs, ...runner }: RunnerOptions,
): {
  readonly first: RunnerOptions;
  readonly others: readonly RunnerOptions[];
  readonly faults: readonly Fault[];
} {
  const { retry } = inputs;
  const given = listingOf({ inputs });
  const items = itemsOf({ inputs }).map((text) => {
    const program = parseItem(text);
    if (program === undefined || !chance(random, 0.3)) return text;
    return itemText({
      ...program,
      exitCodes: [pick(random, [0, 1, 1])],
      later: pick(random, [0, 0, 1]),
      ...(program.says && { says: ["-"] }),
    });
  });
  const lines = given?.lines.filter((line) => !("out" in line)) ?? [];
  const first: RunnerOptions = {
    ...runner,
    inputs: {
      ...inputs,
      retry: retry === undefined ? "rerun" : `${retry},rerun`,
      items:
        given === undefined
          ? items.join("\n")
          : commandOf({ ...given, lines: [...lines, ...items.map((out) => ({ out }))] }),
    },
  };
  const next = runners.length;
  const isTwin = chance(random, TWINS);
  const twins = isTwin ? [{ ...first, at: first.at + pick(random, [0, 2_000, 60_000]), twin: index }] : [];
  const attempts = Array.from({ length: pick(random, [1, 1, 2]) }, (_, at) => ({
    ...first,
    reruns: at === 0 ? pick(random, [index, ...(isTwin ? [next] : [])]) : next + twins.length + at - 1,
  }));
  const end = first.at + between(random, 3_000, 60_000);
  const faults = [index, next].flatMap((at): readonly Fault[] =>
    chance(random, 0.4)
      ? [{ kind: "signal", actor: `runner ${at}`, at: end, signal: pick(random, ["cancel", "SIGKILL"]) }]
      : [],
  );
  const away = chance(random, 0.3)
    ? [
        drawFaultOfRecord(
          random,
          `runner ${pick(random, [index, ...[...twins, ...attempts].map((_, at) => next + at)])}`,
        ),
      ]
    : [];
  return { first, others: [...twins, ...attempts], faults: [...faults, ...away] };
}

/** S3 does not do what the record of an attempt needs. */
function drawFaultOfRecord(random: Random, actor: string): Fault {
  return {
    ...{
      kind: "call",
      actor,
      operation: pick(random, ["s3:PutObject", "s3:GetObject"]),
      count: between(random, 1, 12),
    },
    what: pick(random, ["throttled", "denied", "failed", "lost", "mute"]),
  };
}

function leaving(random: Random, { inputs, ...runner }: RunnerOptions): RunnerOptions {
  const rest = Object.entries(inputs).filter(([name]) => !ALONE.includes(name));
  const detach = pick(random, ["true", "true", "8s", "60s"]);
  return { ...runner, inputs: { ...Object.fromEntries(rest), detach } };
}

/** Steps that attach to the job, one after the other or at the same time. They may leave it again. */
function drawFollowers(
  random: Random,
  { at, container, script, post }: RunnerOptions,
  { index, next }: { readonly index: number; readonly next: number },
): readonly RunnerOptions[] {
  return Array.from({ length: pick(random, [0, 1, 1, 1, 2]) }, (_, later) => ({
    ...{ at: at + pick(random, [0, 500, 30_000, 120_000, 900_000]), container, script, post },
    follows: later > 0 && chance(random, 0.7) ? next + later - 1 : index,
    inputs: { ...(chance(random, 0.3) && { detach: pick(random, ["true", "5s"]) }) },
  }));
}

function drawFaultOfFollower(random: Random, actor: string, { at: begin }: RunnerOptions): Fault {
  const at = begin + between(random, 5_000, 120_000);
  return pick<Fault>(random, [
    { kind: "cut", actor, at, isSilent: chance(random, 0.3) },
    { kind: "signal", actor, at, signal: pick(random, ["cancel", "SIGKILL"]) },
    { kind: "s3-away", actor, at, ms: between(random, 500, 90_000) },
  ]);
}

/** Items that write files, and a step that may insist on them. */
function withFiles(random: Random, runner: RunnerOptions): RunnerOptions {
  const hasReports = chance(random, 0.4);
  const items = itemsOf(runner).map((text) => {
    const program = parseItem(text);
    const keeps = hasReports
      ? pick(random, [undefined, "xml", "xml"] as const)
      : pick(random, [
          undefined,
          chance(random, 0.3) ? "env" : 0,
          between(random, 1, 20_000),
          between(random, 1, 120_000),
        ] as const);
    return program === undefined || keeps === undefined ? text : itemText({ ...program, keeps });
  });
  const missing = {
    ...(chance(random, 0.25) && { "artifacts-missing": "error" }),
    ...(hasReports && { reports: "*.xml" }),
  };
  return { ...runner, inputs: { ...runner.inputs, ...missing, items: items.join("\n") } };
}

/** A command prints the list. It may fail, print nothing, or print a secret. */
function withCommand(random: Random, runner: RunnerOptions): RunnerOptions {
  const kind = pick(random, ["whole", "whole", "whole", "whole", "failing", "empty", "secret"]);
  const [begin, middle] = [{ wait: between(random, 0, 3_000) }, { wait: between(random, 0, 6_000) }];
  const printed = kind === "empty" ? [] : itemsOf(runner).map((out) => ({ out }));
  const half = Math.ceil(printed.length / 2);
  const lines: readonly ScriptLine[] = [
    ...(chance(random, 0.3) ? [{ err: "err lists" }] : []),
    ...[begin, ...printed.slice(0, half), middle, ...printed.slice(half)],
    ...(kind === "secret" ? [{ secret: "SECRET" }] : []),
  ];
  const exitCode = kind === "failing" ? between(random, 1, 255) : 0;
  return {
    ...runner,
    inputs: {
      ...runner.inputs,
      items: commandOf({ lines, exitCode, onTerm: pick(random, ["dies", "ignores"]) }),
      ...(kind === "secret" && { secrets: "SECRET" }),
    },
  };
}

/** Something happens while a command lists the items. */
function drawFaultOfList(random: Random, runner: RunnerOptions, index: number): Fault {
  const actor = `runner ${index}`;
  const place = isStarting(runner) ? `task 1 of ${actor}` : `container ${runner.container}`;
  const at = runner.at + between(random, 500, pick(random, [6_000, 30_000]));
  return pick<Fault>(random, [
    { kind: "stop-task", actor: place, at, code: "SpotInterruption" },
    { kind: "kill-process", actor: place, at, process: pick(random, ["worker", "job", "recorder"]) },
    { kind: "cut", actor, at, isSilent: chance(random, 0.3) },
    { kind: "signal", actor, at, signal: pick(random, ["cancel", "SIGKILL"]) },
  ]);
}

/** Batches whose script reports the ends of some of its items. */
function withReports(random: Random, runner: RunnerOptions): RunnerOptions {
  const share = pick(random, [0.5, 1, 1]);
  const isWrong = chance(random, 0.15);
  const items = itemsOf(runner).map((text) => {
    const program = parseItem(text);
    if (program === undefined) return text;
    const says = program.exitCodes.map((code) => {
      if (!chance(random, share)) return "-";
      if (isWrong && chance(random, 0.1)) return "?";
      // A script may know better than its exit code, and the other way round.
      return String(chance(random, 0.9) ? code : pick(random, [0, 1, 75]));
    });
    // A program such as pytest fails when one of its tests does.
    return itemText({ ...program, says });
  });
  return {
    ...runner,
    inputs: {
      ...runner.inputs,
      items: items.join("\n"),
      batch: chance(random, 0.6) ? "auto" : String(between(random, 2, 5)),
    },
  };
}
