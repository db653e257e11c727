/** Shorter secrets are not redacted, because too much other text would be. */
const SHORTEST_PATTERN = 4;
/** Base64 of which fewer characters are certain is not redacted either. */
export const SHORTEST_BASE64 = 6;

/**
 * The usual lengths of a line of base64: 76 for `base64` and Python's base64.encodebytes, 64 for `openssl base64` and
 * PEM.
 */
const BASE64_WIDTHS = [76, 64] as const;

/**
 * The texts that the container and the runner replace by `***`. They are each line of each secret, trimmed and of at
 * least four characters, in the forms in which programs print it: plain, in JSON, in URLs, in base64. A value of
 * several lines is also covered as a whole in base64. The order is lexical, so that a pattern stands before those
 * that begin with it.
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

/** The names of secrets with a line that is too short to be redacted. */
export function tooShortToRedact(secrets: Readonly<Record<string, string>>): string[] {
  return Object.entries(secrets)
    .filter(([, value]) => linesOf(value).some((line) => line.trim() !== "" && !isLongEnough(line.trim())))
    .map(([name]) => name);
}

function linesOf(value: string): string[] {
  return value.split(/[\r\n]+/);
}

/** The line trimmed, or as it is when too little is left. White space alone becomes empty. */
function redactable(line: string): string {
  const trimmed = line.trim();
  return isLongEnough(trimmed) || trimmed === "" ? trimmed : line;
}

function isLongEnough(text: string): boolean {
  return text.length >= SHORTEST_PATTERN;
}

/**
 * For each way to write JSON: the characters that become `\uXXXX` besides the control characters, and whether the digits
 * are in upper case.
 */
const JSON_ENCODINGS: readonly (readonly [RegExp, boolean])[] = [
  [/(?!)/, false], // JSON.stringify
  [/[\x7f-\uffff]/, false], // Python, PHP
  [/[\x7f-\uffff]/, true], // Jackson with ESCAPE_NON_ASCII
  [/[<>&\u2028\u2029]/, false], // Go, Rails
  [/[<>&='\u2028\u2029]/, false], // Gson
  [/[<>&"'+`\x7f-\uffff]/, true], // System.Text.Json
  [/[<>&"']/, true], // PHP with JSON_HEX_TAG, _AMP, _APOS and _QUOT
];

/** The text as programs write it into a JSON string, without the quotes. */
function jsonForms(text: string): string[] {
  const forms = JSON_ENCODINGS.map(([others, isUpper]) =>
    Array.from(text, (char) => jsonChar(char, others.test(char), isUpper)).join(""),
  );
  return forms.flatMap((form) => [form, form.replaceAll("/", "\\/")]);
}

function jsonChar(char: string, isEscaped: boolean, isUpper: boolean): string {
  const form = isEscaped ? char.replace(/[^]/g, escapeUnit) : JSON.stringify(char).slice(1, -1);
  return isUpper ? form.replace(/(?<=\\u)[\da-f]{4}/g, (hex) => hex.toUpperCase()) : form;
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/** For each URL encoding: the characters that it keeps, and its form of a space. */
const URL_ENCODINGS: readonly (readonly [RegExp, string])[] = [
  [/[\w.~!'()*-]/, "%20"], // encodeURIComponent
  [/[\w.~-]/, "%20"], // RFC 3986, curl, quote(…, safe="")
  [/[\w.~-]/, "+"], // quote_plus
  [/[\w.~/-]/, "%20"], // quote
  [/[\w.*-]/, "+"], // forms: URLSearchParams, java.net.URLEncoder
  [/[\w;,/?:@&=+$.!~*'()#-]/, "%20"], // encodeURI
  [/[\w.~$&+,;=-]/, "%20"], // a password in a URL of Go: net/url, UserPassword
  [/[\w.~!$&'()*+,%-]/, "%20"], // a password in a URL of JavaScript: WHATWG URL, userinfo percent-encode set
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
 * The base64 characters that any text with `text` in it must show. They depend on the number of bytes before it,
 * modulo three. Further forms are for a text that ends with `text`: they have the last character and the padding. Both
 * alphabets are covered.
 */
function base64Forms(text: string): string[] {
  const bytes = Buffer.from(text);
  const forms = [0, 1, 2].flatMap((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
    // Characters that also hold bits of a neighbouring byte are left out.
    const from = [0, 2, 3][before] ?? 0;
    const certain = Math.floor((8 * (before + bytes.length)) / 6);
    if (certain - from < SHORTEST_BASE64) return [];
    const widths = BASE64_WIDTHS.filter((width) => before === 0 && certain > width);
    const whole = widths.length < BASE64_WIDTHS.length ? [encoded.slice(from, certain)] : [];
    const ends = [encoded.replace(/=+$/, "").length, encoded.length];
    return [
      ...whole,
      ...widths.flatMap((width) => wrapBase64(encoded.slice(0, certain), width)),
      // Overlapping matches are hidden together, so the last characters are enough.
      ...ends.filter((end) => end > certain).map((end) => encoded.slice(Math.max(from, certain - 40), end)),
    ];
  });
  return forms.flatMap((form) => [form, form.replaceAll("+", "-").replaceAll("/", "_")]);
}

/** The lines of base64 at this width. Unwrapped base64 is the same lines in a row, so they match that too. */
function wrapBase64(base64: string, width: number): string[] {
  const lines: string[] = [];
  for (let at = 0; at < base64.length; at += width) {
    const line = base64.slice(at, at + width);
    // A last line that is too short is joined to the line before it.
    lines.push(line.length < SHORTEST_BASE64 ? base64.slice(at - width) : line);
  }
  return lines;
}
