import { clipText, copyText } from "../values.ts";
import { type MemoryShare, SharedMemory } from "../shared-memory.ts";
import type { Output, ScriptResults } from "./file-commands.ts";

/**
 * The most bytes of the outputs that all scripts of a step set, and of their summaries. GitHub takes 1 MiB of a step's summary and 1 MB of the
 * outputs of a workflow job (docs.github.com, "Workflow commands" and "Limits").
 */
export const MOST_OF_ALL_SCRIPTS = 1024 * 1024;

/** How many lost outputs a warning names. */
const MOST_NAMED = 20;

interface KeptOutput {
  readonly output: Output;
  /** Whether another task has set it, too. That task's value is lost with this one. */
  readonly isOfSeveral: boolean;
}

type LeftOutFile = "GITHUB_OUTPUT" | "GITHUB_STEP_SUMMARY";

/**
 * What the scripts of all tasks have given to the step. An output that a script of a later task sets, too, does not count, and is not kept. When all
 * together is too much, that of the task with most is left out.
 */
export class KeptScripts {
  readonly #outputs = new SharedMemory(MOST_OF_ALL_SCRIPTS);
  readonly #summaries = new SharedMemory(MOST_OF_ALL_SCRIPTS);
  readonly #tasks = new Map<number, KeptScript>();
  /** Whose value of an output counts, by its name in lower case. */
  readonly #setBy = new Map<string, KeptScript>();

  /** Keeps the results of a task's last attempt. The task's part may be left out later: `warn` is then called with the reason. */
  keep(task: number, results: ScriptResults, warn: (problem: string) => void): ScriptResults {
    const earlier = this.#tasks.get(task);
    this.#forgetNames(earlier);
    const inPlaceOfOthers = earlier?.namesOfSeveral ?? [];
    earlier?.close();
    const { byName, replaced } = this.#choose(task, results.outputs);
    let isKept = false;
    const kept: KeptScript = new KeptScript(task, byName, results, {
      ...{ outputs: this.#outputs, summaries: this.#summaries },
      onLeftOut: (file, lost) => {
        if (file === "GITHUB_OUTPUT") this.#forgetNames(kept);
        warn(leftOut(file, task, lost, isKept));
      },
    });
    kept.hold();
    // What is left out replaces nothing.
    if (byName.size > 0 && kept.outputs.length === 0) for (const giveBack of replaced) giveBack();
    for (const name of kept.names) this.#setBy.set(name, kept);
    this.#tasks.set(task, kept);
    isKept = true;
    const lost = inPlaceOfOthers.filter((name) => !this.#setBy.has(name));
    if (lost.length > 0)
      warn(
        `Outputs are lost that other tasks and an earlier attempt of task ${task} had set: ${listed(lost)}.`,
      );
    return kept;
  }

  /** The outputs of a task that count, and how other tasks get back those that these replace. */
  #choose(
    task: number,
    outputs: readonly Output[],
  ): { readonly byName: Map<string, KeptOutput>; readonly replaced: readonly (() => void)[] } {
    const byName = new Map<string, KeptOutput>();
    const replaced: (() => void)[] = [];
    for (const [name, output] of new Map(outputs.map((each) => [each[0].toLowerCase(), each]))) {
      const other = this.#setBy.get(name);
      if (other !== undefined && other.task > task) other.noteAnother(name);
      else {
        if (other !== undefined) replaced.push(this.#take(name, other));
        byName.set(name, { output, isOfSeveral: other !== undefined });
      }
    }
    return { byName, replaced };
  }

  /** Takes an output from the task that has set it. Returns how it gets it back, unless it has lost all others meanwhile. */
  #take(name: string, other: KeptScript): () => void {
    const output = other.remove(name);
    this.#setBy.delete(name);
    return () => {
      const ownName = output && other.add(output);
      if (ownName !== undefined) this.#setBy.set(ownName, other);
    };
  }

  #forgetNames(kept: KeptScript | undefined): void {
    for (const name of kept?.names ?? []) this.#setBy.delete(name);
  }
}

interface KeptScriptOptions {
  readonly outputs: SharedMemory;
  readonly summaries: SharedMemory;
  /** The task's part of all has to be left out. */
  readonly onLeftOut: (file: LeftOutFile, lost: readonly KeptOutput[]) => void;
}

