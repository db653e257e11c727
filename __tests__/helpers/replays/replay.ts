import { between, chance, pick, type Random, randomOf } from "../../../simulation/random.ts";
import { itemText } from "../../../simulation/items.ts";
import type { Script, ScriptLine } from "../../../simulation/scenario.ts";

/** The programs of a container: with python3; without it, so that awk records and curl uploads. */
export const FORMS = ["python", "awk"] as const;
export type Form = (typeof FORMS)[number];

/** What happens to a job, written down. Times are milliseconds since a session has shown the job. */
export interface Replay {
  readonly seed: number;
  readonly form: Form;
  readonly script: Script;
  readonly workers: number;
  readonly hasSecret: boolean;
  readonly timeoutSeconds: number;
  /** Above how many bytes output is packed. */
  readonly packAbove: number | undefined;
  readonly cancelAt: number | undefined;
  /** When the session is cut, and how much later another one goes on. */
  readonly cut: { readonly at: number; readonly back: number } | undefined;
  /** S3 carries the output to the end; the session is released. */
  readonly uploads: boolean;
  /** How many posts S3 refuses first. */
  readonly refused: number;
  /** The reader takes the status. */
  readonly takes: boolean;
  /** The script runs for these; undefined: once in each worker. */
  readonly items: ItemReplay | undefined;
}

/** The items of a job, and the orders that its reader types. */
export interface ItemReplay {
  readonly list: readonly string[];
  /** When an order comes, in milliseconds since the job has begun. */
  readonly orders: readonly { readonly at: number; readonly line: string }[];
  /** The job tells all ends again, behind all else. */
  readonly detaches: boolean;
}

/** The value of the secret that a script may print. */
export const SECRET = "s3cr3t-value-0815";
/** Between two things of which the order counts: much longer than a busy machine holds a process up. */
const APART_MS = 500;

/** Expands a seed. Nothing is so close to something else that the order would be chance on a busy machine. Each fourth one has items. */
export function drawReplay(seed: number): Replay {
  const random = randomOf(seed);
  if (seed % 4 === 3) return drawWithItems(random, seed);
  const uploads = chance(random, 0.2);
  const isStopped = chance(random, 0.35);
  const isCut = !uploads && !isStopped && chance(random, 0.4);
  const isTimedOut = isStopped && (uploads || chance(random, 0.3));
  const { lines, ...script } = drawScript(random, isStopped);
  // The order to upload has to come before the job's end, and the script has to run when its session is cut.
  const before = uploads ? [{ wait: 10 * APART_MS }] : [];
  const after = isCut ? [{ wait: 10 * APART_MS }, { out: "out late" }] : [];
  return {
    seed,
    form: pick(random, FORMS),
    script: { ...script, lines: [...before, ...lines, ...after] },
    workers: chance(random, 0.25) ? between(random, 2, 3) : 1,
    hasSecret: chance(random, 0.4),
    timeoutSeconds: isTimedOut ? (uploads ? 8 : 2) : 60,
    packAbove: chance(random, 0.4) ? 1000 : undefined,
    cancelAt: isStopped && !isTimedOut ? between(random, 2, 5) * APART_MS : undefined,
    cut: isCut ? { at: between(random, 1, 4) * APART_MS, back: APART_MS } : undefined,
    uploads,
    refused: uploads && chance(random, 0.4) ? between(random, 1, 2) : 0,
    takes: chance(random, 0.85),
    items: undefined,
  };
}

/** Items in one worker or two. One that takes long is in hand when the job is stopped, or when its session is cut. */
function drawWithItems(random: Random, seed: number): Replay {
  const workers = chance(random, 0.3) ? 2 : 1;
  const isStopped = chance(random, 0.4);
  const isTimedOut = isStopped && chance(random, 0.3);
  const isCut = !isStopped && chance(random, 0.3);
  const isBack = !isStopped && !isCut && chance(random, 0.4);
  const list = Array.from({ length: 5 }, (_, at) =>
    itemText({
      name: `r0 i${at}`,
      ...(chance(random, 0.5) && { keeps: between(random, 0, 9_000) }),
      wait: isStopped && at === 2 ? 20_000 : APART_MS * (isBack ? 4 : workers > 1 ? at + 1 : 1),
      exitCodes: [pick(random, [0, 0, 0, 3])],
      ...(chance(random, 0.6) && {
        says: [pick(random, ["0", "0", "1", "-", chance(random, 0.3) ? "?" : "7"])],
      }),
    }),
  );
  const words = pick(random, ["0 1,2 4,3", "0,1,2 3@2 4", "0 1 2 3 4", "0 1 99 3 2,x 2"]);
  const more = isBack
    ? [
        { at: 2 * APART_MS, line: "2 back" },
        { at: 2 * APART_MS, line: "3 give 4@3" },
        { at: 2 * APART_MS, line: "4 end" },
      ]
    : [{ at: 0, line: "2 end" }];
  return {
    ...{ seed, form: pick(random, FORMS), workers, hasSecret: false, packAbove: undefined },
    script: {
      lines: [{ err: "err begins" }, { part: "part line " }],
      exitCode: 0,
      onTerm: pick(random, ["dies", "ignores"]),
    },
    timeoutSeconds: isTimedOut ? 4 : 60,
    cancelAt: isStopped && !isTimedOut ? 7 * APART_MS : undefined,
    cut: isCut ? { at: APART_MS, back: APART_MS } : undefined,
    ...{ uploads: false, refused: 0, takes: true },
    items: { list, orders: [{ at: 0, line: `1 give ${words}` }, ...more], detaches: chance(random, 0.4) },
  };
}

