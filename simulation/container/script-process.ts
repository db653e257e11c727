import { type ItemProgram, keptFile, ofRun } from "../items.ts";
import { fileBytes, parseScript, type Script, type ScriptLine } from "../scenario.ts";
import { Host } from "../time.ts";
import type { Sink } from "./recorder.ts";
import type { Container, ScriptRun } from "./container.ts";

/** What a script's process writes to. */
export interface Sinks {
  readonly out: Sink;
  readonly err: Sink;
  /** A line of the file GITHUB_OUTPUT. */
  readonly output: (line: string) => void;
}

const SIGTERM_CODE = 143;
const SIGKILL_CODE = 137;
const SIGPIPE_CODE = 141;
const BULK_BYTES = 1_000;

/** One copy of the user's script. */
export class ScriptProcess {
  readonly run: ScriptRun;
  /** Resolves with the exit code. */
  readonly ended: Promise<number>;
  readonly #container: Container;
  readonly #host: Host;
  readonly #script: Script | undefined;
  #settle: (exitCode: number) => void = () => undefined;
  #isTold = false;

  constructor(
    container: Container,
    {
      items,
      ...about
    }: Pick<ScriptRun, "runId" | "url" | "task" | "worker" | "text" | "batch" | "found"> & {
      /** The items that the run is for. */
      readonly items: readonly (ItemProgram | undefined)[];
    },
    secrets: Readonly<Record<string, string>>,
    sinks: Sinks,
  ) {
    const { runId, worker, text, batch } = about;
    const { time } = container.base;
    this.#container = container;
    this.#host = new Host(`worker ${worker}`, container.host);
    this.#script = parseScript(text);
    this.run = {
      ...about,
      began: time.now,
      ended: undefined,
      exitCode: undefined,
      out: [],
      files: [],
      ...{ kept: [], reports: [] },
    };
    container.scripts.push(this.run);
    const work = batch === undefined ? "" : ` items ${batch.indices.join()} (attempt ${batch.attempt})`;
    container.note(`script of ${runId.slice(-4)} worker ${worker} begins${work}`);
    this.ended = new Promise((resolve) => (this.#settle = resolve));
    // The container's end is no exit code that anything could read.
    this.#host.whenDead(() => this.#note(undefined));
    if (this.#script === undefined) this.#end(127);
    else void this.#obey(this.#script, secrets, sinks, items);
  }

  get isOver(): boolean {
    return this.#host.isDead;
  }

  get isDead(): boolean {
    return this.isOver;
  }

  term(): void {
    if (this.isOver || this.#isTold || this.#script === undefined) return;
    this.#isTold = true;
    const { onTerm } = this.#script;
    if (onTerm === "dies") this.#end(SIGTERM_CODE);
    else if (onTerm !== "ignores")
      this.#container.base.time.after(this.#host, onTerm.afterMs, () => this.#end(onTerm.exitCode));
  }

  kill(): void {
    if (!this.isOver) this.#end(SIGKILL_CODE);
  }

  async #obey(
    script: Script,
    secrets: Readonly<Record<string, string>>,
    sinks: Sinks,
    items: readonly (ItemProgram | undefined)[],
  ): Promise<void> {
    const { time } = this.#container.base;
    for (const line of [...script.lines, ...items.flatMap((item, at) => this.#linesOf(item, at))]) {
      if ("wait" in line) await time.sleep(this.#host, line.wait);
      else if ("file" in line) this.#write(line.file);
      else if ("output" in line) sinks.output(line.output);
      else if ("index" in line) this.run.reports.push(line);
      else if ("kept" in line) this.run.kept.push(line.kept);
      else
        for (const { isError, data } of printed(line, secrets)) {
          const isRead = await (isError ? sinks.err : sinks.out)(this.#host, data);
          if (!isRead) {
            this.#end(SIGPIPE_CODE);
            return;
          }
          this.run.out.push(`${isError ? 2 : 1} ${data}`);
        }
    }
    await time.sleep(this.#host, 1);
    this.#end(items.map((item) => this.#codeOf(item)).find((code) => code !== 0) ?? script.exitCode);
  }

  /** What the script does for the item that is the n-th of its batch. */
  #linesOf(
    item: ItemProgram | undefined,
    at: number,
  ): readonly (ScriptLine | ScriptRun["reports"][number] | { readonly kept: string })[] {
    const { name = "", wait = 0, says } = item ?? {};
    const kept = item && keptFile(item, this.#codeOf(item));
    const said = ofRun(says ?? ["-"], this.#attempt);
    return [
      { out: `out ${name} attempt ${this.#attempt}` },
      { wait },
      ...(kept === undefined ? [] : [{ kept }]),
      ...(said === undefined || said === "-"
        ? []
        : [{ index: this.run.batch?.indices[at] ?? NaN, says: said }]),
    ];
  }

  #codeOf(item: ItemProgram | undefined): number {
    return ofRun(item?.exitCodes ?? [127], this.#attempt) ?? 0;
  }

  get #attempt(): number {
    return this.run.batch?.attempt ?? 1;
  }

  /** The recorder ends a line that has not ended. */
  endLines(): void {
    for (const stream of ["1", "2"]) {
      const last = this.run.out.findLast((piece) => piece.startsWith(`${stream} `));
      if (last !== undefined && !last.endsWith("\n")) this.run.out.push(`${stream} \n`);
    }
  }

  #write(file: string): void {
    this.#container.files.set(file.split(" ")[0] ?? "", fileBytes(file));
    this.run.files.push(file);
  }

  #end(exitCode: number): void {
    if (this.isOver) return;
    this.#note(exitCode);
    this.#host.kill();
    this.#settle(exitCode);
  }

  #note(exitCode: number | undefined): void {
    if (this.run.ended !== undefined) return;
    this.run.ended = this.#container.base.time.now;
    this.run.exitCode = exitCode;
    const { runId, batch } = this.run;
    const work = batch === undefined ? "" : ` items ${batch.indices.join()}`;
    this.#container.note(`script of ${runId.slice(-4)}${work} ends with ${exitCode ?? "its container"}`);
  }
}

/** What a line prints, write by write. */
function* printed(
  line: Exclude<ScriptLine, { wait: number } | { output: string } | { file: string }>,
  secrets: Readonly<Record<string, string>>,
): Generator<{ readonly isError: boolean; readonly data: string }> {
  if ("err" in line) yield { isError: true, data: `${line.err}\n` };
  else if ("part" in line) yield { isError: false, data: line.part };
  else if ("secret" in line) yield { isError: false, data: `${secrets[line.secret] ?? ""}\n` };
  else if ("out" in line) yield { isError: false, data: `${line.out}\n` };
  else {
    const [name = "", count = "0"] = line.bulk.split(" x ");
    for (let at = 0; at < Number(count); at += 1)
      yield { isError: false, data: `${`out ${name} ${at} `.padEnd(BULK_BYTES, "y")}\n` };
  }
}
