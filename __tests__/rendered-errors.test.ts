import { withOptions } from "../src/cli/lacking-options.ts";
import { FAILURE_CODES, Failure } from "../src/errors.ts";
import { inputNames } from "../src/inputs/names.ts";
import { unansweredCheck } from "../src/ready/checks/check.ts";
import { explain } from "../src/report/explain.ts";
import { checkResult } from "../src/report/result.ts";
import { EACH_FAILURE } from "./helpers/each-failure.ts";
import { expectGolden } from "./helpers/golden.ts";

/** What the user of a program can do nothing with. */
const OF_WORKFLOWS =
  /workflow(?!-commands)|action\.yml|configure-aws-credentials|GitHub(?!usercontent)|strategy\.|'concurrency'|\$\{\{|debug logging|permissions:|'env:'|'with:'|this action/i;

const page = "https://example.com/errors.md";

interface Rendered {
  readonly workflow: string;
  readonly commandLine: string;
}

async function render(code: (typeof FAILURE_CODES)[number]): Promise<Rendered> {
  if (code === "check-failed") {
    const denied = await EACH_FAILURE["no-credentials"]();
    const result = checkResult([unansweredCheck("credentials", denied, { required: true })]);
    const [workflow = "", program = ""] = (["workflow", "program"] as const).map(
      (reader) => explain(result, { reader, page, timeout: undefined, scriptFile: undefined })?.message,
    );
    return { workflow, commandLine: withOptions(program) };
  }
  const failure = await EACH_FAILURE[code]();
  expect(failure).toBeInstanceOf(Failure);
  expect(failure.code).toBe(code);
  return {
    workflow: failure.messageFor("workflow"),
    commandLine: withOptions(failure.messageFor("program")),
  };
}

const all: (readonly [string, Rendered])[] = [];
beforeAll(async () => {
  for (const code of FAILURE_CODES) all.push([code, await render(code)]);
});

it("each code reads in a workflow and on the command line as in the golden file", () => {
  const texts = all.map(([code, { workflow, commandLine }]) =>
    workflow === commandLine
      ? `## ${code}\n\nboth:\n${workflow}\n`
      : `## ${code}\n\nworkflow:\n${workflow}\n\ncommand line:\n${commandLine}\n`,
  );
  expectGolden("errors.txt", texts.join("\n"));
});

it("no code speaks of workflows on the command line, nor names an input where it has options", () => {
  const names = inputNames.join("|");
  const asInput = new RegExp(`\\b[Ii]nputs? '(${names})'|'(${names}): [^']*'`);
  for (const [code, { commandLine }] of all) {
    expect([code, OF_WORKFLOWS.exec(commandLine)?.[0]]).toEqual([code, undefined]);
    expect([code, asInput.exec(commandLine)?.[0]]).toEqual([code, undefined]);
  }
});

it("each code says in each surroundings what failed, what was seen and what to do, in at most twelve lines", () => {
  for (const [code, texts] of all)
    for (const text of Object.values(texts) as string[]) {
      const lines = text.split("\n");
      expect([code, lines.length >= 3 && lines.length <= 12]).toEqual([code, true]);
      expect([code, lines.filter((line) => line.trim() === "")]).toEqual([code, []]);
    }
});
