import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Readable } from "node:stream";
import { Command } from "commander";
import { parse } from "yaml";
import { checkForwards, FORWARD_OPTIONS } from "../../../src/doors/cli/forward-command.ts";
import { addInputOptions } from "../../../src/doors/cli/input-options.ts";
import { withScript } from "../../../src/doors/cli/script.ts";
import { readInputs } from "../../../src/inputs/read-all.ts";
import { programInputs } from "../../../src/doors/program/inputs-source.ts";
import { readTerraform } from "../../examples/terraform.ts";

const directory = resolve(import.meta.dirname, "../../../examples/cli");
const env = {
  ...{ AWS_REGION: "eu-west-1", DB_PASSWORD: "secret", CLUSTER: "prod", SERVICE: "web", SUBNETS: "subnet-1" },
  ...{ BUILDKITE_PARALLEL_JOB: "3" },
};

/** The words of the command line in an example, as the shell of its build service reads them. */
function words(file: string): string[] {
  const text = readFileSync(resolve(directory, file), "utf8").replaceAll('\\"', '"').replaceAll("$$", "$");
  const [line = ""] = /npx --yes fargate-exec@\d+ run(?:.*\\\n)*.*/.exec(text) ?? [];
  const command = file.endsWith(".tf") ? line.replace(/"$/, "") : line;
  const npx = "npx() { shift 3; printf '%s\\0' \"$@\"; }";
  const read = execFileSync("sh", ["-euc", `${npx}\n${command}`], { env, encoding: "utf8" });
  return read.split("\0").slice(0, -1);
}

it("the files are of the form that their services read", () => {
  const read = (file: string): unknown => parse(readFileSync(resolve(directory, file), "utf8"));
  const line = expect.stringMatching(/^npx --yes fargate-exec@/) as string;
  // docs.gitlab.com/ci/yaml: a job's `id_tokens` each have an `aud`.
  expect(read("gitlab-ci.yml")).toMatchObject({
    migrate: {
      id_tokens: { AWS_ID_TOKEN: { aud: "sts.amazonaws.com" } },
      script: [expect.any(String) as string, line],
    },
  });
  // docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html: the version is a number or its text.
  expect(read("buildspec.yml")).toMatchObject({ version: 0.2, phases: { build: { commands: [line] } } });
  // buildkite.com/docs/pipelines/configure/step-types/command-step
  expect(read("buildkite.yml")).toMatchObject({ steps: [{ parallelism: 4, command: line }] });
  const { resources } = readTerraform(directory, {
    "var.task_definition_arn": "arn",
    "var.cluster": "prod",
    "var.service": "web",
  });
  expect(resources.map(([address]) => address)).toEqual(["terraform_data.migrate"]);
});

it.each(readdirSync(directory))("the command line of %s is valid", async (file) => {
  const command = new Command().exitOverride().argument("[command...]");
  const inputs = addInputOptions(command, { env });
  command.parse(words(file), { from: "user" });
  const given = await withScript(inputs(), {
    words: command.args,
    runFile: undefined,
    stdin: Readable.from([]),
  });
  const read = readInputs(programInputs(given, { env }));
  expect(read.script).toMatchObject({
    kind: "run",
    text: expect.stringMatching(/^exec (python|\.\/run)/) as string,
  });
});

it("GitLab's form of a forward in the docs is valid", () => {
  const text = readFileSync(resolve(directory, "../../docs/forward.md"), "utf8");
  const [, line = ""] = /npx --yes fargate-exec@\d+ forward (.*)/.exec(text) ?? [];
  const command = new Command().exitOverride().argument("[command...]").option("-L, --forward <forward>");
  const inputs = addInputOptions(command, { ...FORWARD_OPTIONS, env });
  command.parse(line.split(" "), { from: "user" });
  expect(() => checkForwards([command.opts<{ forward: string }>().forward])).not.toThrow();
  expect([inputs(), command.args]).toEqual([{ service: ["shop"] }, ["npm", "run", "migrate"]]);
});
