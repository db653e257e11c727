import { closeSync, fstatSync, futimesSync, writeFileSync } from "node:fs";
import { type Directory, LinkError } from "../../inputs/beneath/directory.ts";
import { whyGitForbids } from "../../inputs/beneath/git-repository.ts";
import { readChunks } from "../../inputs/beneath/read-chunks.ts";
import { Way } from "../../inputs/beneath/way.ts";
import type { Clock } from "../../clock.ts";
import { messageOf } from "../../errors.ts";
import { ArchiveMemory, type ArchiveMemoryOptions, type MadeDirectory } from "./archive-memory.ts";
import { type Link, Links } from "./links.ts";
import { namesOf, whyTooLong } from "./names.ts";
import { reasonOf, Refusal } from "./refusal.ts";
import { codeOf } from "../../values.ts";
import { Steps } from "./steps.ts";
import { type Member, timesOf } from "./tar.ts";

/** What this user needs to remove a directory with all that it holds. */
const REMOVABLE = 0o700;

export interface UnpackerOptions extends ArchiveMemoryOptions {
  /** The unpacker closes it when it has finished. */
  readonly root: Directory;
  readonly maxBytes: number;
  readonly clock: Pick<Clock, "now" | "turn" | "random">;
  /** After this only little more is unpacked. */
  readonly cancel?: AbortSignal | undefined;
  /** Throws a `Refusal` for a member that must not be placed. */
  readonly check?: (names: readonly string[], member: Member) => void;
  /** Called for each member that was not placed, with its name in the archive. */
  readonly onRefused: (name: string, why: string) => void;
  /** Called for each file and link that was placed. */
  readonly onPlaced: (name: string, size: number) => void;
}

/** A limit of the inputs was hit: nothing more is unpacked. */
export class LimitHit extends Error {}

/**
 * Places the members of an archive, which may be hostile, below one directory and nowhere else. Links are made at the end, so no member is
 * written through a link of the archive. None is written through a link that was there before, either. A member replaces a file or link of
 * its name, but never a directory.
 */
export class Unpacker {
  readonly #options: UnpackerOptions;
  readonly #way: Way;
  readonly #steps: Steps;
  readonly #memory: ArchiveMemory;
  #count = 0;
  #bytes = 0;

  constructor(options: UnpackerOptions) {
    this.#options = options;
    this.#way = new Way(options.root);
    this.#steps = new Steps(options.cancel, options.clock);
    this.#memory = new ArchiveMemory(options);
  }

