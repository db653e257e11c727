import { badInput, badInputs, type Failure } from "../errors.ts";
import type { InputName } from "./names.ts";
import type { Parser } from "./parse.ts";
import type { InputSource } from "./source.ts";

/**
 * Reads inputs one by one and remembers what is wrong with them, so that a user learns of every mistake at
 * once. An empty input counts as not given, since `${{ inputs.x }}` of a calling workflow often is.
 */
export class InputReader {
  readonly source: InputSource;
  readonly #problems: Failure[] = [];

  constructor(source: InputSource) {
    this.source = source;
  }

  /** Byte for byte. */
  raw(name: InputName): string {
    return this.source.get(name);
  }

  text(name: InputName): string {
    return this.raw(name).trim();
  }

  given(name: InputName): boolean {
    return this.text(name) !== "";
  }

  /** The parsed input; undefined when it is not given or, with the problem noted, not valid. */
  optional<T>(name: InputName, parse: Parser<T>): T | undefined {
    return this.given(name) ? this.parsed(name, this.text(name), parse) : undefined;
  }

  /** As `optional`, with a value for an input that is not given. */
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
  refuse(name: InputName, must: string, got: string, advice?: string, cause?: unknown): void {
    this.note(badInput(name, must, got, advice, cause));
  }

  note(problem: Failure): void {
    this.#problems.push(problem);
  }

  /** Throws what was noted, as one failure. */
  check(): void {
    const [first, ...more] = this.#problems;
    if (first === undefined) return;
    throw more.length === 0 ? first : badInputs(this.#problems);
  }
}
