import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findNamedLine } from "../../src/report/last-words.ts";
import { SHELLS } from "../helpers/shells.ts";

let place: string;
let script: string;
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), "last-words-"));
  mkdirSync(join(place, "fargate-exec-0123456789abcdef0123-2"));
  script = join(place, "fargate-exec-0123456789abcdef0123-2/script");
});
afterAll(() => rmSync(place, { recursive: true }));

/** The line that is named for a script that fails, by its interpreter's words and its exit code. */
function lineOf(interpreter: string, text: string): number | undefined {
  writeFileSync(script, text);
  const [program = "", ...args] = interpreter.split(" ");
  const { status, stderr } = spawnSync(program, [...args, script], { encoding: "utf8" });
  expect(status).not.toBe(0);
  return findNamedLine(stderr, status ?? 0);
}

it.each(SHELLS)(
  "%s names the line of a command that is not there, of an unset variable, and of a syntax error, but not of an error after which the script went on",
  (shell) => {
    expect(lineOf(`${shell} -eu`, "true\n: $nosuchvariable\n")).toBe(2);
    expect(lineOf(shell, "nosuchcommand\ntrue\nexit 7\n")).toBeUndefined();
    expect(lineOf(`${shell} -e`, "true\n\nnosuchcommand\ntrue\n")).toBe(3);
    expect([3, 4]).toContain(lineOf(shell, "true\n# two\necho )\n"));
  },
);

it("python names the innermost frame that is in the script", () => {
  const text = "import json\ndef read():\n    json.loads('no')\n\nread()\n";
  expect(lineOf("python3", text)).toBe(3);
  expect(lineOf("python3", "x = 1\nif x\n")).toBe(2);
});
