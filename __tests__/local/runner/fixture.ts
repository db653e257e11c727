import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runStep, type StepRequest, type StepResult } from "../../../local/runner/step.ts";

export interface Fixture {
  /** JavaScript of main; `lines(...)` prints lines, `file(name, text)` appends to a file command. */
  readonly main: string;
  readonly post?: string;
  /** YAML below `inputs:`. */
  readonly inputs?: string;
}

const prelude = `
const { appendFileSync, existsSync, readFileSync } = require("node:fs");
const lines = (...all) => process.stdout.write(all.map((line) => line + "\\n").join(""));
const file = (name, text) => appendFileSync(process.env["GITHUB_" + name], text);
`;

/** Runs a small action, which is written for the test and removed afterwards. */
export async function runFixture(fixture: Fixture, request: Partial<StepRequest> = {}): Promise<StepResult> {
  const actionDir = mkdtempSync(join(tmpdir(), "action-"));
  try {
    writeFileSync(join(actionDir, "main.js"), prelude + fixture.main);
    const post = fixture.post === undefined ? "" : `\n  post: post.js\n  post-if: always()`;
    if (fixture.post !== undefined) writeFileSync(join(actionDir, "post.js"), prelude + fixture.post);
    const inputs = fixture.inputs === undefined ? "" : `inputs:\n${fixture.inputs}\n`;
    writeFileSync(
      join(actionDir, "action.yml"),
      `name: fixture\n${inputs}runs:\n  using: node24\n  main: main.js${post}\n`,
    );
    return await runStep({ actionDir, inputs: {}, env: {}, workspace: actionDir, ...request });
  } finally {
    rmSync(actionDir, { recursive: true });
  }
}

/** The log without the runner's own lines before main starts. */
export function output(result: StepResult): readonly string[] {
  return result.log.slice(result.log.indexOf("##[endgroup]") + 1);
}
