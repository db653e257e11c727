import { Escapes } from "../../../src/session/shell/escapes.ts";

/** What the shell gets, and what this program is asked, of these pieces. */
function typedBy(...pieces: readonly string[]) {
  const escapes = new Escapes();
  const taken = pieces.map((piece) => escapes.take(Buffer.from(piece)));
  return {
    typed: Buffer.concat(taken.map(({ typed }) => typed)).toString(),
    actions: taken.flatMap(({ actions }) => actions),
  };
}

it.each([
  ["a tilde and a dot behind a line end leave", ["ls\r", "~", "."], "ls\r", ["leave"]],
  ["they leave at the very begin, too", ["~."], "", ["leave"]],
  ["a dot later in a line does not", ["a~.\r b~."], "a~.\r b~.", []],
  ["a question mark asks for help, and another escape may follow", ["\r~?~."], "\r", ["help", "leave"]],
  ["two tildes send one", ["\r~~.\r"], "\r~.\r", []],
  ["any other key gets the tilde back", ["\r~/bin\r~", "\r"], "\r~/bin\r~\r", []],
  ["a line end that a paste has counts", ["a\n~."], "a\n", ["leave"]],
  ["an interrupt is the shell's", ["\x03\x04\x1a"], "\x03\x04\x1a", []],
])("%s", (_, pieces, typed, actions) => {
  expect(typedBy(...pieces)).toEqual({ typed, actions });
});

it("a tilde at the begin of a line waits for the next key", () => {
  expect(typedBy("x\r~")).toEqual({ typed: "x\r", actions: [] });
});
