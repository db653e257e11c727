import { least, read, refusal, type GivenInputs } from "./given.ts";

const MIB = 1024 * 1024;
const files = {
  "/repo/in.sql": "select 1;\r\n\u0001",
  "/repo/large": "x".repeat(MIB),
  "/repo/huge": "x".repeat(64 * MIB + 1),
};

it.each<[string, string, string | undefined]>([
  ["a text byte for byte", " a\n\nb\r\n", " a\n\nb\r\n"],
  ["white space alone", "\n", "\n"],
  ["the bytes of a file", "file:in.sql", files["/repo/in.sql"]],
  ["the bytes of a file, with blanks around its path", "file: ./in.sql\n", files["/repo/in.sql"]],
  ["nothing", "", undefined],
])("standard input is %s", (_, stdin, expected) => {
  expect(read({ ...least, stdin }, { files }).stdin).toEqual(
    expected === undefined ? undefined : Buffer.from(expected),
  );
});

it.each<[string, GivenInputs, RegExp]>([
  ["a file that is not there", { stdin: "file:gone" }, /'stdin' must be a file that can be read/],
  ["a file elsewhere", { stdin: "file:../x" }, /'stdin' must be a path inside the workspace or RUNNER_TEMP/],
  ["no path", { stdin: "file:" }, /'stdin' must be a path inside the workspace/],
  [
    "too much for a session",
    { stdin: "file:large" },
    /'bucket' must be set for a standard input of this size/,
  ],
  ["too much", { stdin: "file:huge", bucket: "example-ci" }, /'stdin' must be at most 64 MiB/],
])("is refused before any call of AWS: %s", (_, given, expected) => {
  expect(refusal({ ...least, ...given }, { files }).failed).toMatch(expected);
});

it("may be larger with a bucket than a session takes", () => {
  const { stdin } = read({ ...least, stdin: "file:large", bucket: "example-ci" }, { files });
  expect(stdin).toHaveLength(MIB);
});
