import type { WordsForEach } from "../errors.ts";
import { quoteValue, type ParseResult, type Parser } from "./parse.ts";
import { isRunnersOwn, isVariableName, canSteerPrograms, whyReserved } from "./variable-names.ts";
import { TOO_LONG_ADVICE, whyTooLong } from "./variable-size.ts";
import { jsonVariables } from "./variables-json.ts";

export type Variables = Readonly<Record<string, string>>;

export interface VariablesOptions {
  /** The environment that a bare NAME is taken from. */
  readonly env: NodeJS.ProcessEnv;
  /** Whether the values are secret. Then no message shows text that may belong to a value. */
  readonly secret: boolean;
}

/**
 * A JSON object of strings, or lines. A line is `NAME=value`. The value is all that follows the first `=`, byte for byte,
 * without quotes or escapes, and may be empty. A line that is a bare `NAME` takes the value whole from the
 * environment of the step. Blank lines are skipped.
 *
 * The runner puts values of expressions into the text before the action reads it. A value with a newline then makes
 * further lines, which the author of the value chooses. Each line below a `NAME=value` line may be such a line. So it
 * takes nothing from the environment, and sets no variable that steers programs.
 */
export function variables(options: VariablesOptions): Parser<Variables> {
  return (text) =>
    text.trimStart().startsWith("{") ? jsonVariables(text, options.secret) : variableLines(text, options);
}

/**
 * The variables of a valid text whose value is empty, as a message may call them: by a name, or by the number of a line whose name may be
 * a part of a secret.
 */
export function emptyVariables(text: string, options: VariablesOptions): readonly string[] {
  if (text.trimStart().startsWith("{")) {
    const answer = jsonVariables(text, options.secret);
    return "value" in answer
      ? Object.keys(answer.value)
          .filter((name) => answer.value[name] === "")
          .map(quoteValue)
      : [];
  }
  return linesOf(text)
    .filter(({ name, value }) => (value ?? options.env[name] ?? "") === "")
    .map((line) => labelOf(line, options));
}

interface Line {
  /** The number of the line, from 1. */
  readonly number: number;
  readonly name: string;
  /** Undefined for a bare name. */
  readonly value: string | undefined;
  /** The name of the first `NAME=value` line above this one. This line may be a part of its value. */
  readonly below: string | undefined;
}

function variableLines(text: string, options: VariablesOptions): ParseResult<Variables> {
  const found = new Map<string, string>();
  const lines = linesOf(text);
  for (const line of lines) {
    const wrong = wrongLine(line) ?? (found.has(line.name) ? "a name that was given before" : undefined);
    if (wrong !== undefined) return refuseLine(line, wrong, options);
    if (isWithoutValue(line, options))
      return refuseLine(line, WITHOUT_VALUE, options, giveValues(lines, options));
    const value = line.value ?? options.env[line.name] ?? "";
    if (value.includes("\0")) return refuseLine(line, "whose value has a NUL byte", options);
    const long = whyTooLong(line.name, value);
    if (long !== undefined) return refuseLine(line, long, options, TOO_LONG_ADVICE);
    if (line.value === undefined && isRunnersOwn(line.name) && !(options.secret && lines.length === 1))
      return refuseLine(line, "a credential of this machine", options, RUNNERS_OWN);
    found.set(line.name, value);
  }
  // `fromEntries` takes `__proto__` as a plain name, unlike an assignment.
  return { value: Object.fromEntries(found) };
}

function linesOf(text: string): readonly Line[] {
  let below: string | undefined;
  return text.split("\n").flatMap((line, index) => {
    if (line.trim() === "") return [];
    const equals = line.indexOf("=");
    const name = equals < 0 ? line.trim() : line.slice(0, equals).trimStart();
    const value = equals < 0 ? undefined : line.slice(equals + 1);
    const found = { number: index + 1, name, value, below };
    if (value !== undefined) below ??= name;
    return [found];
  });
}

function wrongLine({ name, value, below }: Line): string | undefined {
  if (!isVariableName(name)) return "where the name is not letters, digits and _ (and no digit first)";
  const reserved = whyReserved(name);
  if (reserved !== undefined) return reserved;
  if (below === undefined) return undefined;
  if (value === undefined) return `a bare name below the value of '${below}', of which it may be a part`;
  return canSteerPrograms(name)
    ? `the variable ${name} below the value of '${below}', of which it may be a part`
    : undefined;
}

/** The most names of an advice. */
const MOST_NAMED = 20;
const WITHOUT_VALUE = "a bare name that the environment does not have";

/** True for a bare name above all values that the environment does not have. */
function isWithoutValue({ name, value, below }: Line, { env }: VariablesOptions): boolean {
  return value === undefined && below === undefined && !hasValue(env, name);
}

function hasValue(env: NodeJS.ProcessEnv, name: string): boolean {
  return Object.hasOwn(env, name) && env[name] !== undefined;
}

/** `why` finishes "got line N, …". */
function refuseLine(
  line: Line,
  why: string,
  options: VariablesOptions,
  advice: string | WordsForEach = ADVICE,
): ParseResult<never> {
  return { must: MUST, got: `${labelOf(line, options)}, ${why}`, advice };
}

/** A line as a message may call it. A line above all values is the author's own text. A line below one may be a part of a secret. */
function labelOf({ name, number, below }: Line, { secret }: VariablesOptions): string {
  const isSafe = !secret || (below === undefined && isVariableName(name));
  return isSafe ? quoteValue(name) : `line ${number}`;
}

const MUST = "NAME=value lines, with bare names of variables of the environment above them, or a JSON object";

const ADVICE: WordsForEach = {
  workflow:
    "A value of several lines goes into the step's 'env:' and its bare name on a line above all NAME=value lines, or " +
    'all of it becomes a JSON object: {"NAME": ${{ toJSON(...) }}}.',
  program:
    "A value of several lines goes into the environment and its bare name on a line above all NAME=value lines, or " +
    'all of it becomes a JSON object: {"NAME": "value"}.',
};

/** What to do about a bare name without a value: the lines to paste. */
function giveValues(lines: readonly Line[], options: VariablesOptions): WordsForEach {
  const missing = lines.filter((line) => isWithoutValue(line, options) && isVariableName(line.name));
  const names = [...new Set(missing.map(({ name }) => name))].slice(0, MOST_NAMED);
  const context = options.secret ? "secrets" : "vars";
  return {
    workflow: `Give the step these lines beside 'with:':\n  env:${names.map((name) => `\n    ${name}: \${{ ${context}.${name} }}`).join("")}`,
    program: `Export ${names.join(", ")}, or give ${names.length === 1 ? "it" : "each"} as ${names[0] ?? "NAME"}=value.`,
  };
}

const RUNNERS_OWN: WordsForEach = {
  workflow:
    "A script in the container has the task role's credentials. If it is to have one of the runner's all the same, make its " +
    "name the only line of 'secrets', or give it as NAME=value with a value from a context.",
  program:
    "A script in the container has the task role's credentials. If it is to have one of this machine's all the same, make its " +
    "name the only one of 'secrets'.",
};
