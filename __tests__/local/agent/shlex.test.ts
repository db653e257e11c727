import { split, UnfinishedCommand } from "../../../local/agent/shlex.ts";

describe("split", () => {
  it.each<[string, string, string[]]>([
    ["words at space, tab, CR and LF", "a b\tc\rd\ne", ["a", "b", "c", "d", "e"]],
    ["a comment to the end of its line", "a # b c\nd #e", ["a", "d"]],
    ["# inside a word as itself", "a#b '#'", ["a#b", "#"]],
    ["single quotes literally", String.raw`'a\n"b" $c'`, [String.raw`a\n"b" $c`]],
    ["the quoted quote of a shell", String.raw`'it'\''s'`, ["it's"]],
    ["a backslash before anything in double quotes", String.raw`"a\nb" "\$x" "\""`, ["anb", "$x", '"']],
    ["a backslash outside quotes", String.raw`a\ b \#c`, ["a b", "#c"]],
    ["backslash and newline as a newline", "a\\\nb", ["a\nb"]],
    ["empty arguments", `'' "" x`, ["", "", "x"]],
    [
      "what a shell would expand",
      "$HOME *.c ~ a;b | c > d",
      ["$HOME", "*.c", "~", "a;b", "|", "c", ">", "d"],
    ],
    ["quotes glued to words", `a"b c"'d e'f`, ["ab cd ef"]],
    ["nothing but a comment", "# only", []],
    ["nothing", " \n", []],
    ["characters beyond the basic plane", "echo 🚀", ["echo", "🚀"]],
  ])("takes %s", (_name, command, words) => {
    expect(split(command)).toEqual(words);
  });

  it.each([
    ["an open single quote", "sh -c 'a", "EOF found when expecting closing quote"],
    ["an open double quote", 'sh -c "a', "EOF found when expecting closing quote"],
    ["a backslash at the end", "a \\", "EOF found after escape character"],
    ["a backslash at the end of an open quote", '"a\\', "EOF found after escape character"],
  ])("refuses %s in google/shlex's words", (_name, command, message) => {
    expect(() => split(command)).toThrow(new UnfinishedCommand(message));
  });
});
