const MARK = "\x1b]7733;";
const BEL = "\x07";
const OPEN = `${MARK}+${BEL}`;

/** A mark before the nonce is known, or with it. */
export function mark(text: string): string {
  return `${MARK}${text}${BEL}`;
}

/** The bytes that stand for these in the spool: no secret, and nothing that looks like a mark. */
export function clean(data: Buffer, patterns: readonly Buffer[]): Buffer {
  const redacted = redact(data, patterns);
  if (!redacted.includes(0x1b) && !redacted.includes(0xef)) return redacted;
  const text = redacted.toString("latin1");
  return Buffer.from(
    text.replaceAll(MARK, `${MARK}=${BEL}`).replaceAll("\xef\xbf\xbd", `${MARK}?${BEL}`),
    "latin1",
  );
}

function redact(data: Buffer, patterns: readonly Buffer[]): Buffer {
  if (!patterns.some((pattern) => data.includes(pattern))) return data;
  const hidden = new Uint8Array(data.length);
  for (const pattern of patterns) {
    for (let at = data.indexOf(pattern); at >= 0; at = data.indexOf(pattern, at + 1))
      hidden.fill(1, at, at + pattern.length);
  }
  const out: Buffer[] = [];
  for (let at = 0; at < data.length;) {
    let end = at;
    while (end < data.length && hidden[end] === hidden[at]) end += 1;
    out.push(hidden[at] === 1 ? Buffer.from("***") : data.subarray(at, end));
    at = end;
  }
  return Buffer.concat(out);
}

/** Makes the records of one stream: `o` standard output, `e` standard error, `r` the file GITHUB_OUTPUT, `s` the summary. */
export class RecordMaker {
  readonly #tag: string;
  readonly #lead: string;
  readonly #prefix: string;
  #rest = Buffer.alloc(0);
  #isInside = false;

  constructor(kind: "o" | "e" | "r" | "s", worker: number, workers: number) {
    this.#tag = mark(kind + (workers > 1 ? String(worker) : ""));
    this.#lead = kind === "o" ? "" : this.#tag;
    this.#prefix = workers > 1 && (kind === "o" || kind === "e") ? `[${worker}] ` : "";
  }

  /** Whether the beginning of a line waits for its end. */
  get isWaiting(): boolean {
    return this.#rest.length > 0;
  }

  /** The records of the lines that end in this data. */
  take(data: Buffer, patterns: readonly Buffer[]): Buffer {
    const all = Buffer.concat([this.#rest, data]);
    const cut = all.lastIndexOf(10) + 1;
    this.#rest = all.subarray(cut);
    if (cut === 0) return Buffer.alloc(0);
    const lines = clean(all.subarray(0, cut), patterns).toString("latin1").slice(0, -1).split("\n");
    const records = lines.map((line) => {
      const isGoingOn = this.#isInside;
      this.#isInside = false;
      const lead = !isGoingOn ? this.#lead + this.#prefix : this.#prefix === "" ? this.#lead : this.#tag;
      return `${lead}${line}\n`;
    });
    return Buffer.from(records.join(""), "latin1");
  }

  /** A record that ends a line which has begun; empty when none has. */
  endLine(patterns: readonly Buffer[]): Buffer {
    return this.isWaiting || this.#isInside ? this.take(Buffer.from("\n"), patterns) : Buffer.alloc(0);
  }

  /** A record for a line whose end does not come. */
  show(patterns: readonly Buffer[]): Buffer {
    const data = this.#rest;
    this.#rest = Buffer.alloc(0);
    if (data.length === 0) return data;
    const lead = (this.#prefix === "" ? this.#lead : this.#tag) + (this.#isInside ? "" : this.#prefix);
    this.#isInside = true;
    return Buffer.from(`${lead}${clean(data, patterns).toString("latin1")}${OPEN}\n`, "latin1");
  }
}
