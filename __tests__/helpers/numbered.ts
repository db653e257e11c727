import { createHash } from "node:crypto";

/** Bytes of a line, including its end. */
export const LINE_BYTES = 100;
const NUMBER_BYTES = 11;
/** This many lines in a row differ in their number only. gzip looks back 32 KiB, so it packs them as it packs logs. */
const ROWS = 200;
const BLOCK_BYTES = ROWS * LINE_BYTES;
const LF = 10;

const rows = Array.from({ length: ROWS }, (_, row) =>
  createHash("sha512")
    .update(`row ${row}`)
    .digest("hex")
    .slice(0, LINE_BYTES - NUMBER_BYTES - 2),
);

export type Writer = "python3" | "awk";

/** Output of any size that a script prints and a test can predict: numbered lines, or all of them in one line. */
export class NumberedLines {
  readonly lines: number;
  readonly #end: " " | "\n";
  readonly #block: Buffer;

  constructor(bytes: number, { unbroken = false }: { readonly unbroken?: boolean } = {}) {
    this.lines = Math.ceil(bytes / BLOCK_BYTES) * ROWS;
    this.#end = unbroken ? " " : "\n";
    this.#block = Buffer.from(rows.map((row) => `${" ".repeat(NUMBER_BYTES)} ${row}${this.#end}`).join(""));
  }

  get bytes(): number {
    return this.lines * LINE_BYTES;
  }

  get isUnbroken(): boolean {
    return this.#end === " ";
  }

  /** A script that prints it and exits with this code. */
  script(writer: Writer, exitCode: number): string {
    const end = JSON.stringify(this.#end);
    const python = `import sys
rows = sys.stdin.read().split()
for n in range(0, ${this.lines}, ${ROWS}):
    sys.stdout.write("".join("%${NUMBER_BYTES}d %s%s" % (n + i, row, ${end}) for i, row in enumerate(rows)))`;
    const awk = `{ row[NR - 1] = $1 } END { for (n = 0; n < ${this.lines}; n++) printf "%${NUMBER_BYTES}d %s%s", n, row[n % ${ROWS}], ${end} }`;
    const program = writer === "awk" ? `awk '${awk}'` : `python3 -c '${python}'`;
    return `${program} <<'ROWS' || exit 99\n${rows.join("\n")}\nROWS\nexit ${exitCode}\n`;
  }

  /** The bytes from this one to the end of a block of lines, valid until the next call. */
  from(at: number): Buffer {
    const first = Math.floor(at / BLOCK_BYTES) * ROWS;
    for (let row = 0; row < ROWS; row += 1)
      this.#block.write(String(first + row).padStart(NUMBER_BYTES), row * LINE_BYTES, "latin1");
    return this.#block.subarray(
      at % BLOCK_BYTES,
      Math.min(BLOCK_BYTES, this.bytes - at + (at % BLOCK_BYTES)),
    );
  }
}

/** Compares a step's output with what the job has printed, while it comes, and keeps nothing of it. */
export class NumberedReader {
  /** Bytes of the job's output so far. */
  bytes = 0;
  /** The lines that are not the job's: before, between and after its own. */
  readonly others: string[] = [];
  /** The first difference from the expected output. */
  wrong: string | undefined;
  readonly #numbered: NumberedLines;
  #rest = Buffer.alloc(0);
  #begun = false;
  /** Whether the next byte begins a line. */
  #atStart = true;

  constructor(numbered: NumberedLines) {
    this.#numbered = numbered;
  }

  push(piece: Buffer): void {
    if (this.wrong !== undefined) return;
    let data = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    for (let size = 1; size > 0 && data.length > 0; data = data.subarray(size)) size = this.#take(data);
    this.#rest = Buffer.from(data);
  }

  /** Compares these bytes. Returns how many of them could be compared without further ones. */
  #take(data: Buffer): number {
    if (this.#begun) {
      const same = this.#same(data);
      if (same > 0) {
        this.bytes += same;
        this.#atStart = data[same - 1] === LF;
        return same;
      }
      if (!this.#atStart) return this.#endPart(data);
    }
    const size = data.indexOf(LF) + 1;
    if (size > 0) this.#other(data.toString("utf8", 0, size - 1));
    return size;
  }

  #same(data: Buffer): number {
    if (this.bytes >= this.#numbered.bytes) return 0;
    const expected = this.#numbered.from(this.bytes);
    const length = Math.min(expected.length, data.length);
    if (expected.compare(data, 0, length, 0, length) === 0) return length;
    let same = 0;
    while (expected[same] === data[same]) same += 1;
    return same;
  }

  /** A line that is too long to be kept is shown in parts, each with a line end. */
  #endPart(data: Buffer): number {
    const isWhole = this.bytes === this.#numbered.bytes;
    if (data[0] === LF && (this.#numbered.isUnbroken || isWhole)) {
      this.#atStart = true;
      return 1;
    }
    this.wrong = `at byte ${this.bytes}: ${JSON.stringify(data.toString("utf8", 0, 200))}`;
    return 0;
  }

  #other(line: string): void {
    if (this.#begun && /^ *\d+ [0-9a-f]/.test(line)) this.wrong = `at byte ${this.bytes}: ${line}`;
    this.#begun ||= line.startsWith("fargate-exec run=");
    this.others.push(line);
  }
}
