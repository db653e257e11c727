import { randomBytes } from "node:crypto";
import { constants, lstatSync, mkdirSync } from "node:fs";
import { chmod, copyFile, lutimes, open, rename, rm, stat, symlink, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { messageOf } from "../errors.ts";
import { foldNames, namesOf, whyLinkLeadsOut, whyTooLong } from "./names.ts";
import { checkDirectory, reasonOf, Refusal, statOf } from "./refusal.ts";
import type { Member } from "./tar.ts";

const NEW = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** The most bytes of all names that are held: `NAMES_BYTES`, and `NAME_BYTES` more for each file that the inputs allow. */
const NAMES_BYTES = 1024 * 1024;
const NAME_BYTES = 1024;
/** The most names on the way from a link to what it leads to, those of other links included. */
const LONGEST_WAY = 512;
/** No system follows more links than these in one path: Linux 40 (path_resolution(7)), Windows 63. */
const MOST_LINKS = 63;

export interface UnpackerOptions {
  /** An existing directory, by a path without links. */
  readonly root: string;
  readonly maxCount: number;
  readonly maxBytes: number;
  readonly platform: NodeJS.Platform;
  /** Called for each member that was not placed, with its name in the archive. */
  readonly onRefused: (name: string, why: string) => void;
  /** Called for each file and link that was placed. */
  readonly onPlaced: (name: string, size: number) => void;
}

/** A limit of the inputs was hit: nothing more is unpacked. */
export class LimitHit extends Error {}

interface Link {
  readonly names: readonly string[];
  readonly member: Member;
}

/**
 * Places the members of an archive, which may be hostile, below one directory and nowhere else. Links are made at the end, so no member is
 * written through a link of the archive. None is written through a link that was there before, either. A member replaces a file or link of
 * its name, but never a directory.
 */
export class Unpacker {
  readonly #options: UnpackerOptions;
  readonly #links: Link[] = [];
  readonly #directories = new Map<string, Member | undefined>();
  readonly #files = new Set<string>();
  /** The targets of the links that were made, by the paths of the links. */
  readonly #madeLinks = new Map<string, string>();
  readonly #spelled = new Map<string, string>();
  #count = 0;
  #bytes = 0;
  #nameBytes = 0;

  constructor(options: UnpackerOptions) {
    this.#options = options;
  }

  /** Places a file or a directory, and keeps a link for the end. Fails with `LimitHit`, or when the archive can't be read. */
  async add(member: Member, content: AsyncIterable<Buffer>): Promise<void> {
    const { maxCount, maxBytes, onRefused } = this.#options;
    this.#count += 1;
    this.#bytes += member.size;
    if (this.#count > maxCount) throw new LimitHit("artifacts-max-count");
    if (this.#bytes > maxBytes) throw new LimitHit("artifacts-max-size");
    try {
      await this.#place(member, content);
    } catch (error) {
      const why = reasonOf(error);
      if (why === undefined) throw error;
      onRefused(member.name, why);
    }
  }

  /** Makes the links, then gives the directories their modes and times. */
  async finish(): Promise<void> {
    // All old links go first, because one in the place of a later link may be on the way of an earlier one.
    const free = await this.#attempt(this.#links, ({ names }) => this.#removeOldLink(names));
    const made = await this.#attempt(free, (link) => this.#makeLink(link));
    for (const { member } of await this.#attempt(made, (link) => this.#checkMade(link)))
      this.#options.onPlaced(member.name, 0);
    for (const [path, member] of [...this.#directories].reverse()) {
      if (member === undefined || !lstatSync(path).isDirectory()) continue;
      await utimes(path, ...timesOf(member));
      await chmod(path, member.mode);
    }
  }

  /** Calls `act` for each of these links. Returns those for which it succeeded, and refuses the others. */
  async #attempt(links: readonly Link[], act: (link: Link) => Promise<void>): Promise<readonly Link[]> {
    const done: Link[] = [];
    for (const link of links) {
      try {
        await act(link);
        done.push(link);
      } catch (error) {
        this.#options.onRefused(link.member.name, reasonOf(error) ?? messageOf(error));
      }
    }
    return done;
  }

  async #place(member: Member, content: AsyncIterable<Buffer>): Promise<void> {
    const { platform, onPlaced } = this.#options;
    const long = whyTooLong(member.name) ?? whyTooLong(member.target);
    if (long !== undefined) throw new Refusal(long);
    const names = namesOf(member.name, platform);
    if (typeof names === "string") throw new Refusal(names);
    if (names.length === 0) return;
    this.#holdName(`${member.name}${member.target}`);
    this.#checkSpelling(names);
    switch (member.kind) {
      case "directory":
        this.#enter(names, member);
        return;
      case "symlink":
        this.#links.push({ names, member });
        return;
      case "file":
        await this.#write(names, member, content);
        break;
      case "hard-link":
        await this.#copy(names, member);
        break;
      case "other":
        throw new Refusal("it is no file, directory or link");
    }
    onPlaced(member.name, member.size);
  }

  /** Counts a name that is held to the end. */
  #holdName(name: string): void {
    const bytes = Buffer.byteLength(name);
    if (this.#nameBytes + bytes > NAMES_BYTES + this.#options.maxCount * NAME_BYTES)
      throw new Refusal("the names in the archive are too long together");
    this.#nameBytes += bytes;
  }

  /** Refuses a name that differs from an earlier one by its case only: the two would be one file. */
  #checkSpelling(names: readonly string[]): void {
    if (this.#options.platform === "linux") return;
    const path = names.join("/");
    const key = foldNames(names, this.#options.platform);
    const before = this.#spelled.get(key);
    if (before !== undefined && before !== path)
      throw new Refusal("another name differs from it by its case only");
    this.#spelled.set(key, path);
  }

  /** Makes this directory when it is missing, and returns its path. Each name on the way has to be a directory, and no link to one. */
  #enter(names: readonly string[], member?: Member): string {
    let path = this.#options.root;
    checkDirectory(path, statOf(path));
    names.forEach((name, i) => {
      path = join(path, name);
      const found = statOf(path);
      if (found === undefined) {
        this.#holdName(path);
        mkdirSync(path);
        this.#directories.set(path, undefined);
      } else checkDirectory(path, found);
      if (i === names.length - 1 && member !== undefined && this.#directories.has(path))
        this.#directories.set(path, member);
    });
    return path;
  }

  /** A file gets its name when it is whole. */
  async #write(names: readonly string[], member: Member, content: AsyncIterable<Buffer>): Promise<void> {
    await this.#putInPlace(names, async (temporary) => {
      const file = await open(temporary, NEW, 0o600);
      try {
        for await (const bytes of content) await file.writeFile(bytes);
        await file.chmod(member.mode);
        await file.utimes(...timesOf(member));
      } finally {
        await file.close();
      }
    });
    this.#files.add(names.join("/"));
  }

  /** A hard link becomes a file of its own, with the content of a file that this archive has brought. */
  async #copy(names: readonly string[], member: Member): Promise<void> {
    const { target, mode } = member;
    const { root, platform, maxBytes } = this.#options;
    const from = namesOf(target, platform);
    if (typeof from === "string" || !this.#files.has(from.join("/")))
      throw new Refusal("it is a hard link to what is no file of the archive");
    const source = join(this.#enter(from.slice(0, -1)), from.at(-1) ?? "");
    if (statOf(source)?.isFile() !== true) throw new Refusal(`${root} was changed meanwhile`);
    this.#bytes += (await stat(source)).size;
    if (this.#bytes > maxBytes) throw new LimitHit("artifacts-max-size");
    await this.#putInPlace(names, async (temporary) => {
      await copyFile(source, temporary, constants.COPYFILE_EXCL);
      await chmod(temporary, mode);
      await utimes(temporary, ...timesOf(member));
    });
  }

  /** Removes a link that was there before, when this archive has a link in its place. */
  async #removeOldLink(names: readonly string[]): Promise<void> {
    let path = this.#options.root;
    for (const [i, name] of names.entries()) {
      path = join(path, name);
      const found = statOf(path);
      if (i < names.length - 1 ? found?.isDirectory() !== true : found?.isSymbolicLink() !== true) return;
    }
    await rm(path, { force: true });
  }

  async #makeLink({ names, member }: Link): Promise<void> {
    const { target } = member;
    const why = whyLinkLeadsOut(target, names.length - 1, this.#options.platform);
    if (why !== undefined) throw new Refusal(why);
    const path = join(this.#options.root, ...names);
    this.#checkWay(path, target);
    await this.#putInPlace(names, async (temporary) => {
      await symlink(target, temporary);
      await lutimes(temporary, ...timesOf(member));
    });
    this.#madeLinks.set(path, target);
  }

  /** Removes a link that leads through one that was there before. By now all links on its way are made. */
  async #checkMade({ names, member }: Link): Promise<void> {
    const path = join(this.#options.root, ...names);
    // Of several links with one name the last one counts.
    if (this.#madeLinks.get(path) !== member.target) return;
    try {
      this.#checkWay(path, member.target);
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
  }

  /**
   * Refuses a link whose way to its target passes a link that was there before. It may pass links of this archive, because those stay
   * inside. A link that leads in a circle through links of this archive leads nowhere, so it is allowed.
   */
  #checkWay(link: string, target: string): void {
    let path = dirname(link);
    let links = 0;
    const left = target.split("/").reverse();
    for (let steps = 0, name = left.pop(); name !== undefined; name = left.pop()) {
      if (++steps > LONGEST_WAY) throw new Refusal("it is a link through too many others");
      path = join(path, name);
      if (statOf(path)?.isSymbolicLink() !== true) continue;
      const next = this.#madeLinks.get(path);
      if (next === undefined) throw new Refusal("it is a link through a link that was there before");
      if (++links > MOST_LINKS) return;
      path = dirname(path);
      left.push(...next.split("/").reverse());
    }
  }

  async #putInPlace(names: readonly string[], make: (temporary: string) => Promise<void>): Promise<void> {
    const directory = this.#enter(names.slice(0, -1));
    const temporary = join(directory, `.fargate-exec-${randomBytes(8).toString("hex")}`);
    const path = join(directory, names.at(-1) ?? "");
    try {
      await make(temporary);
      if (statOf(path)?.isDirectory() === true) throw new Refusal("a directory stands in its place");
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }
}

/** Both times of a member. Node.js takes a negative number for the current time, but no date. */
function timesOf({ modified }: Member): [Date, Date] {
  const time = new Date(modified * 1000);
  return [time, time];
}
