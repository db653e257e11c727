import { createHash } from "node:crypto";
import type { MemoryShare, SharedMemory } from "../../shared-memory.ts";
import type { Link } from "./links.ts";
import { foldNames } from "./names.ts";
import { Refusal } from "./refusal.ts";
import type { Member } from "./tar.ts";

/** The most bytes of all names that are held: `NAMES_BYTES`, and `NAME_BYTES` more for each file that the inputs allow. */
const NAMES_BYTES = 1024 * 1024;
const NAME_BYTES = 1024;
/** The bytes of memory of a file that is remembered, and of a directory or a link besides its name. */
const FILE_BYTES = 32;
const ENTRY_BYTES = 512;

/** A directory that the archive has made. */
export interface MadeDirectory {
  /** The bits of its mode that the umask allows. */
  readonly allowed: number;
  readonly member: Member | undefined;
}

export interface ArchiveMemoryOptions {
  readonly maxCount: number;
  readonly platform: NodeJS.Platform;
  /** Bounds what several archives keep together until they end. */
  readonly memory?: SharedMemory | undefined;
}

/** What is remembered of an archive until it ends. Names are bounded; when the memory of all archives is, this may have to forget all. */
export class ArchiveMemory {
  readonly #options: ArchiveMemoryOptions;
  readonly #share: MemoryShare | undefined;
  #links: Link[] = [];
  readonly #directories = new Map<string, MadeDirectory>();
  /** The files that the archive has brought, by `numberOf`. */
  readonly #files = new Set<number>();
  readonly #spelled = new Map<string, string>();
  #nameBytes = 0;
  #held = 0;
  #isGivenUp = false;

  constructor(options: ArchiveMemoryOptions) {
    this.#options = options;
    this.#share = options.memory?.share(() => this.#giveUp());
  }

  /** True once all was forgotten, because archives keep too much together. */
  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  get links(): readonly Link[] {
    return this.#links;
  }

  /** The directories that were made, by their paths, in the order in which they were. */
  get directories(): ReadonlyMap<string, MadeDirectory> {
    return this.#directories;
  }

  /** Counts a name that is held to the end. Throws a `Refusal` when there are too many. */
  holdName(name: string): void {
    const bytes = Buffer.byteLength(name);
    if (this.#nameBytes + bytes > NAMES_BYTES + this.#options.maxCount * NAME_BYTES)
      throw new Refusal("the names in the archive are too long together");
    this.#nameBytes += bytes;
  }

  /** Throws a `Refusal` for a name that differs from an earlier one by its case only: the two would be one file. */
  checkSpelling(names: readonly string[]): void {
    if (this.#options.platform === "linux") return;
    const path = names.join("/");
    const key = foldNames(names, this.#options.platform);
    const before = this.#spelled.get(key);
    if (before !== undefined && before !== path)
      throw new Refusal("another name differs from it by its case only");
    if (before === undefined) this.#hold(ENTRY_BYTES + 2 * path.length);
    this.#spelled.set(key, path);
  }

  addLink(link: Link): void {
    const { name, target } = link.member;
    this.#hold(ENTRY_BYTES + 2 * (name.length + target.length));
    this.#links.push(link);
  }

  addDirectory(path: string, allowed: number): void {
    this.#hold(ENTRY_BYTES + 2 * path.length);
    this.#directories.set(path, { allowed, member: undefined });
  }

  /** The archive has this directory as a member, too. */
  describeDirectory(path: string, member: Member): void {
    const made = this.#directories.get(path);
    if (made !== undefined) this.#directories.set(path, { ...made, member });
  }

  addFile(names: readonly string[]): void {
    const before = this.#files.size;
    this.#files.add(numberOf(names));
    if (this.#files.size > before) this.#hold(FILE_BYTES);
  }

  hasFile(names: readonly string[]): boolean {
    return this.#files.has(numberOf(names));
  }

  close(): void {
    this.#share?.close();
  }

  #hold(bytes: number): void {
    this.#held += bytes;
    if (!this.#isGivenUp) this.#share?.hold(this.#held);
  }

  /** What was placed stays. Links are not made, and directories don't get their modes and times. */
  #giveUp(): void {
    this.#isGivenUp = true;
    this.#links = [];
    for (const table of [this.#directories, this.#files, this.#spelled]) table.clear();
  }
}

/**
 * A number that takes far less memory than the path. An archive that finds two paths of one number can have a file copied that lay there
 * before, to another name below the same directory.
 */
function numberOf(names: readonly string[]): number {
  return createHash("sha256").update(names.join("/")).digest().readUIntBE(0, 6);
}
