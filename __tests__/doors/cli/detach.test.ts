import { jest } from "@jest/globals";
import { checkDetach } from "../../../src/doors/cli/check-detach.ts";
import { exitCodeOf } from "../../../src/doors/cli/exit-code.ts";
import { handleText } from "../../../src/doors/cli/handle.ts";
import { carryOutLine } from "../../../src/doors/cli/main.ts";
import { withScript } from "../../../src/doors/cli/script.ts";
import { programInputs } from "../../../src/doors/program/inputs-source.ts";
import { readInputs } from "../../../src/inputs/read-all.ts";
import { HANDLE_TEXT, HANDLE } from "../../inputs/a-handle.ts";

it("refuses --detach without --outputs-file, because the handle would be lost", () => {
  for (const detach of [["true"], ["3h"], true])
    expect(() => checkDetach({ detach }, {})).toThrow("Give --outputs-file with --detach");
  checkDetach({ detach: ["3h"] }, { outputsFile: "outputs.json" });
  for (const detach of [undefined, ["false"], false]) checkDetach({ detach }, {});
});

it("exits with 0 after a detach, else with the script's exit code, else with 125", () => {
  expect(exitCodeOf({ outcome: "detached", exitCode: undefined })).toBe(0);
  expect(exitCodeOf({ outcome: "failed", exitCode: 7 })).toBe(7);
  expect(exitCodeOf({ outcome: "unknown", exitCode: undefined })).toBe(125);
});

it("attaches with the handle alone, and refuses a command beside it", async () => {
  const stdin = process.stdin;
  const alone = await withScript({ handle: [HANDLE_TEXT] }, { words: [], runFile: undefined, stdin });
  expect(readInputs(programInputs(alone, { env: {} })).where).toEqual({ kind: "handle", handle: HANDLE });
  const both = await withScript({ handle: [HANDLE_TEXT] }, { words: ["ls"], runFile: undefined, stdin });
  expect(() => readInputs(programInputs(both, { env: {} }))).toThrow(
    "Input 'run' must be left out with 'handle'.",
  );
});

/** Standard input that brings `text` in two chunks. */
async function* stdinOf(text: string): AsyncGenerator<Uint8Array> {
  yield* [Buffer.from(text.slice(0, 5)), Buffer.from(text.slice(5))];
  await Promise.resolve();
}

it.each([
  ["the command line", HANDLE_TEXT, ""],
  ["standard input", "-", `${HANDLE_TEXT}\n`],
  ["the outputs on standard input", "-", JSON.stringify({ outcome: "detached", handle: HANDLE_TEXT })],
])("reads a handle from %s", async (_, given, text) => {
  expect(await handleText(given, stdinOf(text))).toBe(HANDLE_TEXT);
});

it.each(["", "  \n", '{"handle":""}', "{}"])("finds no handle in %j", async (text) => {
  await expect(handleText("-", stdinOf(text))).rejects.toThrow("There is no handle");
});

it.each([
  ["without its command", [HANDLE_TEXT]],
  ["as a value", ["run", `--handle=${HANDLE_TEXT}`, "--logs", "x", `--${HANDLE_TEXT}`]],
  ["as one word of two", ["attach", HANDLE_TEXT, HANDLE_TEXT]],
])("does not repeat a handle of a wrong command line that has it %s", async (_, words) => {
  let said = "";
  const write = jest
    .spyOn(process.stderr, "write")
    .mockImplementation((text) => Boolean((said += String(text))));
  const { exitCode } = process;
  await carryOutLine(words);
  expect(process.exitCode).toBe(125);
  process.exitCode = exitCode;
  write.mockRestore();
  expect(said).toContain("fargate-exec: error: ");
  expect(said).not.toContain(HANDLE_TEXT.slice(4, 30));
});