function drawScript(random: Random, isStopped: boolean): Script {
  const lines: ScriptLine[] = [];
  const count = between(random, 0, 6);
  for (let at = 0; at < count; at += 1) {
    lines.push(drawLine(random, `line ${at}`));
    // What a trap interrupts is another thing in a shell.
    if (!isStopped && chance(random, 0.4)) lines.push({ wait: APART_MS * between(random, 1, 2) });
  }
  if (isStopped) lines.push({ wait: 20_000 }, { out: "never" });
  else if (chance(random, 0.4))
    lines.push({ part: "part line " }, { wait: 2 * APART_MS }, { out: "goes on" });
  return {
    lines,
    exitCode: chance(random, 0.5) ? 0 : between(random, 1, 255),
    onTerm: pick(random, [
      "dies",
      "ignores",
      { afterMs: APART_MS * between(random, 1, 3), exitCode: between(random, 0, 9) },
    ] as const),
  };
}

function drawLine(random: Random, name: string): ScriptLine {
  const kinds: readonly (() => ScriptLine)[] = [
    () => ({ out: `out ${name}` }),
    () => ({ out: `out ${name} ${"x".repeat(between(random, 100, 20_000))}` }),
    () => ({ out: "" }),
    () => ({ out: `\u001b]7733;1;. 1 exited 0=0:1\u0007 ${name}` }),
    () => ({ out: `\ufffd ${name} ü` }),
    () => ({ err: `err ${name}` }),
    () => ({ output: `key=${name}` }),
    () => ({ secret: "SECRET" }),
  ];
  return pick(random, kinds)();
}

/** What a script does for the items of its run, as simulated items do. */
const FOR_ITEMS = `code=0
of_run() {
  IFS=,
  set -- $1
  unset IFS
  i=1
  while [ $# -gt 1 ] && [ "$i" -lt "$FARGATE_EXEC_ITEM_ATTEMPT" ]; do shift; i=$((i + 1)); done
  value=$1
}
while IFS= read -r item; do
  set -- $item
  name="$1 $2" keeps= wait=0 exits=0 says=-
  shift 2
  while [ $# -gt 0 ]; do
    case $1 in keeps) keeps=$2 ;; wait) wait=$2 ;; exit) exits=$2 ;; says) says=$2 ;; esac
    shift 2
  done
  printf 'out %s attempt %s\\n' "$name" "$FARGATE_EXEC_ITEM_ATTEMPT"
  sleep "$((wait / 1000)).$(printf %03d $((wait % 1000)))" || :
  [ -z "$keeps" ] || head -c "$keeps" /dev/zero >"$FARGATE_EXEC_ITEM_DIR/\${name% *}-\${name#* }.bin"
  of_run "$says"
  case $value in -) ;; "?") echo oops >>"$FARGATE_EXEC_ITEM_RESULTS" ;; *) printf '%s 0.5 %s\\n' "$value" "$item" >>"$FARGATE_EXEC_ITEM_RESULTS" ;; esac
  of_run "$exits"
  [ "$code" -ne 0 ] || code=$value
done <"$FARGATE_EXEC_ITEMS_FILE"
[ "$code" -eq 0 ] || exit "$code"`;

/** The script as a shell runs it. Its first line is the program of the simulated container. */
export function shellScript(script: Script, hasItems = false): string {
  const { lines, exitCode, onTerm } = script;
  const seconds = (ms: number): string => (ms / 1000).toFixed(3);
  const trap =
    onTerm === "dies"
      ? ""
      : onTerm === "ignores"
        ? "trap '' TERM"
        : `trap 'trap "" TERM; sleep ${seconds(onTerm.afterMs)}; exit ${onTerm.exitCode}' TERM`;
  const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
  const commands = lines.map((line) => {
    if ("wait" in line) return `sleep ${seconds(line.wait)} || :`;
    if ("part" in line) return `printf %s ${quoted(line.part)}`;
    if ("secret" in line) return `printf '%s\\n' "\${${line.secret}-}"`;
    if ("output" in line) return `printf '%s\\n' ${quoted(line.output)} >>"$GITHUB_OUTPUT"`;
    if ("bulk" in line || "file" in line) throw new Error("no replay prints in bulk or writes files");
    if ("err" in line) return `printf '%s\\n' ${quoted(line.err)} >&2`;
    return `printf '%s\\n' ${quoted(line.out)}`;
  });
  if (hasItems) commands.push(FOR_ITEMS);
  return [trap, ...commands, `exit ${exitCode}`].filter((line) => line !== "").join("\n");
}
