import { parseFileCommands } from "../../../local/runner/files.ts";

describe("parseFileCommands", () => {
  it.each([
    ["nothing", "", []],
    [
      "pairs, and empty lines between",
      "a=1\n\nb=2",
      [
        ["a", "1"],
        ["b", "2"],
      ],
    ],
    ["further = in the value", "a=b=c", [["a", "b=c"]]],
    ["<< in a value", "a=b<<c", [["a", "b<<c"]]],
    ["= in a delimiter", "a<<E=F\nx\nE=F", [["a", "x"]]],
    [
      "a value of several lines",
      "a<<EOF\none\n\ntwo=2\nEOF\nb=3\n",
      [
        ["a", "one\n\ntwo=2"],
        ["b", "3"],
      ],
    ],
    ["an empty value", "a<<EOF\nEOF\n", [["a", ""]]],
    ["a value that is one empty line", "a<<EOF\n\nEOF\n", [["a", ""]]],
    ["CRs of a value", "a<<EOF\none\r\nEOF\n", [["a", "one\r"]]],
    ["a delimiter at the very end", "a<<EOF\nx\nEOF", [["a", "x"]]],
  ])("reads %s", (_, text, pairs) => {
    expect([...parseFileCommands(text)]).toEqual(pairs);
  });

  it.each([
    ["no pair", "Invalid format 'no pair'"],
    ["a<<\n", "Invalid format 'a<<'. Name must not be empty and delimiter must not be empty"],
    ["<<EOF\nEOF\n", "Name must not be empty and delimiter must not be empty"],
    ["a<<EOF\nx\n", "Invalid value. Matching delimiter not found 'EOF'"],
    ["a<<EOF\n EOF\n", "Invalid value. Matching delimiter not found 'EOF'"],
    ["a<<EOF\nx", "Invalid value. EOF marker missing new line."],
  ])("refuses %j", (text, message) => {
    expect(() => [...parseFileCommands(text)]).toThrow(message);
  });
});
