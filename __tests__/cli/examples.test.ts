import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Readable } from "node:stream";
import { Command } from "commander";
import { addInputOptions } from "../../src/cli/input-options.ts";
import { withScript } from "../../src/cli/script.ts";
import { readInputs } from "../../src/inputs/read-all.ts";
import { programInputs } from "../../src/program/inputs-source.ts";

const directory = resolve(import.meta.dirname, "../../examples/cli");
const env = {
  ...{ AWS_REGION: "eu-west-1", DB_PASSWORD: "secret", CLUSTER: "prod", SERVICE: "web", SUBNETS: "subnet-1" },
  ...{ BUILDKITE_PARALLEL_JOB: "3", BUILDKITE_PARALLEL_JOB_COUNT: "4" },
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
