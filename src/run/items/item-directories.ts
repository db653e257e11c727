import { basename, join, relative } from "node:path";
import type { World } from "../../aws/world.ts";
import { artifactsBudget } from "../../carriers/pieces/budget.ts";
import type { Clock } from "../../clock.ts";
import { messageOf } from "../../errors.ts";
import { PRIVATE_NAMES } from "../../inputs/beneath/private-names.ts";
import type { ArtifactOptions } from "../../inputs/inputs.ts";
import type { Log } from "../../log.ts";
import { makeDirectory } from "../../report/artifacts/directory.ts";
import { itemsFolder } from "../../report/artifacts/item-names.ts";
import { Refusal } from "../../report/artifacts/refusal.ts";
import { type UnpackedArchive, unpackArchive } from "../../report/artifacts/unpack-archive.ts";
import { type ItemDirectoriesReport, shortItem } from "../../report/item-results.ts";
import { codeOf } from "../../values.ts";
import type { StepBudget } from "../step-budget.ts";
import { ArchiveShelf } from "./archive-shelf.ts";
import { ITEM_BUDGET, ItemArchive, type ItemRun, OF_ITEM } from "./item-archive.ts";

export interface ItemDirectoriesOptions {
  readonly files: ArtifactOptions;
  /** All items, in the order of the list. */
  readonly list: readonly string[];
  readonly workspace: string;
  readonly clock: Clock;
  readonly gunzip: World["gunzip"];
  readonly budget: Pick<StepBudget, "memory">;
  readonly cancel: AbortSignal;
  readonly log: Pick<Log, "info" | "warning">;
}

/** The most files, links and directories of all items. None is kept in memory. */
const MOST_FILES = 100_000;
/** The bytes of archives that the step keeps in memory. Others wait in a file. */
const IN_MEMORY = 8 * 1024 * 1024;
/** Back-pressure begins when whole archives with more bytes than this wait to be unpacked. */
const ENOUGH = 4 * 1024 * 1024;
/** The bytes to which each archive may unpack, however much others have unpacked to. */
const SURE_BYTES = 64 * 1024;
/** How long whole archives are unpacked after a cancel, in milliseconds. */
const AFTER_CANCEL_MS = 1_000;
/** The most sentences in the log before the end, at the end, and of a task. */
const MOST_WARNINGS = 5;
/** The characters of sentences that are kept. A run whose sentences are not is named all the same. */
const MOST_KEPT = 1024 * 1024;
const PAGE = "items.md#the-directory-of-an-item";

/** A run whose directory has come, or some of it. */
interface RunDirectory {
  readonly run: ItemRun;
  readonly path: string;
}

/** What is missing of a run's directory, in sentences, and whether they were logged as it ended. */
interface Lack {
  readonly run: ItemRun;
  readonly sentences: readonly string[];
  readonly isSaid: boolean;
}

/** Brings back what runs for items have written into their directories: each below `items/`, or `items-2/` and so on, in a directory of its own. */
export class ItemDirectories {
  readonly #options: ItemDirectoriesOptions;
  readonly #shelf: ArchiveShelf;
  #waiting: ItemArchive[] = [];
  #unpacking: Promise<void> | undefined;
  #count = 0;
  #bytes = 0;
  /** The bytes to which archives may still unpack. An archive of a few bytes may unpack to many, of which nothing is placed. */
  #unpackable: number;
  readonly #placed: RunDirectory[] = [];
  /** The directory of the last run of each item that has one. */
  readonly #last: (RunDirectory | undefined)[] = [];
  /** What is missing of the last run of each item that lacks something. */
  readonly #lacks: (Lack | undefined)[] = [];
  #kept = 0;
  #said = 0;
  #unsaid = 0;
  #cancelledAt: number | undefined;
  /** Where the directories are; undefined before the first one. */
  #all: string | undefined;

  constructor(options: ItemDirectoriesOptions) {
    const { files, clock } = options;
    this.#options = options;
    this.#unpackable = artifactsBudget({ maxCount: MOST_FILES, maxBytes: files.maxBytes }).unpacked;
    const open = (): ReturnType<typeof makeDirectory> => makeDirectory(files.directory, files.within);
    this.#shelf = new ArchiveShelf({ memory: IN_MEMORY, open, clock });
  }

