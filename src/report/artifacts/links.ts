import type { Directory } from "../../inputs/beneath/directory.ts";
import { Way } from "../../inputs/beneath/way.ts";
import { whyLinkLeadsOut } from "./names.ts";
import { Refusal } from "./refusal.ts";
import type { Steps } from "./steps.ts";
import { type Member, timesOf } from "./tar.ts";

/** The most names on the way from a link to what it leads to, those of other links included. */
const LONGEST_WAY = 512;
/** No system follows more links than these in one path: Linux 40 (path_resolution(7)), Windows 63. */
const MOST_LINKS = 63;

export interface Link {
  readonly names: readonly string[];
  readonly member: Member;
}

/** Makes something under another name in the directory of these names, and puts it into its place. */
type PutInPlace = (
  names: readonly string[],
  make: (directory: Directory, temporary: string) => void,
) => Promise<void>;

/** The links of an archive, which are made when all else is there. None leads out, or through a link that was there before. */
export class Links {
  /** Not the way on which links are put in place: links that lead to one directory share what is held open. */
  readonly #way: Way;
  readonly #steps: Steps;
  readonly #platform: NodeJS.Platform;
  readonly #putInPlace: PutInPlace;
  /** The targets of the links that were made, by the paths of the links. */
  readonly #made = new Map<string, string>();

  constructor(root: Directory, steps: Steps, platform: NodeJS.Platform, putInPlace: PutInPlace) {
    this.#way = new Way(root.again());
    [this.#steps, this.#platform, this.#putInPlace] = [steps, platform, putInPlace];
  }

  close(): void {
    this.#way.close();
  }

  /** Removes a link that was there before, when this archive has a link in its place. */
  removeOld(names: readonly string[]): void {
    if (this.#isLink(names)) this.#remove(names);
  }

  async make({ names, member }: Link): Promise<void> {
    const { target } = member;
    const why = whyLinkLeadsOut(target, names.length - 1, this.#platform);
    if (why !== undefined) throw new Refusal(why);
    this.#checkWay(names, target);
    await this.#putInPlace(names, (directory, temporary) => {
      directory.makeLink(temporary, target);
      directory.setLinkTimes(temporary, ...timesOf(member));
    });
    this.#made.set(names.join("/"), target);
  }

  /** Removes a link that leads through one that was there before. By now all links on its way are made. */
  checkMade({ names, member }: Link): void {
    // Of several links with one name the last one counts.
    if (this.#made.get(names.join("/")) !== member.target) return;
    try {
      this.#checkWay(names, member.target);
    } catch (error) {
      this.#remove(names);
      throw error;
    }
  }

  /**
   * Refuses a link whose way to its target passes a link that was there before. It may pass links of this archive, because those stay
   * inside. A link that leads in a circle through links of this archive leads nowhere, so it is allowed.
   */
  #checkWay(link: readonly string[], target: string): void {
    const way = link.slice(0, -1);
    let links = 0;
    const left = target.split("/").reverse();
    for (let steps = 0, name = left.pop(); name !== undefined; name = left.pop()) {
      this.#steps.take();
      if (++steps > LONGEST_WAY) throw new Refusal("it is a link through too many others");
      if (name === "" || name === ".") continue;
      if (name === "..") {
        if (way.pop() === undefined) throw new Refusal("it is a link that leads out of the artifacts");
        continue;
      }
      way.push(name);
      if (!this.#isLink(way)) continue;
      const next = this.#made.get(way.join("/"));
      if (next === undefined) throw new Refusal("it is a link through a link that was there before");
      if (++links > MOST_LINKS) return;
      way.pop();
      left.push(...next.split("/").reverse());
    }
  }

  #isLink(names: readonly string[]): boolean {
    const above = this.#way.tryToEnter(names.slice(0, -1), this.#open);
    return above?.look(names.at(-1) ?? "")?.isSymbolicLink() === true;
  }

  #remove(names: readonly string[]): void {
    // This step counts no more: a link that must not stay is removed, however many there were.
    this.#way.enter(names.slice(0, -1)).remove(names.at(-1) ?? "");
  }

  readonly #open = (above: Directory, name: string): Directory => {
    this.#steps.take();
    return above.openDirectory(name);
  };
}
