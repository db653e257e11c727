import type { Fact } from "../artifacts/facts.ts";
import type { UnpackedArchive } from "../artifacts/unpack-archive.ts";
import { copyText } from "../clipped.ts";
import { Failure } from "../errors.ts";
import type { Artifacts } from "../inputs/inputs.ts";
import { harmlessLine } from "../show/sanitise.ts";

/** What has come of a job's artifacts. */
export interface ArtifactsReport {
  /** Files and links. */
  readonly count: number;
  readonly bytes: number;
  /** The directory as messages name it, and its absolute path. */
  readonly directory: string;
  readonly path: string;
  /** The directory in it that this task's are in, or the same: an absolute path. */
  readonly taskPath: string;
  /** The files that have come, by absolute paths, when they are to be declared. */
  readonly files: readonly string[];
  /** What has not come, and why: sentences, sanitised. */
  readonly problems: readonly string[];
}

/** The most names in a sentence, and the most sentences of a kind. */
const MOST_NAMES = 5;
const MOST_SENTENCES = 5;
const LONGEST_NAME = 200;
/** The most characters of all names that are held. What is listed beyond them is only counted. */
const MOST_NAMED = 16 * 1024 * 1024;

/** Collects what is missing of the artifacts. */
export class MissingArtifacts {
  readonly #artifacts: Artifacts;
  /** What is still to come, with its size, by its name. */
  readonly #listed = new Map<string, number>();
  #named = 0;
  /** How many more are still to come. */
  #unnamed = 0;
  readonly #sentences: string[] = [];
  #more = 0;
  #end: Extract<Fact, { kind: "end" }> | undefined;
  #why: string | undefined;
  #isEmpty = true;

  constructor(artifacts: Artifacts) {
    this.#artifacts = artifacts;
  }

  /** Something that the container says. */
  take(fact: Fact): void {
    this.#isEmpty = false;
    switch (fact.kind) {
      case "none": {
        const pattern = this.#artifacts.globs?.[fact.glob]?.pattern;
        this.#say(
          `${pattern === undefined ? `Line ${fact.glob + 1} of 'artifacts'` : quoteName(pattern)} matches nothing in the container.`,
        );
        break;
      }
      case "list":
        this.#list(fact);
        break;
      case "unread":
        this.#strike(fact.name);
        this.#say(
          `${fact.name === "" ? "Files" : quoteName(fact.name)} can't be read: ${harmlessLine(fact.why, LONGEST_NAME)}.`,
        );
        break;
      case "over":
        this.#say(
          `${fact.count} files with ${fact.bytes} bytes, the largest ones, were left out: 'artifacts-max-count' allows ` +
            `${this.#artifacts.maxCount}, and 'artifacts-max-size' ${this.#artifacts.maxBytes} bytes.`,
        );
        break;
      case "part":
        break;
      case "end":
        this.#end = fact;
        break;
      case "cut":
        this.lose("the time for packing them was over");
        break;
      case "lacking":
        this.lose(`the image lacks ${harmlessLine(fact.what, LONGEST_NAME)}`);
        break;
    }
  }

  /** The artifacts can't come whole. The first reason counts. */
  lose(why: string): void {
    this.#why ??= why;
  }

  refuse(name: string, why: string): void {
    this.#strike(name);
    this.#say(`${quoteName(name)} was not unpacked: ${harmlessLine(why, LONGEST_NAME)}.`);
  }

  place(name: string): void {
    this.#strike(name);
  }

  /** All that is missing. `unpacked`: how the unpacking has ended, or why there was none. */
  problems(unpacked: UnpackedArchive | string | undefined): readonly string[] {
    if (unpacked === undefined && this.#isEmpty) this.lose("the container did not send them");
    else if (typeof unpacked === "string") this.lose(harmlessLine(unpacked, LONGEST_NAME));
    else if (unpacked?.stopped !== undefined) this.lose(harmlessLine(unpacked.stopped, LONGEST_NAME));
    else if (this.#end === undefined) this.lose("the container did not send all of them");
    else if (unpacked !== undefined && !isWhole(unpacked, this.#end))
      this.lose("the archive is not what the container has sent");
    const more = this.#more === 0 ? [] : [`… and ${this.#more} more of this kind.`];
    return [...this.#sentences, ...more, ...(this.#why === undefined ? [] : [this.#lost(this.#why)])];
  }

  #lost(why: string): string {
    const names = [...this.#listed].slice(0, MOST_NAMES);
    const shown = names.map(([name, size]) => `${quoteName(name)} (${size} bytes)`).join(", ");
    const left = this.#listed.size - names.length + this.#unnamed;
    const more = left === 0 ? "" : names.length === 0 ? `${left} files` : ` and ${left} more`;
    const which = shown + more === "" ? "" : ` Missing: ${shown}${more}.`;
    return `The artifacts did not come whole: ${why}.${which}`;
  }

  #list({ name, size }: Extract<Fact, { kind: "list" }>): void {
    const isHeld = this.#listed.has(name);
    if (
      !isHeld &&
      (this.#listed.size >= this.#artifacts.maxCount || this.#named + name.length > MOST_NAMED)
    ) {
      this.#unnamed += 1;
      return;
    }
    if (!isHeld) this.#named += name.length;
    this.#listed.set(name, size);
  }

  /** It has come, or a sentence says why not. */
  #strike(name: string): void {
    if (this.#listed.delete(name)) this.#named -= name.length;
    else this.#unnamed = Math.max(0, this.#unnamed - 1);
  }

  #say(sentence: string): void {
    if (this.#sentences.length < MOST_SENTENCES) this.#sentences.push(copyText(sentence));
    else this.#more += 1;
  }
}

function isWhole({ length, sha256 }: UnpackedArchive, end: Extract<Fact, { kind: "end" }>): boolean {
  return (end.sha256 === "-" || end.sha256 === sha256) && (end.length === 0 || end.length === length);
}

function quoteName(name: string): string {
  return `'${harmlessLine(name, LONGEST_NAME)}'`;
}

/** The failure of a step whose script succeeded, and whose artifacts have to be there. */
export function artifactsMissing({ problems }: Pick<ArtifactsReport, "problems">): Failure {
  return new Failure("artifacts-missing", {
    failed: "Artifacts are missing, and 'artifacts-missing' is 'error'.",
    seen: problems.join(" "),
    advice: "Let the script write what 'artifacts' names, or set 'artifacts-missing' to 'warn'.",
  });
}
