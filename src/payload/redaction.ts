/** Secrets shorter than this are not redacted: too much else would be. */
const SHORTEST_PATTERN = 4;
/** Base64 of which less than this is certain is not redacted either. */
export const SHORTEST_BASE64 = 6;

/** How many characters of base64 the usual programs print on a line: `base64` and Python's base64.encodebytes, then
 * `openssl base64` and PEM. */
const BASE64_WIDTHS = [76, 64] as const;

/**
 * What is replaced by `***`, in the container and by the runner: each line of each secret, from four characters up and
 * without the white space around it, as it is and as programs print it: in JSON, in URLs, in base64. The value of
 * several lines as a whole in base64, too. In lexical order, so that a pattern stands before all that only go on from it.
 */
export function redactionPatterns(secrets: Readonly<Record<string, string>>): string[] {
  const values = Object.values(secrets);
  const lines = values.flatMap(linesOf).map(redactable).filter(isLongEnough);
  const wholes = values.map((value) => value.trim()).filter(isLongEnough);
  const patterns = [
    ...lines.flatMap((line) => [line, ...jsonForms(line), ...urlForms(line)]),
    ...[...new Set([...lines, ...wholes])].flatMap(base64Forms),
  ];
  return [...new Set(patterns)].sort();
}

/** Names of secrets of which at least a line is too short to be redacted wherever it is printed. */
export function tooShortToRedact(secrets: Readonly<Record<string, string>>): string[] {
  return Object.entries(secrets)
    .filter(([, value]) => linesOf(value).some((line) => line.trim() !== "" && !isLongEnough(line.trim())))
    .map(([name]) => name);
}

function linesOf(value: string): string[] {
  return value.split(/[\r\n]+/);
}

/** Without the white space around it, where enough is left; never white space alone. */
function redactable(line: string): string {
  const trimmed = line.trim();
  return isLongEnough(trimmed) || trimmed === "" ? trimmed : line;
}

function isLongEnough(text: string): boolean {
  return text.length >= SHORTEST_PATTERN;
}

/** As JavaScript, Python, Go and PHP write it into a string, without the quotes. */
function jsonForms(text: string): string[] {
  const plain = JSON.stringify(text).slice(1, -1);
  const forms = [
    plain,
    plain.replace(/[\x7f-\uffff]/g, escaped),
    plain.replace(/[<>&\u2028\u2029]/g, escaped),
  ];
  return forms.flatMap((form) => [form, form.replaceAll("/", "\\/")]);
}

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** What stays as it is, and what stands for a space. */
const URL_ENCODINGS: readonly (readonly [RegExp, string])[] = [
  [/[\w.~!'()*-]/, "%20"], // encodeURIComponent
  [/[\w.~-]/, "%20"], // RFC 3986, curl, quote(…, safe="")
  [/[\w.~-]/, "+"], // quote_plus
  [/[\w.~/-]/, "%20"], // quote
  [/[\w.*-]/, "+"], // forms: URLSearchParams, java.net.URLEncoder
];

function urlForms(text: string): string[] {
  const bytes = [...Buffer.from(text)];
  return URL_ENCODINGS.flatMap(([kept, space]) =>
    [false, true].map((isLower) =>
      bytes
        .map((byte) => {
          const char = String.fromCharCode(byte);
          if (kept.test(char)) return char;
          const hex = byte.toString(16).padStart(2, "0");
          return char === " " ? space : `%${isLower ? hex : hex.toUpperCase()}`;
        })
        .join(""),
    ),
  );
}

/**
 * What shows of it in the base64 of any text that holds it: which characters those are depends on how many bytes stand
 * before it, modulo three. With the last character and the padding that there are where the text ends with it. Both
 * alphabets.
 */
function base64Forms(text: string): string[] {
  const bytes = Buffer.from(text);
  const forms = [0, 1, 2].flatMap((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
    // Characters that also hold bits of a neighbour are not certain.
    const from = [0, 2, 3][before] ?? 0;
    const certain = Math.floor((8 * (before + bytes.length)) / 6);
    if (certain - from < SHORTEST_BASE64) return [];
    const widths = BASE64_WIDTHS.filter((width) => before === 0 && certain > width);
    const whole = widths.length < BASE64_WIDTHS.length ? [encoded.slice(from, certain)] : [];
    const ends = [encoded.replace(/=+$/, "").length, encoded.length];
    return [
      ...whole,
      ...widths.flatMap((width) => wrapped(encoded.slice(0, certain), width)),
      // What overlaps is hidden as one, so the last characters are enough.
      ...ends.filter((end) => end > certain).map((end) => encoded.slice(Math.max(from, certain - 40), end)),
    ];
  });
  return forms.flatMap((form) => [form, form.replaceAll("+", "-").replaceAll("/", "_")]);
}

/** Base64 in lines of that width: a text that is not wrapped is nothing but these, one after the other. */
function wrapped(base64: string, width: number): string[] {
  const lines: string[] = [];
  for (let at = 0; at < base64.length; at += width) {
    const line = base64.slice(at, at + width);
    // One that is too short to stand alone goes with the line before it.
    lines.push(line.length < SHORTEST_BASE64 ? base64.slice(at - width) : line);
  }
  return lines;
}