  /** Places a file or a directory, and keeps a link for the end. Fails with `LimitHit`, or when the archive can't be read. */
  async add(member: Member, content: AsyncIterable<Buffer>): Promise<void> {
    const { maxCount, maxBytes, onRefused } = this.#options;
    if (this.#memory.isGivenUp) throw new Error("its names take more memory than a step has for them");
    this.#count += 1;
    this.#bytes += member.size;
    if (this.#count > maxCount) throw new LimitHit(`the limit of ${maxCount} files, links and directories`);
    if (this.#bytes > maxBytes) throw new LimitHit("'artifacts-max-size'");
    this.#steps.addMember();
    await this.#steps.letOthersGoOn();
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
    try {
      await this.#makeLinks();
      for (const [path, made] of [...this.#memory.directories].reverse()) {
        await this.#steps.letOthersGoOn();
        this.#finishDirectory(path, made);
      }
    } finally {
      this.#way.close();
      this.#memory.close();
    }
  }

  async #makeLinks(): Promise<void> {
    if (this.#memory.links.length === 0) return;
    const { root, platform, onPlaced } = this.#options;
    const links = new Links(root, this.#steps, platform, (names, make) => this.#putInPlace(names, make));
    try {
      // All old links go first, because one in the place of a later link may be on the way of an earlier one.
      const free = await this.#attempt(this.#memory.links, ({ names }) => links.removeOld(names));
      const made = await this.#attempt(free, (link) => links.make(link));
      for (const { member } of await this.#attempt(made, (link) => links.checkMade(link)))
        onPlaced(member.name, 0);
    } finally {
      links.close();
    }
  }

  #finishDirectory(path: string, { member, allowed }: MadeDirectory): void {
    if (member === undefined) return;
    try {
      const directory = this.#way.enter(path.split("/"), (above, name) => {
        this.#steps.take();
        return above.openDirectory(name);
      });
      directory.setTimes(...timesOf(member));
      directory.setMode((member.mode & allowed) | REMOVABLE);
    } catch (error) {
      // Another process has put something else in its place.
      if (!(error instanceof LinkError) && codeOf(error) !== "ENOTDIR") throw error;
    }
  }

  /** Calls `act` for each of these links. Returns those for which it succeeded, and refuses the others. */
  async #attempt(
    links: readonly Link[],
    act: (link: Link) => Promise<void> | void,
  ): Promise<readonly Link[]> {
    const done: Link[] = [];
    for (const link of links) {
      await this.#steps.letOthersGoOn();
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
    if (member.notUtf8 !== undefined) throw new Refusal(`its ${member.notUtf8} is not UTF-8`);
    const long = whyTooLong(member.name) ?? whyTooLong(member.target);
    if (long !== undefined) throw new Refusal(long);
    const names = namesOf(member.name, platform);
    if (typeof names === "string") throw new Refusal(names);
    if (names.length === 0) return;
    this.#memory.holdName(`${member.name}${member.target}`);
    this.#memory.checkSpelling(names);
    this.#options.check?.(names, member);
    // Before a directory is made for it.
    if (member.kind !== "directory")
      this.#checkRepository(undefined, names.at(-1) ?? "", { isDirectory: false });
    switch (member.kind) {
      case "directory":
        this.#enter(names, member);
        return;
      case "symlink":
        this.#memory.addLink({ names, member });
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

  /** This directory, which is made when it is missing. Each name on the way has to be a directory, and no link to one. */
  #enter(names: readonly string[], member?: Member): Directory {
    const directory = this.#way.enter(names, (above, name, depth) =>
      this.#openOrMake(above, name, names.slice(0, depth + 1).join("/")),
    );
    if (member !== undefined) this.#memory.describeDirectory(names.join("/"), member);
    return directory;
  }

  #openOrMake(above: Directory, name: string, path: string): Directory {
    this.#steps.take();
    this.#checkRepository(above, name, { isDirectory: true });
    try {
      return above.openDirectory(name);
    } catch (error) {
      if (codeOf(error) === "ENOTDIR") throw new Refusal(`${above.path}/${name} is no directory`);
      if (codeOf(error) !== "ENOENT") throw error;
    }
    this.#memory.holdName(path);
    above.makeDirectory(name);
    const directory = above.openDirectory(name);
    const allowed = directory.stat().mode & 0o777;
    if ((allowed & REMOVABLE) !== REMOVABLE) directory.setMode(allowed | REMOVABLE);
    this.#memory.addDirectory(path, allowed);
    return directory;
  }

  async #write(names: readonly string[], member: Member, content: AsyncIterable<Buffer>): Promise<void> {
    await this.#putFile(names, member, async (file) => {
      for await (const bytes of content) writeFileSync(file, bytes);
    });
    this.#memory.addFile(names);
  }

  /** A hard link becomes a file of its own, with the content of a file that this archive has brought. */
  async #copy(names: readonly string[], member: Member): Promise<void> {
    const { platform, maxBytes } = this.#options;
    const from = namesOf(member.target, platform);
    if (typeof from === "string" || !this.#memory.hasFile(from))
      throw new Refusal("it is a hard link to what is no file of the archive");
    const source = this.#enter(from.slice(0, -1)).openFile(from.at(-1) ?? "");
    try {
      this.#bytes += fstatSync(source).size;
      if (this.#bytes > maxBytes) throw new LimitHit("'artifacts-max-size'");
      await this.#putFile(names, member, async (file) => {
        for await (const bytes of readChunks(source, this.#options.clock)) writeFileSync(file, bytes);
      });
    } finally {
      closeSync(source);
    }
  }

  /** A file gets its name when it is whole. It is made with its mode, from which the system takes what the umask forbids. */
  async #putFile(
    names: readonly string[],
    member: Member,
    fill: (file: number) => Promise<void>,
  ): Promise<void> {
    await this.#putInPlace(names, async (directory, temporary) => {
      const file = directory.createFile(temporary, member.mode);
      try {
        await fill(file);
        futimesSync(file, ...timesOf(member));
      } finally {
        closeSync(file);
      }
    });
  }

  /** Makes a file or link under a name that nothing has, and renames it. */
  async #putInPlace(
    names: readonly string[],
    make: (directory: Directory, temporary: string) => Promise<void> | void,
  ): Promise<void> {
    const directory = this.#enter(names.slice(0, -1));
    const temporary = `.fargate-exec-${this.#options.clock.random.bytes(8).toString("hex")}`;
    const name = names.at(-1) ?? "";
    this.#checkRepository(directory, name, { isDirectory: false });
    try {
      await make(directory, temporary);
      moveTo(directory, temporary, name);
    } catch (error) {
      if (directory.look(temporary) !== undefined) directory.remove(temporary);
      throw error;
    }
  }

  /** The container is not to decide what git runs in a later step. */
  #checkRepository(
    directory: Directory | undefined,
    name: string,
    { isDirectory }: { readonly isDirectory: boolean },
  ): void {
    const why = whyGitForbids(directory, name, { isDirectory, platform: this.#options.platform });
    if (why !== undefined) throw new Refusal(why);
  }
}

function moveTo(directory: Directory, temporary: string, name: string): void {
  try {
    directory.rename(temporary, directory, name);
  } catch (error) {
    if (directory.look(name)?.isDirectory() === true) throw new Refusal("a directory stands in its place");
    throw error;
  }
}
