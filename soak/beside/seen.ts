import { isDeepStrictEqual } from "node:util";

/** What the simulation tells of a scenario. */
export interface Simulated {
  readonly seen: Seen;
  /** When the log has the first line of a script, in milliseconds since the begin; undefined when it never has. */
  readonly firstLineAt: number | undefined;
  /** Virtual ones, up to the end of the last step. */
  readonly seconds: number;
  /** What the oracle has against it. */
  readonly objections: readonly string[];
  /** In columns. */
  readonly timeline: string;
}

/** What becomes of a scenario, as both worlds can see it: nothing that time or chance decides. */
export interface Seen {
  /** Undefined for a step that did not begin. */
  readonly steps: readonly (SeenStep | undefined)[];
  readonly left: Left;
}

export interface SeenStep {
  readonly conclusion: "success" | "failure" | "cancelled";
  /** Of main, 137 when it was killed. */
  readonly exitCode: number;
  /** Undefined when no post was to run. */
  readonly postExitCode: number | undefined;
  /** The code in the title of the step's error; undefined for none. */
  readonly code: string | undefined;
  /** Of the outputs those that name neither times nor places. */
  readonly outputs: Readonly<Record<string, string | Lines>>;
  /** The script's lines in the log, those of each task and worker for itself. */
  readonly lines: Lines;
  /** What became of each item, in no order, since it is chance which task has which. */
  readonly items: readonly string[];
}

/** What the steps have left when they were over for some seconds. */
export interface Left {
  /** Tasks that a step has started, and that are to run on. */
  readonly tasks: number;
  /** Task definitions of the action's own. */
  readonly definitions: number;
  /** The keys in the bucket, with a star for each name of a run. */
  readonly objects: readonly string[];
  readonly sessions: number;
  /** Job directories in the containers that run. */
  readonly directories: number;
  /** The containers that have processes of ours, or of a script. */
  readonly busy: number;
}

const COMPARED = ["outcome", "exit-code", "key"];
/** A line that a script has printed, behind the marks of its task and worker. */
export const OF_SCRIPT = /^((?:\[[^\]]*\] )*)((?:out|err|part) r\d.*|\*\*\*)$/;

type Lines = Readonly<Record<string, readonly string[]>>;

/** The outputs that are compared. One that is not set is empty. Workers may print at the same time, so that each has its lines for itself. */
export function comparedOutputs(
  outputs: Readonly<Record<string, string>>,
  hasItems: boolean,
): SeenStep["outputs"] {
  return {
    ...Object.fromEntries(COMPARED.map((name) => [name, outputs[name] ?? ""])),
    stdout: linesOf((outputs["stdout"] ?? "").split("\n"), hasItems),
  };
}

/** The script's lines of a log, by the marks of their task and worker. Which of these runs an item is chance. */
export function linesOf(log: readonly string[], hasItems: boolean): Lines {
  const found = log.flatMap((line) => {
    const [, mark = "", text] = OF_SCRIPT.exec(line) ?? [];
    return text === undefined ? [] : [{ mark: mark.trim(), text }];
  });
  if (hasItems) return { items: found.map(({ text }) => text.replace(/ i\d+ /, " item ")).sort() };
  const marks = [...new Set(found.map(({ mark }) => mark))].sort();
  return Object.fromEntries(
    marks.map((mark) => [mark, found.filter((each) => each.mark === mark).map(({ text }) => text)]),
  );
}

/** What the output `results` says of each item. */
export function itemsOf({ results = "" }: Readonly<Record<string, string>>): SeenStep["items"] {
  const entries = JSON.parse(results === "" ? "[]" : results) as {
    readonly outcome: string;
    readonly exitCode?: number;
    readonly attempts?: number;
  }[];
  return entries
    .map(({ outcome, exitCode, attempts }) => `${outcome} ${exitCode ?? "-"} ${attempts ?? "-"}`)
    .sort();
}

/** The keys without the names of runs. */
export function shapes(keys: readonly string[]): readonly string[] {
  const names = /ecs-execute-command-\w+|[\w-]*[0-9a-f]{16,}[\w-]*/g;
  return keys.map((key) => key.replaceAll(names, "*")).sort();
}

/** The members in which the two differ, with what each has. Empty when they don't. */
export function differences(simulated: Seen, local: Seen): readonly string[] {
  const steps = simulated.steps.flatMap((step, index) =>
    membersOf(`step ${index}`, step ?? {}, local.steps[index] ?? {}),
  );
  return [...steps, ...membersOf("left", simulated.left, local.left)];
}

function membersOf(what: string, simulated: object, local: object): readonly string[] {
  const sides: readonly Readonly<Record<string, unknown>>[] = [{ ...simulated }, { ...local }];
  const names = new Set(sides.flatMap((side) => Object.keys(side)));
  return [...names].flatMap((name) => {
    const [one, other] = sides.map((side) => side[name]);
    const shown = (value: unknown): string => JSON.stringify(value ?? "none");
    return isDeepStrictEqual(one, other)
      ? []
      : [`${what}, ${name}: simulated ${shown(one)}, local ${shown(other)}`];
  });
}