class KeptScript implements ScriptResults {
  readonly task: number;
  #byName: Map<string, KeptOutput>;
  summaries: ScriptResults["summaries"];
  readonly problems: readonly string[];
  readonly #outputShare: MemoryShare;
  readonly #summaryShare: MemoryShare;
  #bytes: number;
  #isLeftOut = false;

  constructor(
    task: number,
    byName: Map<string, KeptOutput>,
    { summaries, problems }: Pick<ScriptResults, "summaries" | "problems">,
    options: KeptScriptOptions,
  ) {
    this.task = task;
    this.#byName = byName;
    this.summaries = summaries;
    this.problems = problems;
    this.#bytes = [...byName.values()].reduce((sum, { output }) => sum + sizeOf(output), 0);
    this.#outputShare = options.outputs.share(() => {
      options.onLeftOut("GITHUB_OUTPUT", [...this.#byName.values()]);
      this.#isLeftOut = true;
      this.#byName = new Map();
      this.#bytes = 0;
    });
    this.#summaryShare = options.summaries.share(() => {
      this.summaries = [];
      options.onLeftOut("GITHUB_STEP_SUMMARY", []);
    });
  }

  get names(): Iterable<string> {
    return this.#byName.keys();
  }

  get outputs(): readonly Output[] {
    return [...this.#byName.values()].map(({ output }) => output);
  }

  /** The outputs that other tasks have set, too. */
  get namesOfSeveral(): readonly string[] {
    return [...this.#byName].flatMap(([name, { isOfSeveral }]) => (isOfSeveral ? [name] : []));
  }

  /** Counts what is kept. A part of a text keeps the whole text in memory, so what is kept is copied. */
  hold(): void {
    this.#summaryShare.hold(this.summaries.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0));
    this.#outputShare.hold(this.#bytes);
    this.#byName = new Map(
      [...this.#byName].map(([name, { output, isOfSeveral }]) => {
        const [given, value] = output;
        return [copyText(name), { output: [copyText(given), copyText(value)], isOfSeveral }];
      }),
    );
  }

  /** Another task has set this output, too, and that value is not kept. */
  noteAnother(name: string): void {
    const kept = this.#byName.get(name);
    if (kept !== undefined) this.#byName.set(name, { ...kept, isOfSeveral: true });
  }

  /** Another task sets this output. */
  remove(name: string): KeptOutput | undefined {
    const kept = this.#byName.get(name);
    if (kept === undefined) return undefined;
    this.#byName.delete(name);
    this.#bytes -= sizeOf(kept.output);
    this.#outputShare.hold(this.#bytes);
    return kept;
  }

  /** Puts back what `remove` has returned. Returns its name in lower case; undefined when the outputs were left out since. */
  add(kept: KeptOutput): string | undefined {
    if (this.#isLeftOut) return undefined;
    const name = kept.output[0].toLowerCase();
    this.#byName.set(name, kept);
    this.#bytes += sizeOf(kept.output);
    this.#outputShare.hold(this.#bytes);
    return name;
  }

  close(): void {
    this.#byName = new Map();
    this.summaries = [];
    this.#outputShare.close();
    this.#summaryShare.close();
  }
}

function sizeOf([name, value]: Output): number {
  return Buffer.byteLength(name) + Buffer.byteLength(value) + 2;
}

/** `wasKept`: it is left out because of a task that ended later. So it has replaced what other tasks had set. */
function leftOut(file: LeftOutFile, task: number, lost: readonly KeptOutput[], wasKept: boolean): string {
  const names = lost.map(({ output }) => output[0]);
  const ofSeveral = lost.filter(({ isOfSeveral }) => isOfSeveral && wasKept).map(({ output }) => output[0]);
  return (
    `${file} of task ${task} was left out. What the scripts of all tasks write into these files may have 1 MiB together, ` +
    "and this task's has most." +
    (names.length > 0 ? ` Its outputs: ${listed(names)}.` : "") +
    (ofSeveral.length > 0 ? ` Other tasks had set these, too, which are lost: ${listed(ofSeveral)}.` : "")
  );
}

function listed(names: readonly string[]): string {
  const more = names.length - MOST_NAMED;
  return names.slice(0, MOST_NAMED).map(clipText).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
