import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { commandScript, withScript } from "../../../src/doors/cli/script.ts";
import type { RunInputs } from "../../../src/doors/program/run-options.ts";

const directory = mkdtempSync(join(tmpdir(), "script-"));
afterAll(() => rmSync(directory, { recursive: true }));

function inputsOf(inputs: RunInputs, words: readonly string[], runFile?: string, stdin = "") {
  return withScript(inputs, { words, runFile, stdin: Readable.from([Buffer.from(stdin, "latin1")]) });
}

it("the words of a command reach its program as they are", () => {
  const words = ["printf", "%s|", "a b", "$(id)", "it's", "", "*", "new\nline", "-n"];
  expect(execFileSync("sh", ["-e", "-c", commandScript(words)], { encoding: "utf8" })).toBe(
    `${words.slice(2).join("|")}|`,
  );
});

it("the script is a command, or comes from standard input, from a file or from an input", async () => {
  const path = join(directory, "job.sh");
  writeFileSync(path, "#!/bin/bash\necho é\n");
  expect(await inputsOf({ service: "web" }, ["ls", "-l"])).toEqual({
    service: "web",
    run: "exec ls -l\n",
    shell: "sh",
  });
  expect(await inputsOf({}, ["-"], undefined, "echo a\n")).toEqual({ run: "echo a\n" });
  expect(await inputsOf({}, [], "-", "echo b\n")).toEqual({ run: "echo b\n" });
  expect(await inputsOf({ shell: "bash" }, [], path)).toEqual({
    shell: "bash",
    run: "#!/bin/bash\necho é\n",
  });
  expect(await inputsOf({ run: "ls" }, [])).toEqual({ run: "ls" });
});

it.each<[string, RunInputs, readonly string[], string | undefined, string]>([
  ["a command and a file", {}, ["ls"], "x", "Give either a command or --run-file, not both."],
  ["a command and --run", { run: "ls" }, ["ls"], undefined, "Give either a command or --run, not both."],
  [
    "a file and --script-file",
    { "script-file": "x" },
    [],
    "x",
    "Give either --run-file or --script-file, not both.",
  ],
  ["a command and a shell", { shell: "bash" }, ["ls"], undefined, "leave --shell out"],
  ["a file that is not there", {}, [], "/nowhere/job.sh", "can't be read from /nowhere/job.sh: "],
  ["bytes that are no text", {}, ["-"], undefined, "standard input is not UTF-8 text"],
])("refuses %s", async (_, inputs, words, runFile, message) => {
  await expect(inputsOf(inputs, words, runFile, "\xff")).rejects.toThrow(message);
});
