import type { Fact } from "./artifacts/facts.ts";
import type { UnpackedArchive } from "./artifacts/unpack-archive.ts";
import { copyText } from "../values.ts";
import { Failure } from "../errors.ts";
import type { Artifacts } from "../inputs/inputs.ts";
import { harmlessLine } from "./show/sanitise.ts";

/** Which of a job's artifacts were brought back. */
export interface ArtifactsReport {
  /** How many files and links were brought back. */
  readonly count: number;
  readonly bytes: number;
  /** The artifacts' directory as messages name it. */
  readonly directory: string;
  /** The absolute path of that directory. */
  readonly path: string;
  /** The absolute path of the directory in it that holds this task's artifacts. It is `path` when the inputs allow only one task. */
  readonly taskPath: string;
  /** Sanitised sentences about what is missing, and why. */
  readonly problems: readonly string[];
  /** A sanitised sentence about files whose names begin with a dot and that no glob names; undefined when there were none. */
  readonly leftOut?: string | undefined;
}

/** The most names in a sentence, and the most sentences. */
const MOST_NAMES = 5;
const MOST_SENTENCES = 5;
const LONGEST_NAME = 200;
/** The most characters that all held names have together. Files listed beyond that are only counted. */
export const MOST_NAMED = 16 * 1024 * 1024;

/** What is told of, and its limits. */
export interface MissingOptions extends Pick<Artifacts, "globs" | "maxCount"> {
  /** The beginning of a sentence: it did not come whole. */
  readonly notWhole: string;
  /** What the limits allow, as the end of a sentence. */
  readonly limits: string;
}

/** What `MissingArtifacts` tells of the artifacts of a job. */
export function ofArtifacts({
  globs,
  maxCount,
  maxBytes,
}: Pick<Artifacts, "globs" | "maxCount" | "maxBytes">): MissingOptions {
  const limits = `at most ${maxCount} come, and 'artifacts-max-size' allows ${maxBytes} bytes`;
  return { globs, maxCount, notWhole: "The artifacts did not come whole", limits };
}

/** Collects what is missing of the artifacts. */
export class MissingArtifacts {
  readonly #artifacts: MissingOptions;
  /** The size of each file that is still to come, by its name. */
  readonly #listed = new Map<string, number>();
  /** The characters of all names in `#listed`. */
  #named = 0;
  /** How many files without an entry in `#listed` are still to come. */
  #unnamed = 0;
  readonly #sentences: string[] = [];
  #more = 0;
  readonly #leftOut: string[] = [];
  #moreLeftOut = 0;
  #end: Extract<Fact, { kind: "end" }> | undefined;
  #why: string | undefined;
  #isEmpty = true;

  constructor(artifacts: MissingOptions) {
    this.#artifacts = artifacts;
  }

  /** The characters of the names that are held, and how many there are. */
  get held(): { readonly chars: number; readonly count: number } {
    return { chars: this.#named, count: this.#listed.size };
  }

  /** Forgets the names of the files that are still to come. They are only counted from now on. */
  forgetNames(): void {
    this.#unnamed += this.#listed.size;
    this.#listed.clear();
    this.#named = 0;
  }

  /** Takes a fact that the container has sent about the artifacts. */
  take(fact: Exclude<Fact, { kind: "part" | "no-part" }>): void {
    this.#isEmpty = false;
    switch (fact.kind) {
      case "none": {
        const pattern = this.#artifacts.globs[fact.glob]?.pattern;
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
          `${fact.count} files or directories with ${fact.bytes} bytes, the largest ones, were left out${namesOf(fact)}: ${this.#artifacts.limits}.`,
        );
        break;
      case "end":
        this.#end = fact;
        break;
      case "cut":
        this.noteLoss("the time for packing them was over");
        break;
      case "lacking":
        this.noteLoss(`the image lacks ${harmlessLine(fact.what, LONGEST_NAME)}`);
        break;
    }
  }

  /** Records that the artifacts can't come whole. The first reason counts. */
  noteLoss(why: string): void {
    this.#why ??= why;
  }

  /** Records that a file was not unpacked. */
  noteRefused(name: string, why: string): void {
    this.#strike(name);
    this.#say(`${quoteName(name)} was not unpacked: ${harmlessLine(why, LONGEST_NAME)}.`);
  }

  /** Records that a file was left out, because its name begins with a dot and no glob names it. */
  noteLeftOut(name: string): void {
    this.#strike(name);
    if (this.#leftOut.length < MOST_NAMES) this.#leftOut.push(copyText(harmlessLine(name, LONGEST_NAME)));
    else this.#moreLeftOut += 1;
  }

  leftOut(): string | undefined {
    if (this.#leftOut.length === 0) return undefined;
    const more = this.#moreLeftOut === 0 ? "" : ` and ${this.#moreLeftOut} more`;
    const isOne = this.#leftOut.length === 1;
    return `Artifacts left out: ${this.#leftOut.join(", ")}${more}, as no line of 'artifacts' names ${isOne ? "it" : "them"}.`;
  }

  /** Records that a file was unpacked. */
  noteUnpacked(name: string): void {
    this.#strike(name);
  }

  /** All that is missing, in sentences. `unpacked` is the result of the unpacking, or the reason why there was none. */
  problems(unpacked: UnpackedArchive | string | undefined): readonly string[] {
    if (unpacked === undefined && this.#isEmpty) this.noteLoss("the container did not send them");
    else if (typeof unpacked === "string") this.noteLoss(harmlessLine(unpacked, LONGEST_NAME));
    else if (unpacked?.stopped !== undefined) this.noteLoss(harmlessLine(unpacked.stopped, LONGEST_NAME));
    else if (this.#end === undefined) this.noteLoss("the container did not send all of them");
    else if (unpacked !== undefined && !isWhole(unpacked, this.#end))
      this.noteLoss("the archive is not what the container has sent");
    const more = this.#more === 0 ? [] : [`… and ${this.#more} more of this kind.`];
    return [...this.#sentences, ...more, ...(this.#why === undefined ? [] : [this.#lost(this.#why)])];
  }

  #lost(why: string): string {
    const names = [...this.#listed].slice(0, MOST_NAMES);
    const shown = names.map(([name, size]) => `${quoteName(name)} (${size} bytes)`).join(", ");
    const left = this.#listed.size - names.length + this.#unnamed;
    const more = left === 0 ? "" : names.length === 0 ? `${left} files` : ` and ${left} more`;
    const which = shown + more === "" ? "" : ` Missing: ${shown}${more}.`;
    return `${this.#artifacts.notWhole}: ${why}.${which}`;
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

  /** Removes a file from those to come: it has come, or a sentence says why not. */
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

/** The first names of what the limits have left out, and how many more there are, in brackets. */
function namesOf({ count, names }: Extract<Fact, { kind: "over" }>): string {
  const shown = names.slice(0, MOST_NAMES);
  const more = count > shown.length ? ` and ${count - shown.length} more` : "";
  return shown.length === 0 ? "" : ` (${shown.map(quoteName).join(", ")}${more})`;
}

function quoteName(name: string): string {
  return `'${harmlessLine(name, LONGEST_NAME)}'`;
}

/** The failure of a step that lacks artifacts while `artifacts-missing` is `error`. */
export function artifactsMissing({ problems }: Pick<ArtifactsReport, "problems">): Failure {
  return new Failure("artifacts-missing", {
    failed: "Artifacts are missing, and 'artifacts-missing' is 'error'.",
    seen: problems.join(" "),
    advice: "Let the script write what 'artifacts' names, or set 'artifacts-missing' to 'warn'.",
  });
}
