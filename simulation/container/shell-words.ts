/** Reads the small part of POSIX shell in which a runner writes data for a container. */

/** The word that begins at `at`, without its quotes, and where it ends. Variables in it are replaced by `values`. */
export function readWord(
  text: string,
  at: number,
  values: Readonly<Record<string, string>> = {},
): { readonly word: string; readonly end: number } {
  let word = "";
  let here = at;
  while (here < text.length && !/[\s;&|<>()]/.test(text[here] ?? "")) {
    const char = text[here] ?? "";
    if (char === "'") {
      const end = text.indexOf("'", here + 1);
      word += text.slice(here + 1, end);
      here = end + 1;
    } else if (char === '"') {
      const end = text.indexOf('"', here + 1);
      word += text.slice(here + 1, end).replaceAll(/\$(\w+)/g, (_, name: string) => values[name] ?? "");
      here = end + 1;
    } else if (char === "\\") {
      word += text[here + 1] ?? "";
      here += 2;
    } else {
      word += char;
      here += 1;
    }
  }
  return { word, end: here };
}

/** The words of a command line as the exec agent splits it (google/shlex): quotes count, and nothing else has a meaning. */
export function splitCommand(command: string): readonly string[] {
  const words: string[] = [];
  for (let at = skipBlanks(command, 0); at < command.length;) {
    let word = "";
    while (at < command.length && !/\s/.test(command[at] ?? "")) {
      const char = command[at] ?? "";
      if (char === "'") {
        const end = command.indexOf("'", at + 1);
        word += command.slice(at + 1, end);
        at = end + 1;
      } else if (char === "\\") {
        word += command[at + 1] ?? "";
        at += 2;
      } else {
        word += char;
        at += 1;
      }
    }
    words.push(word);
    at = skipBlanks(command, at);
  }
  return words;
}

/** The value that the first assignment of this variable has; undefined when there is none. It stands at a line's begin or behind a blank. */
export function assigned(text: string, name: string): string | undefined {
  const wanted = `${name}=`;
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1))
    if (at === 0 || text[at - 1] === " " || text[at - 1] === "\n")
      return readWord(text, at + wanted.length).word;
  return undefined;
}

/** The `count` words behind this text. */
export function wordsBehind(
  text: string,
  before: string,
  count: number,
  values: Readonly<Record<string, string>>,
): readonly string[] {
  const words: string[] = [];
  let at = text.indexOf(before) + before.length;
  while (words.length < count) {
    const { word, end } = readWord(text, skipBlanks(text, at), values);
    words.push(word);
    at = end;
  }
  return words;
}

const OCTAL = /^0[0-7]{1,3}/;

/** What printf's `%b` makes of this text. */
export function unescaped(text: string): Buffer {
  const pieces: string[] = [];
  let from = 0;
  for (let at = text.indexOf("\\"); at >= 0; at = text.indexOf("\\", from)) {
    pieces.push(text.slice(from, at));
    const octal = OCTAL.exec(text.slice(at + 1, at + 5))?.[0];
    const char = text[at + 1] ?? "";
    pieces.push(
      octal === undefined ? (char === "n" ? "\n" : char) : String.fromCharCode(Number.parseInt(octal, 8)),
    );
    from = at + 1 + (octal?.length ?? 1);
  }
  return Buffer.from(pieces.join("") + text.slice(from), "latin1");
}

function skipBlanks(text: string, at: number): number {
  let here = at;
  while (/\s/.test(text[here] ?? "")) here += 1;
  return here;
}

/** The variables that calls of `fx_set` name. */
export function variables(text: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const { 0: before, 1: name, index } of text.matchAll(/(?:^|\n)fx_set (\w+) /g))
    found[name ?? ""] = readWord(text, index + before.length).word;
  return found;
}
