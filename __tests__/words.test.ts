import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { Failure } from "../src/errors.ts";
import { badInput, badInputs, noRegion } from "../src/inputs/refusals.ts";

/** What only the author of a workflow knows. The command line and the module have none of it. */
const OF_WORKFLOWS =
  /workflow(?!-commands)|action\.yml|configure-aws-credentials|actions\/|GitHub|this action|strategy\.|'concurrency'|\$\{\{|debug logging|permissions:|'env:'|'with:'|role-duration-seconds/i;
/** The runner's surroundings, and the words of these surroundings: no program shows them. */
const OF_THE_RUNNER = /^src\/(doors\/(github\/|(action|index|post|post-main)\.ts)|report\/summary\.ts)/;

const files = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .map((name) => join("src", name))
  .filter((path) => !OF_THE_RUNNER.test(path));

interface Text {
  readonly at: string;
  readonly text: string;
}

/** The texts of a source file that are more than one word, except those that are for the author of a workflow alone. */
function textsIn(path: string): readonly Text[] {
  const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
  const texts: Text[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAssignment(node) && node.name.getText() === "workflow") return;
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return;
    const isText =
      ts.isStringLiteral(node) ||
      ts.isNoSubstitutionTemplateLiteral(node) ||
      ts.isTemplateHead(node) ||
      ts.isTemplateMiddle(node) ||
      ts.isTemplateTail(node);
    if (isText && node.text.includes(" "))
      texts.push({
        at: `${path}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`,
        text: node.text,
      });
    ts.forEachChild(node, visit);
  };
  visit(source);
  return texts;
}

it("no text that a program may show speaks of workflows, or of what only they have", () => {
  const texts = files.flatMap(textsIn);
  expect(texts.length).toBeGreaterThan(500);
  expect(texts.filter(({ text }) => OF_WORKFLOWS.test(text))).toEqual([]);
});

it("the author of a workflow and the user of a program read the same failure in their own words", () => {
  expect(noRegion().message).toContain("aws-actions/configure-aws-credentials");
  expect(noRegion().messageFor("program")).toBe(
    "There is no AWS region to look for the cluster in.\n" +
      "Input 'region' is empty, and so are AWS_REGION and AWS_DEFAULT_REGION in the environment.\n" +
      "Set 'region' or AWS_REGION, or give the AWS CLI's profile a region ('aws configure').",
  );
  const several = badInputs([badInput("tasks", "a number", "'x'"), noRegion()]);
  expect(several.message).toContain("See the description of 'tasks' in action.yml.");
  expect(several.messageFor("program")).toContain(
    "- Input 'tasks' must be a number. Got 'x'. 'fargate-exec run --help --all'",
  );
  expect(several.messageFor("program")).not.toMatch(OF_WORKFLOWS);
});

it("what is found out later stands in the words of both", () => {
  const advice = { workflow: "Set it in the workflow.", program: "Set it." };
  const failure = new Failure("no-region", { failed: "No.", seen: "A.", advice, program: { seen: "B." } });
  const more = failure.alsoSeen("C.");
  expect([more.message, more.messageFor("program")]).toEqual([
    "No.\nA. C.\nSet it in the workflow.",
    "No.\nB. C.\nSet it.",
  ]);
  const other = failure.withParts({ seen: "D.", advice: "Wait." });
  expect([other.message, other.messageFor("program")]).toEqual(["No.\nD.\nWait.", "No.\nD.\nWait."]);
  expect(failure.withParts({ seen: "D." }).messageFor("program")).toBe("No.\nD.\nSet it.");
});
