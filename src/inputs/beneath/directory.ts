import {
  chmodSync,
  closeSync,
  constants,
  type Dirent,
  existsSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmdirSync,
  type Stats,
  symlinkSync,
  unlinkSync,
  utimesSync,
} from "node:fs";
import { join } from "node:path";
import { codeOf, isRecord } from "../../values.ts";

/** A name is a link where none is followed. */
export class LinkError extends Error {}
/** What stands under a name is neither a regular file nor a link. */
export class NotRegular extends Error {}

/** Windows has neither `O_DIRECTORY` nor `O_NOFOLLOW`. */
const { O_DIRECTORY = 0, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants as Partial<typeof constants>;
/**
 * On Linux a directory is held without being opened for reading (open(2), `O_PATH`), so it need not be readable. Node.js has no name for
 * the flag. It has this value on each architecture of Linux that Node.js runs on.
 */
const O_PATH = 0o10000000;
const IS_LINUX = process.platform === "linux" && existsSync("/proc/self/fd");
/** A pipe is not waited for: it is refused once it is open. */
const READ = constants.O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
const APPEND = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | O_NOFOLLOW | O_NONBLOCK;
const CREATE = constants.O_WRONLY | constants.O_CREAT | O_NOFOLLOW;

/** How the calls of the system name what is in a directory. */
type Naming =
  /** By the descriptor of the directory: `/proc/self/fd/N/NAME`. */
  | "descriptor"
  /** By its path, and the path is compared with the descriptor at each call. */
  | "path";

/**
 * A directory that is held open. What is in it is named by one name at a time, and no link is followed at that name. On Linux a name is
 * looked up in the directory that is held, wherever that is moved meanwhile and whatever takes its place. On other systems the path of the
 * directory is compared with the directory that is held, before each call, and after each call that opens something.
 */
export class Directory {
  /** Its path without links, as it was when the directory was opened. */
  readonly path: string;
  readonly #fd: number;
  readonly #naming: Naming;
  #isOpen = true;

  private constructor(path: string, fd: number, naming: Naming) {
    this.path = path;
    this.#fd = fd;
    this.#naming = naming;
  }

  /** Opens a directory by a path that is followed as it is, links included: nobody who may not choose a file may choose this path. */
  static open(path: string, naming: Naming = IS_LINUX ? "descriptor" : "path"): Directory {
    const fd = openSync(path, hold(naming));
    const root = new Directory(realpathSync.native(path), fd, naming);
    return root.#closeUnless(() => void root.#self());
  }

  /** The same directory, held once more. */
  again(): Directory {
    return new Directory(this.path, openSync(this.#self(), hold(this.#naming)), this.#naming);
  }

  openDirectory(name: string): Directory {
    const path = this.#at(name);
    const fd = this.#call(name, () => openSync(path, hold(this.#naming) | O_NOFOLLOW));
    const directory = new Directory(join(this.path, name), fd, this.#naming);
    return directory.#closeUnless(() => {
      if (!fstatSync(fd).isDirectory()) throw new NotRegular(`${directory.path} is no directory`);
      this.#compare(name, fd);
    });
  }

  /** Makes a directory, with this mode as far as the umask allows it. */
  makeDirectory(name: string, mode = 0o777): void {
    this.#call(name, () => mkdirSync(this.#at(name), { mode }));
  }

  /** A descriptor for reading a regular file. */
  openFile(name: string): number {
    const path = this.#at(name);
    return this.#checkFile(
      name,
      this.#call(name, () => openSync(path, READ)),
    );
  }

  /** A descriptor for writing a file from its beginning. Makes it when it is missing, with this mode as far as the umask allows it. */
  openToWrite(name: string, mode: number): number {
    const path = this.#at(name);
    const opened = this.#call(name, () => openSync(path, CREATE | O_NONBLOCK, mode));
    const fd = this.#checkFile(name, opened);
    ftruncateSync(fd);
    return fd;
  }

  /** A descriptor for reading a file and writing at its end. Makes it when it is missing, with this mode as far as the umask allows it. */
  openToAppend(name: string, mode: number): number {
    const path = this.#at(name);
    return this.#checkFile(
      name,
      this.#call(name, () => openSync(path, APPEND, mode)),
    );
  }

  /** A descriptor for writing a new file of a name that nothing has, with this mode as far as the umask allows it. */
  createFile(name: string, mode: number): number {
    const path = this.#at(name);
    const fd = this.#call(name, () => openSync(path, CREATE | constants.O_EXCL, mode));
    try {
      this.#compare(name, fd);
      return fd;
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** What stands under a name, without following a link; undefined when nothing does. */
  look(name: string): Stats | undefined {
    return this.#call(name, () => lstatSync(this.#at(name), { throwIfNoEntry: false }));
  }

  readLink(name: string): Buffer {
    return this.#call(name, () => readlinkSync(this.#at(name), "buffer"));
  }

  makeLink(name: string, target: string): void {
    this.#call(name, () => symlinkSync(target, this.#at(name)));
  }

  list(): Dirent[] {
    return this.#call("", () => readdirSync(this.#self(), { withFileTypes: true }));
  }

  /** Renames a file, link or directory. A file or link of the new name is replaced, and a directory only by a directory when it is empty. */
  rename(name: string, to: Directory, newName: string): void {
    this.#call(name, () => renameSync(this.#at(name), to.#at(newName)));
  }

  /** Removes a file or a link. */
  remove(name: string): void {
    this.#call(name, () => unlinkSync(this.#at(name)));
  }

  /** Removes what stands under a name, and all below it. Nothing has to stand there. */
  removeAll(name: string): void {
    const found = this.look(name);
    if (found?.isDirectory() === true) {
      const directory = this.openDirectory(name);
      try {
        for (const each of directory.list()) directory.removeAll(each.name);
      } finally {
        directory.close();
      }
      this.#call(name, () => rmdirSync(this.#at(name)));
    } else if (found !== undefined) this.remove(name);
  }

  /** What is known of the directory itself. */
  stat(): Stats {
    return fstatSync(this.#fd);
  }

  setMode(mode: number): void {
    this.#call("", () => chmodSync(this.#self(), mode));
  }

  setTimes(accessed: Date, modified: Date): void {
    this.#call("", () => utimesSync(this.#self(), accessed, modified));
  }

  setLinkTimes(name: string, accessed: Date, modified: Date): void {
    this.#call(name, () => lutimesSync(this.#at(name), accessed, modified));
  }

  close(): void {
    if (this.#isOpen) closeSync(this.#fd);
    this.#isOpen = false;
  }

  /** The path by which the system finds the directory that is held. */
  #self(): string {
    if (this.#naming === "descriptor") return `/proc/self/fd/${this.#fd}`;
    if (realpathSync.native(this.path) !== this.path || !isSame(this.#fd, this.path))
      throw new LinkError(`${this.path} was changed meanwhile`);
    return this.path;
  }

  #at(name: string): string {
    const isName = name !== "" && name !== "." && name !== ".." && !/[/\0]/.test(name);
    if (!isName || (process.platform === "win32" && /[\\:]/.test(name)))
      throw new Error(`${JSON.stringify(name)} is not the name of a file`);
    return join(this.#self(), name);
  }

  #checkFile(name: string, fd: number): number {
    try {
      if (!fstatSync(fd).isFile()) throw notRegular();
      this.#compare(name, fd);
      return fd;
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** Where a name is looked up by a path: fails unless it still names what was opened, and is no link. */
  #compare(name: string, fd: number): void {
    if (this.#naming === "path" && !isSame(fd, this.#at(name)))
      throw new LinkError(`${join(this.path, name)} is a symbolic link, or was changed meanwhile`);
  }

  #closeUnless(check: () => void): this {
    try {
      check();
      return this;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #call<T>(name: string, act: () => T): T {
    try {
      return act();
    } catch (error) {
      return this.#fail(name, error);
    }
  }

  /** Rejects with an error that names the path in place of the descriptor. */
  #fail(name: string, error: unknown): never {
    const code = codeOf(error);
    if ((code === "ENOTDIR" || code === "ELOOP") && name !== "" && this.look(name)?.isSymbolicLink() === true)
      throw new LinkError(`${join(this.path, name)} is a symbolic link`, { cause: error });
    const message = isRecord(error) ? error["message"] : undefined;
    if (this.#naming === "descriptor" && isRecord(error) && typeof message === "string")
      Object.assign(error, { message: message.replaceAll(`/proc/self/fd/${this.#fd}`, this.path) });
    throw error;
  }
}

function hold(naming: Naming): number {
  return O_DIRECTORY | (naming === "descriptor" ? O_PATH : constants.O_RDONLY);
}

function notRegular(): Error {
  return new NotRegular("it is not a regular file");
}

/** Whether a path names what a descriptor has open, and is no link. */
function isSame(fd: number, path: string): boolean {
  const [held, found] = [fstatSync(fd, { bigint: true }), lstatSync(path, { bigint: true })];
  return held.dev === found.dev && held.ino === found.ino;
}
