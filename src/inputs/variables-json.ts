import { quoteValue, type ParseResult } from "./parse.ts";
import { isVariableName, whyReserved } from "./variable-names.ts";
import { TOO_LONG_ADVICE, whyTooLong } from "./variable-size.ts";
import { messageOf, type WordsForEach } from "../errors.ts";

const MUST = 'a JSON object of strings, such as {"NAME": "value"}, since it begins with {';

/**
 * Variables as `{"NAME": "value"}`, for values of any text. With `secret` no message shows a value, or the parser's
 * words.
 */
export function jsonVariables(text: string, secret: boolean): ParseResult<Readonly<Record<string, string>>> {
  const wrong = (got: string, advice: string | WordsForEach = ADVICE): ParseResult<never> => ({
    must: MUST,
    got,
    advice,
  });
  let parsed: object;
  try {
    parsed = JSON.parse(text) as object;
  } catch (error) {
    const why = messageOf(error);
    return wrong(secret ? "text that is no JSON" : `${quoteValue(text)} (${quoteValue(why)})`);
  }
  const entries = Object.entries(parsed as Record<string, unknown>);
  // A text that is no variable name may be a piece of a secret, if the workflow has left out toJSON.
  const named = (name: string): string => (secret && !isVariableName(name) ? "a name" : quoteValue(name));
  for (const [name, value] of entries) {
    if (!isVariableName(name))
      return wrong(`${named(name)} where the name is not letters, digits and _ (and no digit first)`);
    const reserved = whyReserved(name);
    if (reserved !== undefined) return wrong(`${named(name)}, ${reserved}`);
    if (typeof value !== "string") return wrong(`${typeName(value)} as the value of ${named(name)}`);
    if (value.includes("\0")) return wrong(`a NUL character in the value of ${named(name)}`);
    if (/\p{Surrogate}/u.test(value))
      return wrong(`half of a surrogate pair in the value of ${named(name)}, which UTF-8 can't hold`);
    const long = whyTooLong(name, value);
    if (long !== undefined) return wrong(`${named(name)}, ${long}`, TOO_LONG_ADVICE);
  }
  const twice = repeatedName(text, entries.length);
  if (twice !== undefined) return wrong(`the name ${named(twice)} more than once`);
  return { value: Object.fromEntries(entries as [string, string][]) };
}

/**
 * A name that stands more than once in the text of an object; undefined when there is none. `count` is the number of members
 * that JSON.parse has found. It keeps only the last of several members with one name.
 */
function repeatedName(text: string, count: number): string | undefined {
  const strings = (text.match(/"(?:[^"\\]|\\.)*"/g) ?? []).map((quoted) => JSON.parse(quoted) as string);
  if (strings.length === 2 * count) return undefined;
  return strings.find((name, index) => isVariableName(name) && strings.indexOf(name) !== index);
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

const ADVICE: WordsForEach = {
  workflow:
    "Numbers and booleans go into quotes. A value from a context is written as ${{ toJSON(...) }}, which brings its own quotes.",
  program: "Numbers and booleans go into quotes.",
};
