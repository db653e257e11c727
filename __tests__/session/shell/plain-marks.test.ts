import { PlainMarks } from "../../../src/session/shell/plain-marks.ts";

const NONCE = "0123456789abcdef";

/** What these pieces show, and the marks in them. */
function taken(pieces: readonly string[]) {
  const marks = new PlainMarks(NONCE);
  const all = pieces.map((piece) => marks.take(Buffer.from(piece)));
  return {
    shown: Buffer.concat(all.map(({ shown }) => shown)).toString(),
    begun: all.filter(({ hasBegun }) => hasBegun).length,
    codes: all.flatMap(({ code }) => code ?? []),
  };
}

const bytewise = (text: string): readonly string[] => Array.from(text);

it("the marks of begin and end are not shown, however their pieces come", () => {
  const text = `\x1b]7733;${NONCE} begun\x07$ exit\r\n\x1b]7733;${NONCE} 130\x07`;
  const expected = { shown: "$ exit\r\n", begun: 1, codes: [130] };
  expect(taken([text])).toEqual(expected);
  expect(taken(bytewise(text))).toEqual(expected);
});

it.each([
  ["another nonce", "\x1b]7733;ffff 0\x07 more"],
  ["no number", `\x1b]7733;${NONCE} 1x\x07 more`],
  ["another sequence", "\x1b]0;title\x07\x1b[?25h"],
])("what looks like one with %s is shown", (_, text) => {
  const expected = { shown: `${text}.`, begun: 0, codes: [] };
  expect(taken([`${text}.`])).toEqual(expected);
  expect(taken(bytewise(`${text}.`))).toEqual(expected);
});
