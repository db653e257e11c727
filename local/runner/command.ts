/**
 * A workflow command as the runner reads it from a line of output, by the rules of `ActionCommand.cs` in
 * github.com/actions/runner. There are two forms: `::name key=value,key=value::data` at the start of a line, and the older
 * `##[name key=value;key=value]data` anywhere in it.
 *
 * The runner looks for both with .NET's `IndexOf(string)` and `StartsWith(string)`, which compare by a language's rules
 * (learn.microsoft.com, "Best practices for comparing strings"; ICU). These skip characters without weight, such as control and
 * zero-width characters. When ICU's answer isn't documented, this code takes the text as a command.
 */
export interface Command {
  readonly name: string;
  readonly properties: ReadonlyMap<string, string>;
  readonly data: string;
}

type Escapes = readonly (readonly [escaped: string, character: string])[];

// `%25` comes last, since the `%` that it stands for must not begin another escape.
const dataEscapes: Escapes = [
  ["%0D", "\r"],
  ["%0A", "\n"],
  ["%25", "%"],
];
const propertyEscapes: Escapes = [
  ["%0D", "\r"],
  ["%0A", "\n"],
  ["%3A", ":"],
  ["%2C", ","],
  ["%25", "%"],
];
const bracketEscapes: Escapes = [
  ["%3B", ";"],
  ["%0D", "\r"],
  ["%0A", "\n"],
  ["%5D", "]"],
  ["%25", "%"],
];

/** The command in a line; undefined when the line has no command that `isKnown`. */
export function parseCommand(line: string, isKnown: (name: string) => boolean): Command | undefined {
  return parseColons(line.replace(LEADING_WHITE_SPACE, ""), isKnown) ?? parseBracket(line, isKnown);
}

/** `String.TrimStart()`: not U+FEFF, which JavaScript trims, but U+0085, which it does not. */
const LEADING_WHITE_SPACE = /^[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;
/** Two colons with any weightless characters between them. */
const COLONS = /:[\p{Cc}\p{Cf}\ufe00-\ufe0f\u034f]*:/gu;

function parseColons(line: string, isKnown: (name: string) => boolean): Command | undefined {
  // No name can follow a prefix with weightless characters before or in it.
  if (!line.startsWith("::")) return undefined;
  COLONS.lastIndex = 2;
  const end = COLONS.exec(line)?.index;
  if (end === undefined) return undefined;
  const [name, properties] = nameAndProperties(line.slice(2, end));
  if (!isKnown(name)) return undefined;
  return {
    name: name.toLowerCase(),
    properties: parseProperties(properties.trim(), ",", propertyEscapes),
    data: unescape(line.slice(end + 2), dataEscapes),
  };
}

function parseBracket(line: string, isKnown: (name: string) => boolean): Command | undefined {
  const start = line.indexOf("##[");
  const end = start < 0 ? -1 : line.indexOf("]", start);
  if (end < 0) return undefined;
  const [name, properties] = nameAndProperties(line.slice(start + 3, end));
  if (!isKnown(name)) return undefined;
  return {
    name: name.toLowerCase(),
    properties: parseProperties(properties, ";", bracketEscapes),
    data: unescape(line.slice(end + 1), bracketEscapes),
  };
}

function nameAndProperties(info: string): [name: string, properties: string] {
  const space = info.indexOf(" ");
  return space < 0 ? [info, ""] : [info.slice(0, space), info.slice(space + 1)];
}

function parseProperties(text: string, separator: string, escapes: Escapes): Map<string, string> {
  const properties = new Map<string, string>();
  for (const item of text.split(separator)) {
    const [, key, value] = /^=*([^=]+)=+([^]+)$/.exec(item) ?? [];
    // The case of a property's name doesn't matter: `endLine` is `endline`.
    if (key !== undefined && value !== undefined) properties.set(key.toLowerCase(), unescape(value, escapes));
  }
  return properties;
}

function unescape(text: string, escapes: Escapes): string {
  return escapes.reduce((whole, [escaped, character]) => whole.replaceAll(escaped, character), text);
}
