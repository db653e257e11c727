import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Readable } from "node:stream";
import { itemsOnStdin, scriptStdin, unreadStdinWarning } from "../../../src/doors/cli/stdin.ts";

const root = mkdtempSync(join(tmpdir(), "cli-stdin-"));
afterAll(() => rmSync(root, { recursive: true }));
beforeAll(() => {
  writeFileSync(join(root, "dump.sql"), "select 1;\n");
  writeFileSync(join(root, "empty"), "");
  execFileSync("mkfifo", [join(root, "pipe")]);
});

/** The warning for a command line whose standard input is this file. */
function warningFor(
  path: string,
  use: Partial<Parameters<typeof unreadStdinWarning>[0]> = {},
): string | undefined {
  const descriptor = openSync(path, constants.O_RDWR);
  try {
    return unreadStdinWarning({ inputs: { run: "psql" }, isScript: false, ...use }, descriptor);
  } finally {
    closeSync(descriptor);
  }
}

it("standard input that is meant as the script is told of the dash that makes it one", () => {
  expect(warningFor(join(root, "dump.sql"), { inputs: {} })).toBe(
    "Standard input is a file, and nothing reads it. A dash alone takes the script from there: 'fargate-exec run … -'.",
  );
});

it.each([
  ["dump.sql", "a file"],
  ["pipe", "a pipe"],
])("standard input from %s that nothing reads is told, with the option that takes it", (name, kind) => {
  const warning = warningFor(join(root, name));
  expect(warning).toBe(
    `Standard input is ${kind}, and the script does not get it. Give it by '--stdin -', or redirect it from /dev/null.`,
  );
});

it.each([
  ["/dev/null", {}],
  ["empty", {}],
  ["dump.sql", { isScript: true }],
  ["dump.sql", { inputs: { stdin: ["-"] } }],
  ["dump.sql", { inputs: { stdin: ["text"] } }],
  ["pipe", { inputs: { items: "-" } }],
])("standard input from %s is not told of with %j", (name, use) => {
  expect(warningFor(resolve(root, name), use)).toBeUndefined();
});

it("'--stdin -' takes standard input byte for byte", async () => {
  const bytes = Buffer.from([0, 255, 10]);
  const stdin = Readable.from([bytes.subarray(0, 1), bytes.subarray(1)]);
  expect(await scriptStdin({ inputs: { stdin: ["-"] }, isScript: false }, stdin)).toEqual(bytes);
});

it("standard input can't be both the script and its input", async () => {
  const both = scriptStdin({ inputs: { stdin: ["-"] }, isScript: true }, Readable.from([]));
  await expect(both).rejects.toThrow("Standard input can't be both the script and its input");
});

describe("'--items -'", () => {
  const itemsOf = (text: string | Buffer, use: Partial<Parameters<typeof itemsOnStdin>[0]> = {}) =>
    itemsOnStdin({ inputs: { items: "-" }, isScript: false, ...use }, Readable.from([Buffer.from(text)]));

  it("takes the lines of standard input, whatever they begin with", async () => {
    expect(await itemsOf("run:id\na\r\n\n")).toEqual(Buffer.from("run:id\na\r\n\n"));
    expect(await itemsOf("")).toEqual(Buffer.alloc(0));
  });

  it("leaves standard input alone when the option says something else", async () => {
    expect(await itemsOf("a", { inputs: { items: "b" } })).toBeUndefined();
    expect(await itemsOf("a", { inputs: {} })).toBeUndefined();
  });

  it.each<[string, string | Buffer, Partial<Parameters<typeof itemsOnStdin>[0]>, string]>([
    ["the script", "a", { isScript: true }, "Standard input can't be both the script and its items"],
    [
      ...(["the script's input", "a", { inputs: { items: "-", stdin: ["-"] } }] as const),
      "Standard input can't be both the items and the script's input",
    ],
    ["no text", Buffer.from([0xff]), {}, "The items on standard input are not UTF-8 text."],
    ["more than 1 MiB", "a".repeat(1_048_577), {}, "Standard input has more than 1 MiB"],
  ])("is refused when standard input is %s", async (_, text, use, message) => {
    await expect(itemsOf(text, use)).rejects.toThrow(message);
  });
});