  /** An archive of this run, which `unpack` gets when no more of it comes. */
  archive(run: ItemRun): ItemArchive {
    return new ItemArchive(run, this.#shelf, this.#options.budget.memory);
  }

  unpack(archive: ItemArchive): void {
    this.#waiting.push(archive);
    this.#unpacking ??= this.#unpackAll();
  }

  /** Back-pressure: resolves when few bytes wait to be unpacked. */
  async drained(): Promise<void> {
    while (this.#waiting.reduce((all, { length }) => all + length, 0) > ENOUGH) await this.#unpacking;
  }

  /** Waits until all is unpacked, and logs it. */
  async end(): Promise<void> {
    await this.#unpacking;
    const { log } = this.#options;
    const open = [...this.#openLacks()];
    const late = open.filter(({ isSaid }) => !isSaid).flatMap(({ sentences }) => sentences);
    for (const sentence of late.slice(0, MOST_WARNINGS)) this.#warn(sentence);
    const more = this.#unsaid - Math.min(late.length, MOST_WARNINGS);
    if (more > 0) this.#warn(`… and ${more} more of this kind.`);
    if (this.#placed.length > 0) {
      const items = this.#last.filter((each) => each !== undefined).length;
      log.info(
        `Directories of ${items} ${items === 1 ? "item" : "items"}: ${this.#count} files, ${this.#bytes} bytes, in ${this.#shortPath(this.#all ?? "")}.`,
      );
    }
  }

  /**
   * The sentences about what is missing of each task's items, without what a later run has brought, and without runs that had no item for which
   * `isCounted` holds. Called after `end`.
   */
  missing(isCounted: (index: number) => boolean): readonly (readonly string[])[] {
    const missing: string[][] = [];
    for (const { run, sentences } of this.#openLacks())
      if (run.indices.some(isCounted)) (missing[run.task] ??= []).push(...sentences);
    return Array.from(missing, (sentences: string[] | undefined = []) => {
      const left = sentences.length - MOST_WARNINGS;
      return left <= 0
        ? sentences
        : [...sentences.slice(0, MOST_WARNINGS), `… and ${left} more of this kind.`];
    });
  }

  /** The directory of the last run of this item that has one, as the output `results` names it. */
  of(index: number): string | undefined {
    const last = this.#last[index];
    return last && this.#shortPath(last.path);
  }

  /** Where they are; undefined when no run has filled its directory. */
  get report(): ItemDirectoriesReport | undefined {
    const directories = [...new Set(this.#last)].flatMap((each) =>
      each === undefined ? [] : [{ path: each.path, label: this.#nameOf(each.run).replace(/^I/, "i") }],
    );
    return directories.length === 0 ? undefined : { path: this.#options.files.directory, directories };
  }

  async #unpackAll(): Promise<void> {
    for (let archive = this.#waiting[0]; archive !== undefined; archive = this.#waiting[0]) {
      await this.#unpackOne(archive);
      archive.close();
      this.#waiting.shift();
    }
    this.#unpacking = undefined;
  }

  /** Never rejects. */
  async #unpackOne(archive: ItemArchive): Promise<void> {
    const { run, missing } = archive;
    const [first = 0] = run.indices;
    const name = run.attempt > 1 ? `${first}-attempt-${run.attempt}` : `${first}`;
    let unpacked: UnpackedArchive | string | undefined;
    const before = this.#count;
    try {
      if (this.#isLate()) missing.noteLoss("the run was cancelled");
      else if (archive.length > 0) unpacked = await this.#place(archive, name);
      if (this.#count === before) this.#drop(name);
    } catch (error) {
      unpacked = messageOf(error);
    }
    if (this.#count > before) {
      const placed = { run, path: join(this.#all ?? "", name) };
      this.#placed.push(placed);
      for (const index of run.indices)
        if ((this.#last[index]?.run.attempt ?? 0) < run.attempt) this.#last[index] = placed;
    }
    this.#note(run, missing.problems(unpacked));
  }

  async #place(archive: ItemArchive, name: string): Promise<UnpackedArchive> {
    const { files, clock, gunzip, budget, cancel } = this.#options;
    const { missing } = archive;
    const unpacking = {
      root: makeDirectory((this.#all ??= this.#makeAll()), files.within, name),
      maxCount: Math.min(OF_ITEM.maxCount, MOST_FILES - this.#count),
      maxBytes: Math.min(OF_ITEM.maxBytes, files.maxBytes - this.#bytes),
      ...{ platform: process.platform, clock, gunzip, cancel, memory: budget.memory },
      check: refusePrivate,
      onRefused: (member: string, why: string) => missing.noteRefused(member, why),
      onPlaced: (member: string, size: number) => {
        this.#count += 1;
        this.#bytes += size;
        missing.noteUnpacked(member);
      },
    };
    const most = Math.min(ITEM_BUDGET.unpacked, SURE_BYTES + this.#unpackable);
    const unpacked = await unpackArchive(archive.read(), unpacking, { ...ITEM_BUDGET, unpacked: most });
    this.#unpackable = Math.max(0, this.#unpackable - Math.max(0, unpacked.unpacked - SURE_BYTES));
    return unpacked;
  }

  /** Removes the directory of a run of which no file or link has come, and that of all runs when it was the only one. */
  #drop(name: string): void {
    if (this.#all === undefined) return;
    const { directory: path, within } = this.#options.files;
    const all = makeDirectory(this.#all, within);
    all.removeAll(name);
    const isEmpty = all.list().length === 0;
    all.close();
    if (!isEmpty) return;
    const directory = makeDirectory(path, within);
    directory.removeAll(basename(this.#all));
    directory.close();
    this.#all = undefined;
  }

  /** Makes the first of the directories for items that no step has made before, so that no report of another step lies there. */
  #makeAll(): string {
    const { directory: path, within } = this.#options.files;
    const directory = makeDirectory(path, within);
    try {
      for (let step = 1; ; step += 1) {
        try {
          directory.makeDirectory(itemsFolder(step));
          return join(path, itemsFolder(step));
        } catch (error) {
          if (codeOf(error) !== "EEXIST") throw error;
        }
      }
    } finally {
      directory.close();
    }
  }

  /** Whether the time for unpacking after a cancel is over. */
  #isLate(): boolean {
    const { cancel, clock } = this.#options;
    if (!cancel.aborted) return false;
    this.#cancelledAt ??= clock.now();
    return clock.now() - this.#cancelledAt > AFTER_CANCEL_MS;
  }

  #note(run: ItemRun, problems: readonly string[]): void {
    if (problems.length === 0) return;
    const name = this.#nameOf(run);
    const all = problems.map((problem) => `${name}: ${problem}`);
    const isSaid = this.#said + all.length <= MOST_WARNINGS;
    if (isSaid) for (const sentence of all) this.#warn(sentence);
    const isKept = this.#kept < MOST_KEPT;
    const sentences = isKept ? all : [`${name}: Its directory did not come whole.`];
    if (isKept) this.#kept += all.reduce((sum, { length }) => sum + length, 0);
    if (isSaid) this.#said += all.length;
    else this.#unsaid += sentences.length;
    const lack = { run, sentences, isSaid };
    for (const index of run.indices)
      if ((this.#lacks[index]?.run.attempt ?? 0) <= run.attempt) this.#lacks[index] = lack;
  }

  /** What is missing of runs that no later one makes up for, in the order of the list. */
  #openLacks(): ReadonlySet<Lack> {
    const isOpen = ({ run }: Lack, index: number): boolean =>
      (this.#last[index]?.run.attempt ?? 0) <= run.attempt;
    return new Set(this.#lacks.flatMap((lack, index) => (lack && isOpen(lack, index) ? [lack] : [])));
  }

  #warn(sentence: string): void {
    const { log, files } = this.#options;
    log[files.missing === "ignore" ? "info" : "warning"](sentence, PAGE);
  }

  #nameOf({ indices }: ItemRun): string {
    const [first = 0, ...others] = indices;
    const text = this.#options.list[first];
    const name = `Item ${first}${text === undefined ? "" : ` '${shortItem({ item: text, index: first })}'`}`;
    return others.length === 0 ? name : `${name} and ${others.length} more of its batch`;
  }

  #shortPath(path: string): string {
    const short = relative(this.#options.workspace, path);
    return short.startsWith("..") ? path : short;
  }
}

/** What is in a directory came there by the script's will. But a later step may upload it, and those names often hold secrets. */
function refusePrivate(names: readonly string[]): void {
  for (const name of names)
    for (const { isName, glob } of PRIVATE_NAMES)
      if (isName(name)) throw new Refusal(`names like ${glob} are left out`);
}
