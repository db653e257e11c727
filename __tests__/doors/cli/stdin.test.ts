import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Readable } from "node:stream";
import { scriptStdin, unreadStdinWarning } from "../../../src/doors/cli/stdin.ts";

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
