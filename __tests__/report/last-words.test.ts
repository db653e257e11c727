import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { namedLine } from "../../src/report/last-words.ts";
import { SHELLS } from "../helpers/shells.ts";

let place: string;
let script: string;
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), "last-words-"));
  mkdirSync(join(place, "fargate-exec-0123456789abcdef0123-2"));
  script = join(place, "fargate-exec-0123456789abcdef0123-2/script");
});
afterAll(() => rmSync(place, { recursive: true }));

/** What the interpreter says of a script that fails. */
function saidOf(interpreter: string, text: string): string {
  writeFileSync(script, text);
  const [program = "", ...args] = interpreter.split(" ");
  const { status, stderr } = spawnSync(program, [...args, script], { encoding: "utf8" });
  expect(status).not.toBe(0);
  return stderr;
}

it.each(SHELLS)("%s names the line of a command that is not there, and of a syntax error", (shell) => {
  expect(namedLine(saidOf(`${shell} -e`, "true\n\nnosuchcommand\ntrue\n"))).toBe(3);
  expect([3, 4]).toContain(namedLine(saidOf(shell, "true\n# two\necho )\n")));
});

it("python names the frame of the script that is the innermost", () => {
  const text = "import json\ndef read():\n    json.loads('no')\n\nread()\n";
  expect(namedLine(saidOf("python3", text))).toBe(3);
  expect(namedLine(saidOf("python3", "x = 1\nif x\n"))).toBe(2);
});
