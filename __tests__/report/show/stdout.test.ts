import { Writable } from "node:stream";
import { BatchedOutput } from "../../../src/report/show/stdout.ts";

/** A reader that keeps each write. When `reads` is false it takes the next one only after a call of `read`. */
class Reader extends Writable {
  readonly writes: Buffer[] = [];
  #next: (() => void) | undefined;
  /** Whether it takes writes by itself. */
  reads = true;

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.writes.push(Buffer.from(chunk));
    if (this.reads) done();
    else this.#next = done;
  }

  read(): void {
    this.reads = true;
    this.#next?.();
  }

  get text(): string {
    return Buffer.concat(this.writes).toString();
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it("pieces that are written in one turn go out as one write", async () => {
  const reader = new Reader();
  const out = new BatchedOutput(reader);
  out.write(Buffer.from("one\n"), Buffer.from("two\n"));
  out.write(Buffer.from("three\n"));
  expect(reader.writes).toEqual([]);
  await turn();
  expect(reader.writes.map(String)).toEqual(["one\ntwo\nthree\n"]);
});

it("flush writes at once, and nothing when nothing waits", () => {
  const reader = new Reader();
  const out = new BatchedOutput(reader);
  out.write(Buffer.from("one\n"));
  out.flush();
  out.flush();
  expect(reader.writes.map(String)).toEqual(["one\n"]);
});

it("the caller may use its bytes again at once", async () => {
  const reader = new Reader();
  const out = new BatchedOutput(reader);
  const bytes = Buffer.from("first\n");
  out.write(bytes);
  bytes.write("other\n");
  await turn();
  expect(reader.text).toBe("first\n");
});

it("bytes of many batches come whole and in order, also when the reader is slow", async () => {
  const reader = new Reader();
  reader.reads = false;
  const out = new BatchedOutput(reader);
  const line = (at: number): string => `line ${at}\n`;
  const count = 40_000;
  for (let at = 0; at < count; at += 1) out.write(Buffer.from(line(at)));
  out.flush();
  reader.read();
  await out.drained();
  for (let at = count; at < 2 * count; at += 1) out.write(Buffer.from(line(at)));
  await turn();
  await turn();
  expect(reader.text).toBe(Array.from({ length: 2 * count }, (_, at) => line(at)).join(""));
});

it("drained waits for a reader that is more than 256 KiB behind, and for no other", async () => {
  const reader = new Reader();
  reader.reads = false;
  const out = new BatchedOutput(reader);
  out.write(Buffer.alloc(200 * 1024));
  out.flush();
  await out.drained();
  out.write(Buffer.alloc(200 * 1024));
  out.flush();
  let isDrained = false;
  const drained = out.drained().then(() => (isDrained = true));
  await turn();
  expect(isDrained).toBe(false);
  reader.read();
  await drained;
});

describe("a reader that is gone", () => {
  const gone = new Error("write EPIPE");

  it("ends the writing alone: what is written later is dropped", async () => {
    const reader = new Reader();
    const out = new BatchedOutput(reader);
    expect(out.broken.aborted).toBe(false);
    reader.destroy(gone);
    await turn();
    expect(out.broken.reason).toBe(gone);
    out.write(Buffer.alloc(300 * 1024));
    out.flush();
    await out.drained();
    expect(reader.writes).toEqual([]);
  });

  it("is not waited for", async () => {
    const reader = new Reader();
    reader.reads = false;
    const out = new BatchedOutput(reader);
    out.write(Buffer.alloc(300 * 1024));
    out.flush();
    const drained = out.drained();
    reader.destroy(gone);
    await drained;
  });
});

it("lines that wait for a slow reader take about their own size", async () => {
  const reader = new Reader();
  reader.reads = false;
  const out = new BatchedOutput(reader);
  const before = process.memoryUsage().arrayBuffers;
  const lines = Array.from({ length: 2_000 }, (_, index) => `line ${index}\n`);
  for (const line of lines) {
    out.write(Buffer.from(line));
    await turn();
  }
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10 * 1024 * 1024);
  reader.read();
  await turn();
  expect(reader.text).toBe(lines.join(""));
});
