/**
 * Replaces secrets by `***` as the runner does (`SecretMasker.cs`, `ValueEncoders.cs`): each value, and its forms in base64
 * (at each of three offsets), JSON, XML, a URL and a few quotings. Ranges that touch or overlap become one `***`.
 */
export class Masker {
  readonly #secrets = new Set<string>();

  /** Masks a value as `::add-mask::` does: the whole value, and each of its lines. */
  addMask(value: string): void {
    this.addValue(value);
    for (const line of value.split(/[\r\n]/)) this.addValue(line.trim());
  }

  addValue(value: string): void {
    if (value === "") return;
    for (const form of [value, ...encodings(value)]) if (form !== "") this.#secrets.add(form);
  }

  mask(text: string): string {
    const ranges = [...this.#secrets]
      .flatMap((secret) => occurrences(text, secret))
      .sort((a, b) => a.start - b.start);
    let masked = "";
    let end = -1;
    for (const range of ranges) {
      if (range.start > end) masked += text.slice(Math.max(end, 0), range.start) + "***";
      end = Math.max(end, range.end);
    }
    return masked + text.slice(Math.max(end, 0));
  }
}

interface Range {
  readonly start: number;
  readonly end: number;
}

function occurrences(text: string, secret: string): Range[] {
  const ranges: Range[] = [];
  for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, at + 1)) {
    ranges.push({ start: at, end: at + secret.length });
  }
  return ranges;
}

function encodings(value: string): string[] {
  const bytes = Buffer.from(value);
  const base64 = (from: number): string => bytes.subarray(bytes.length > from ? from : 0).toString("base64");
  return [
    base64(0),
    base64(1),
    base64(2),
    value.replaceAll('"', '\\"'),
    value.replaceAll("'", "''"),
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(value).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`),
    value.replace(/[<>"'&]/g, (c) => xmlEntities[c] ?? c),
    value.length > 8 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : "",
    ...powerShellHalves(value),
  ];
}

const xmlEntities: Readonly<Record<string, string>> = {
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
  "&": "&amp;",
};

/**
 * The two halves of a value around an ampersand. PowerShell colours an error there, and so prints the halves apart. After `&+` it
 * drops a character.
 */
function powerShellHalves(value: string): string[] {
  const plus = value.indexOf("&+");
  const end = plus >= 0 ? plus + 2 : value.lastIndexOf("&") + 1;
  if (end === 0) return [];
  return [value.slice(0, end), value.slice(plus >= 0 ? end + 1 : end)].filter((half) => half.length >= 6);
}
