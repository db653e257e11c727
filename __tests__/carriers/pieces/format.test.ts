import { execFileSync } from "node:child_process";
import { LARGEST_OBJECT, openPiece, sealPiece } from "../../../src/carriers/pieces/format.ts";
import { anObject, FOLDER } from "./folder.ts";

const MIB = 1024 * 1024;
const piece = anObject("out", 7, 40, "one\ntwo\n");
const words = (bytes: Buffer): string => bytes.toString("latin1");

describe("an object of a folder", () => {
  it("is read as what the container wrote", () => {
    expect(openPiece(FOLDER, piece)).toEqual({
      ...{ kind: "out", number: 7, begin: 40 },
      body: Buffer.from("one\ntwo\n"),
    });
  });

  it("is written as the comment in format.ts describes it", () => {
    const object = { kind: "control", number: 3, begin: 0, body: Buffer.from("cancel\n") } as const;
    expect(words(sealPiece(FOLDER, object))).toBe(words(anObject("control", 3, 0, "cancel\n")));
  });

  it("has a MAC that a shell with sha256sum computes", () => {
    const script =
      `h() { sha256sum | cut -d' ' -f1 | tr -d '\\n'; }; ` +
      `{ printf %s "$2"; { printf '%sfx1 %s out 7 40 8\\n' "$1" "$3"; cat; } | h; } | h`;
    const { keys, job } = FOLDER;
    const mac = execFileSync("/bin/sh", ["-c", script, "sh", keys.inner, keys.outer, job], {
      input: "one\ntwo\n",
    });
    expect(words(piece).split("\n")[0]).toBe(`fx1 out 7 40 8 ${mac.toString()}`);
  });

  it.each<[string, Buffer]>([
    ["of another job", anObject("out", 7, 40, "one\ntwo\n", { ...FOLDER, job: "f".repeat(32) })],
    [
      "made with another inner key",
      anObject("out", 7, 40, "one\ntwo\n", { ...FOLDER, keys: { ...FOLDER.keys, inner: "0".repeat(64) } }),
    ],
    [
      "made with another outer key",
      anObject("out", 7, 40, "one\ntwo\n", { ...FOLDER, keys: { ...FOLDER.keys, outer: "0".repeat(64) } }),
    ],
    ["with another number", Buffer.from(words(piece).replace("out 7", "out 8"), "latin1")],
    ["with another begin", Buffer.from(words(piece).replace(" 40 ", " 48 "), "latin1")],
    ["of another kind", Buffer.from(words(piece).replace("out", "end"), "latin1")],
    ["with another body", Buffer.from(words(piece).replace("two", "owt"), "latin1")],
    ["cut short", piece.subarray(0, -1)],
    ["with bytes behind it", Buffer.concat([piece, Buffer.from("x")])],
    ["whose length has a leading zero", Buffer.from(words(piece).replace(" 8 ", " 08 "), "latin1")],
    ["without a header's end", Buffer.from("fx1 out 7 40 8 ".padEnd(500, "a"))],
    ["of no bytes", Buffer.alloc(0)],
    ["with an empty piece", anObject("out", 7, 40, "")],
    ["with a heartbeat that has a body", anObject("alive", 7, 40, "x")],
    ["with a status longer than 16 KiB", anObject("end", 7, 40, "x".repeat(16 * 1024 + 1))],
    ["longer than a piece may be", anObject("out", 7, 40, "x".repeat(8 * MIB + 1))],
  ])("is refused: one %s", (_, bytes) => {
    expect(openPiece(FOLDER, bytes)).toBeUndefined();
  });

  it("may have 8 MiB of the spool, and is read whole then", () => {
    const largest = anObject("out", 0, 0, "x".repeat(8 * MIB));
    expect(largest.length).toBeLessThanOrEqual(LARGEST_OBJECT);
    expect(openPiece(FOLDER, largest)?.body.length).toBe(8 * MIB);
  });
});
