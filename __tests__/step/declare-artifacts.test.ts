import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Log } from "../../src/log.ts";
import { declareArtifacts } from "../../src/step/declare-artifacts.ts";
import { anInputs } from "../helpers/runs.ts";
import { aResult, someFacts } from "../report/example-results.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "fx-declare-"));
  for (const name of ["app.whl", "odd=name"]) writeFileSync(join(root, name), name);
});
afterEach(() => rmSync(root, { recursive: true }));

/** Declares two files that came, and one that is gone again. Gives the declarations, and the lines of the log. */
function declareFiles(exitCode: string, { asked = true, offers = true } = {}) {
  const said: string[] = [];
  const lines: string[] = [];
  const say = (text = ""): void => void said.push(text);
  const log: Log = { info: say, debug: say, warning: say, notice: say, phase: say, fold: say };
  const files = ["app.whl", "odd=name", "gone"].map((name) => join(root, name));
  const path = root;
  const artifacts = { count: 3, bytes: 0, directory: "a", path, taskPath: path, files, problems: [] };
  const limits = { maxCount: 9, maxBytes: 9, missing: "warn" } as const;
  const inputs = anInputs({ artifacts: { directory: root, within: [root], ...limits, declare: asked } });
  const result = { ...aResult("exited", exitCode), task: someFacts({ artifacts }) };
  const cancel = new AbortController().signal;
  declareArtifacts(result, { inputs, log, cancel }, offers ? (some) => void lines.push(...some) : undefined);
  return { lines, said };
}

it("the files that are there are declared, and one for which the runner would fail the step is named", () => {
  const { lines, said } = declareFiles("0");
  expect(lines).toEqual([`file://${root}/app.whl`]);
  expect(said).toEqual([
    "Declared for attestation: 1 file.",
    expect.stringMatching(/^Not declared for attestation: '.*odd=name'\./),
  ]);
});

it("nothing is declared of a script that has failed, or when no input asks for it", () => {
  expect([declareFiles("1"), declareFiles("0", { asked: false })]).toEqual([
    { lines: [], said: [] },
    { lines: [], said: [] },
  ]);
});

it("a runner that offers no GITHUB_ARTIFACTS is named", () => {
  expect(declareFiles("0", { offers: false })).toEqual({
    lines: [],
    said: ["No artifact is declared for attestation: this runner offers no GITHUB_ARTIFACTS."],
  });
});
