import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { artifactsPy, artifactsSource } from "../../src/payload/container-source.ts";
import { findProgram } from "../helpers/tools.ts";

const LIMIT = "100000";
const TOOLS = ["find", "sort", "stat", "tar", "gzip", "base64", "awk"];

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "listed-"));
  for (let file = 0; file < 60; file += 1) writeFileSync(join(directory, `${file}`), "x");
});
afterAll(() => rmSync(directory, { recursive: true }));

/** The facts of a packer that takes up to ten files of the directory, and lists no more than 50. */
function factsOf(source: string, begin: readonly string[]): string[] {
  expect(source).toContain(LIMIT);
  const words = [...begin, "2880", "", "10", "1000000", "+", "", "", ".*"];
  const args = ["-c", 'cd "$1" && exec 7<. && shift && exec "$@"', "sh", directory];
  const [program = "", ...rest] = words.map((word) =>
    word === "SOURCE" ? source.replaceAll(LIMIT, "50") : word,
  );
  const lines = execFileSync("/bin/sh", [...args, program, ...rest], { encoding: "utf8" }).split("\n");
  return lines.filter((line) => /^f(unread|over|list)/.test(line));
}

it.each([
  ["python3", artifactsPy(), ["python3", "-I", "-S", "-c", "SOURCE", "6"]],
  [
    "tar",
    artifactsSource(),
    ["/bin/sh", "-c", "SOURCE", "sh", String(process.getuid?.()), ...TOOLS.map((tool) => findProgram(tool))],
  ],
])("a bounded number of files is listed, and a fact says so: by %s", (_, source, begin) => {
  const facts = factsOf(source, begin);
  expect(facts).toContain('funread "" more than 50 files and directories: the others are not listed');
  expect(facts.filter((fact) => fact.startsWith("fover "))).toEqual([
    expect.stringMatching(/^fover (40|41) /),
  ]);
  expect(facts.filter((fact) => fact.startsWith("flist "))).toHaveLength(10);
});
