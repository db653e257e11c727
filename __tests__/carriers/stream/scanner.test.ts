import { LONGEST_MARK } from "../../../src/carriers/stream/marks.ts";
import { MarkScanner } from "../../../src/carriers/stream/scanner.ts";

const NONCE = "00112233445566778899aabbccddeeff";
const mark = (text: string): string => `\x1b]7733;${NONCE};${text}\x07`;

/** What a scanner finds in these pieces: marks in brackets, neighbouring bytes joined. */
function scan(...pieces: string[]): string {
  const scanner = new MarkScanner(NONCE);
  return pieces
    .flatMap((piece) => [...scanner.scan(Buffer.from(piece, "latin1"))])
    .map((each) => (each.kind === "mark" ? `[${each.text}]` : each.bytes.toString("latin1")))
    .join("");
}

it.each([
  ["one after the other", `${mark("p")}${mark("s")}`, "[p][s]"],
  ["among bytes", `a\n${mark("@0")}\nb`, "a\n[@0]\nb"],
  ["with words beyond ASCII", mark("n é").replace("é", "\xc3\xa9"), "[n é]"],
  ["but not of another nonce", mark("p").replaceAll("f", "e"), mark("p").replaceAll("f", "e")],
])("a scanner finds marks: %s", (_, text, all) => {
  expect(scan(text)).toBe(all);
  expect(scan(...Array.from(text))).toBe(all);
});

it("a scanner drops the beginning of what is longer than any mark, and shows the rest", () => {
  expect(scan(mark("x".repeat(LONGEST_MARK)))).toBe(`${"x".repeat(LONGEST_MARK)}\x07`);
});
