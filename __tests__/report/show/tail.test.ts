import fc from "fast-check";
import { Tail } from "../../../src/report/show/tail.ts";
import { heldBytes } from "../../helpers/memory.ts";
import { until } from "../../helpers/until.ts";

function tailOf(limit: number, parts: readonly string[]): string {
  const tail = new Tail(limit);
  for (const part of parts) tail.push(Buffer.from(part));
  return tail.toString();
}

describe("a Tail", () => {
  it("drops what came after the part that it was told to keep", () => {
    const tail = new Tail(8);
    tail.push(Buffer.from("kept"));
    tail.keep();
    tail.push(Buffer.from("no"));
    tail.rollBack();
    tail.rollBack();
    tail.push(Buffer.from("."));
    expect([tail.toString(), tail.isCut]).toEqual(["kept.", false]);
  });

  it("is empty and cut when what it drops is longer than its limit", () => {
    const tail = new Tail(4);
    tail.push(Buffer.from("kept"));
    tail.keep();
    tail.push(Buffer.from("far too much"));
    tail.rollBack();
    expect([tail.toString(), tail.isCut]).toEqual(["", true]);
  });

  it.each<[string, number, string[], string]>([
    ["nothing", 4, [], ""],
    ["all of what is short enough", 4, ["ab", "cd"], "abcd"],
    ["the end of what is longer", 4, ["abc", "def"], "cdef"],
    ["the end of one long part", 4, ["abcdefghijkl"], "ijkl"],
    ["whole characters only, when the beginning is cut", 4, ["aé€"], "€"],
    ["whole characters only, of four bytes too", 7, ["🚀🚀"], "🚀"],
  ])("keeps %s", (_, limit, parts, kept) => {
    expect(tailOf(limit, parts)).toBe(kept);
  });

  it("keeps the last bytes however they came", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.string({ unit: "grapheme-ascii" })),
        (limit, parts) => {
          expect(tailOf(limit, parts)).toBe(parts.join("").slice(-limit));
        },
      ),
    );
  });

  it("goes on after it was read", () => {
    const tail = new Tail(3);
    tail.push(Buffer.from("abcd"));
    expect(tail.toString()).toBe("bcd");
    tail.push(Buffer.from("e"));
    expect(tail.toString()).toBe("cde");
  });

  it("does not hold on to what it has dropped", async () => {
    const tail = new Tail(1024);
    const part = Buffer.alloc(64 * 1024, "x");
    const before = heldBytes();
    for (let i = 0; i < 2000; i += 1) tail.push(Buffer.from(part));
    // Unreferenced buffers are freed at an unknown time.
    await until(
      () => heldBytes() - before < 1024 * 1024,
      () => `${heldBytes() - before} bytes are held`,
    );
    expect(tail.toString()).toHaveLength(1024);
  });
});
