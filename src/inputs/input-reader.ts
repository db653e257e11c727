import { type Failure, type WordsForEach } from "../errors.ts";
import { badInput, badInputs } from "./refusals.ts";
import type { InputName } from "./names.ts";
import type { Parser } from "./parse.ts";
import type { InputSource } from "./source.ts";

/**
 * Reads inputs one by one and collects the problems, so that the user sees all of them at once. An empty input counts
 * as not given, because `${{ inputs.x }}` is empty in a workflow or action whose caller does not give `x`.
 */
export class InputReader {
  readonly source: InputSource;
  readonly #problems: Failure[] = [];

  constructor(source: InputSource) {
    this.source = source;
  }

  /** The input byte for byte. */
  raw(name: InputName): string {
    return this.source.get(name);
  }

  text(name: InputName): string {
    return this.raw(name).trim();
  }

  isGiven(name: InputName): boolean {
    return this.text(name) !== "";
  }

  /** The parsed input; undefined when it is not given, or not valid, which is noted as a problem. */
  optional<T>(name: InputName, parse: Parser<T>): T | undefined {
    return this.isGiven(name) ? this.parsed(name, this.text(name), parse) : undefined;
  }

  /** Like `optional`, with a default for an input that is not given. */
  orElse<T>(name: InputName, parse: Parser<T>, fallback: T): T {
    return this.optional(name, parse) ?? fallback;
  }

  parsed<T>(name: InputName, text: string, parse: Parser<T>): T | undefined {
    const answer = parse(text);
    if ("value" in answer) return answer.value;
    this.refuse(name, answer.must, answer.got, answer.advice);
    return undefined;
  }

  /** Notes a problem; the words finish "input 'name' must be …, got …". */
  refuse(name: InputName, must: string, got: string, advice?: string | WordsForEach, cause?: unknown): void {
    this.note(badInput(name, must, got, advice, cause));
  }

  note(problem: Failure): void {
    this.#problems.push(problem);
  }

  /** Throws the noted problems as one failure, if there are any. */
  check(): void {
    const [first, ...more] = this.#problems;
    if (first === undefined) return;
    throw more.length === 0 ? first : badInputs(this.#problems);
  }
}
