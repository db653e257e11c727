import { Screen } from "../../../src/session/shell/screen.ts";

/** A screen that has been shown these texts, whose pieces come as they are. */
function shown(...pieces: readonly string[]): Screen {
  const screen = new Screen();
  for (const piece of pieces) screen.take(Buffer.from(piece, "latin1"));
  return screen;
}

describe("what a screen has to be restored from", () => {
  it.each([
    ["a program that has put all back", "\x1b[?1049h\x1b[?25l text \x1b[?25h\x1b[?1049l", ""],
    [
      "vim that was cut off",
      "\x1b[?1049h\x1b[?1h\x1b=\x1b[?2004h\x1b[?25l",
      "\x1b[?1049l\x1b[?1l\x1b[?2004l\x1b[?25h\x1b>",
    ],
    ["several modes in one sequence", "\x1b[?1000;1006h", "\x1b[?1000l\x1b[?1006l"],
    ["a colour", "\x1b[1;31mred", "\x1b[m"],
    ["a colour that has ended", "\x1b[1;31mred\x1b[0m", ""],
    ["a mode of no interest", "\x1b[?12h\x1b[4h", ""],
    ["a reset of the terminal", "\x1b[?1049h\x1bc", ""],
    ["a sequence that was cut off", "text\x1b[?104", "\x18"],
  ])("%s", (_, text, restored) => {
    expect(shown(text).restore()).toBe(restored);
    // Wherever the pieces end.
    expect(shown(...Array.from(text)).restore()).toBe(restored);
  });
});

it.each([
  ["plain text", "text", true],
  ["half a character", "\xe2\x82", false],
  ["a whole character", "\xe2\x82\xac", true],
  ["half a colour", "\x1b[31", false],
  ["half a title", "\x1b]0;title", false],
  ["a title", "\x1b]0;title\x07", true],
  ["a title with the other end", "\x1b]0;title\x1b\\", true],
  ["a character set", "\x1b(", false],
  ["a character set", "\x1b(B", true],
])("a notice may stand behind %s %j: %s", (_, text, isBetween) => {
  expect(shown(text).isBetween).toBe(isBetween);
});

it("a full-screen program is known by its screen", () => {
  expect(shown("\x1b[?1049h").isFull).toBe(true);
  expect(shown("\x1b[?1049h", "\x1b[?1049l").isFull).toBe(false);
});
