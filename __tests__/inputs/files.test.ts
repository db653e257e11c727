import { fileSelections } from "../../src/inputs/files.ts";

it("each line is a glob, a glob with its destination, or an exclusion", () => {
  const text = " conf/*.yml \n\ndist/**=/srv/static/\n./src/\n!**/*.log\na=b=c\n";
  expect(fileSelections(text)).toEqual({
    value: {
      selections: [
        { pattern: "conf/*.yml", destination: undefined },
        { pattern: "dist/**", destination: "/srv/static/" },
        { pattern: "src", destination: undefined },
        { pattern: "a=b", destination: "c" },
      ],
      exclusions: ["**/*.log"],
    },
  });
});

it.each([
  [".", "./"],
  ["./.", "./"],
  ["/srv/.", "/srv/"],
  ["/srv/x.", "/srv/x."],
])("the destination %s is %s", (given, destination) => {
  expect(fileSelections(`a=${given}`)).toMatchObject({
    value: { selections: [{ pattern: "a", destination }] },
  });
});

it.each([
  ["a path of the runner", "/etc/passwd", "'/etc/passwd'"],
  ["a path out of the workspace", "a/../../b", "'a/../../b'"],
  ["a path out of it for what is left out", "a\n!../b", "'../b'"],
  ["a path out of it in braces", "a/{b,../..}/c", "'a/{b,../..}/c'"],
  ["an escape", "a\\[b", "'a\\[b'"],
  ["no destination", "a=", "'a='"],
  ["a destination with ..", "a=/srv/../etc", "'a=/srv/../etc'"],
  ["a destination with a control character", "a=/srv/\u001bx", "'a=/srv/ x'"],
  ["a glob with a control character", "a\tb", "'a b'"],
  ["nothing that is brought", "!a", "'!a'"],
  ["no glob before a destination", "=/srv", "nothing"],
])("%s is refused", (_, text, got) => {
  expect(fileSelections(text)).toMatchObject({ got });
});

it("an object has paths without wildcards, and their destinations", () => {
  const given = { " a=(1).txt": "/srv/.", "[id]/": "/srv/x=y" };
  expect(fileSelections(JSON.stringify(given))).toEqual({
    value: {
      selections: [
        { pattern: " a=(1).txt", isPath: true, destination: "/srv/" },
        { pattern: "[id]", isPath: true, destination: "/srv/x=y" },
      ],
      exclusions: [],
    },
  });
});

it.each([
  ...[{ "../a": "/srv" }, { "/a": "/srv" }, { a: "" }, { a: "/srv/../b" }, { a: 1 }],
  ...[{ a: "/srv/b\netc" }, { a: "/srv/\u0000" }, { a: "/srv/\u0085" }, { "a\nb": "/srv" }],
])("%j is refused", (given) => {
  expect(fileSelections(JSON.stringify(given))).toMatchObject({
    must: expect.stringContaining("JSON object") as string,
  });
});

it("takes 1,000 lines, and not one more", () => {
  expect(fileSelections("a\n".repeat(1000))).toHaveProperty("value");
  expect(fileSelections("a\n".repeat(1001))).toMatchObject({ must: "1000 lines at most", got: "1001" });
});
