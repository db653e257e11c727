import { checkDetach } from "../../src/cli/check-detach.ts";
import { exitCodeOf } from "../../src/cli/exit-code.ts";
import { handleText } from "../../src/cli/handle.ts";
import { withScript } from "../../src/cli/script.ts";
import { programInputs } from "../../src/program/inputs-source.ts";
import { readInputs } from "../../src/inputs/read-all.ts";
import { attach, HANDLE } from "../inputs/a-handle.ts";

it("leaves a script running only where a file gets the handle", () => {
  for (const detach of [["true"], ["3h"], true])
    expect(() => checkDetach({ detach }, {})).toThrow("Give --outputs-file with --detach");
  checkDetach({ detach: ["3h"] }, { outputsFile: "left.json" });
  for (const detach of [undefined, ["false"], false]) checkDetach({ detach }, {});
});

it("is a success where the script was left running, and the script's own end where there is one", () => {
  expect(exitCodeOf({ outcome: "detached", exitCode: undefined })).toBe(0);
  expect(exitCodeOf({ outcome: "failed", exitCode: 7 })).toBe(7);
  expect(exitCodeOf({ outcome: "unknown", exitCode: undefined })).toBe(125);
});

it("follows a job by its handle alone, and takes no command beside it", async () => {
  const stdin = process.stdin;
  const alone = await withScript({ attach: [attach] }, { words: [], runFile: undefined, stdin });
  expect(readInputs(programInputs(alone, { env: {} })).where).toEqual({ kind: "handle", handle: HANDLE });
  const both = await withScript({ attach: [attach] }, { words: ["ls"], runFile: undefined, stdin });
  expect(() => readInputs(programInputs(both, { env: {} }))).toThrow(
    "Input 'run' must be left out with 'attach'.",
  );
});

/** Standard input with this text. */
async function* stdin(text: string): AsyncGenerator<Uint8Array> {
  yield* [Buffer.from(text.slice(0, 5)), Buffer.from(text.slice(5))];
  await Promise.resolve();
}

it.each([
  ["the command line", attach, ""],
  ["standard input", "-", `${attach}\n`],
  ["the outputs on standard input", "-", JSON.stringify({ outcome: "detached", handle: attach })],
])("reads a handle from %s", async (_, given, text) => {
  expect(await handleText(given, stdin(text))).toBe(attach);
});

it.each(["", "  \n", '{"handle":""}', "{}"])("finds no handle in %j", async (text) => {
  await expect(handleText("-", stdin(text))).rejects.toThrow("There is no handle");
});
