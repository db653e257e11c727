import { Command } from "commander";
import { addInputOptions, FLAGS } from "../../../src/doors/cli/input-options.ts";
import { FORWARD_TEXTS } from "../../../src/doors/cli/forward-command.ts";
import { CHECK_SCREEN, FIRST_SCREEN, OPTION_HELP } from "../../../src/doors/cli/help-texts.ts";
import { ID } from "../../helpers/tasks.ts";
import { inputNames } from "../../../src/inputs/names.ts";
import { duration } from "../../../src/inputs/parse.ts";
import { readInputs } from "../../../src/inputs/read-all.ts";
import { chooseShell, SHELL_TEXTS } from "../../../src/doors/cli/shell-command.ts";
import { programInputs } from "../../../src/doors/program/inputs-source.ts";
import type { RunInputs } from "../../../src/doors/program/run-options.ts";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parse } from "yaml";
import { least, refusal } from "../../inputs/given.ts";

const env = { TOKEN: "from the environment", AWS_REGION: "eu-west-1" };

function parseLine(...argv: string[]): { inputs: RunInputs; words: string[] } {
  let words: string[] = [];
  const command = new Command("run")
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .argument("[command...]")
    .action((given: string[]) => void (words = given));
  const inputs = addInputOptions(command, { env });
  command.parse(argv, { from: "user" });
  return { inputs: inputs(), words };
}

const readForwardInputs = () => readInputs(programInputs({ task: ID, forwards: ["5432"] }, { env }));
const readShellInputs = () =>
  readInputs(programInputs(chooseShell([], {}, { task: ID }, { isTerminal: true }).inputs, { env }));
/** The default that a text of the help names, in milliseconds. */
const timeOf = (text: string) => {
  const read = duration(/\(default: (\w+)\)/.exec(text)?.[1] ?? "");
  return "value" in read ? read.value : read;
};

/** The texts that the engine reads. */
function texts(...argv: string[]): Record<string, string> {
  const { inputs } = parseLine(...argv);
  const source = programInputs(inputs, { env });
  return Object.fromEntries(Object.keys(inputs).map((name) => [name, source.get(name)]));
}

it("has an option for each input, which passes its value on unchanged", () => {
  for (const name of inputNames) {
    if (name === "env" || name === "secrets") continue;
    expect(texts(`--${name}`, " x y ")).toEqual({ [name]: " x y " });
    expect(texts(`--${name}=-1`)).toEqual({ [name]: "-1" });
  }
});

it("takes only an input that is true or false by its name alone", () => {
  for (const name of inputNames) {
    if (FLAGS.has(name)) expect(texts(`--${name}`, "--cluster", "c")).toMatchObject({ [name]: "true" });
    else expect(() => parseLine(`--${name}`)).toThrow("argument missing");
  }
});

it("knows which inputs are true or false from their validation", () => {
  const isFlag = (name: string): boolean =>
    refusal({ ...least, workers: "0", [name]: "maybe" }).message.includes(`'${name}' must be true or false`);
  expect(inputNames.filter(isFlag)).toEqual(inputNames.filter((name) => FLAGS.has(name)));
});

it("makes a list of an option that is given several times", () => {
  expect(
    texts("--subnets", "subnet-1", "--subnets", "subnet-2,subnet-3", "--args", "a b", "--args", ""),
  ).toEqual({
    subnets: "subnet-1\nsubnet-2,subnet-3",
    args: "a b\n",
  });
});

it("takes one variable with all its lines, or by its name from the environment, or all variables as JSON", () => {
  const variables = ["--env", "A=1\nB=2", "--env", "C==x", "--secrets", "TOKEN"];
  expect(texts(...variables)).toEqual({
    env: JSON.stringify({ A: "1\nB=2", C: "=x" }),
    secrets: JSON.stringify({ TOKEN: "from the environment" }),
  });
  expect(texts("--env", '{"A": "1"}')).toEqual({ env: '{"A": "1"}' });
  expect(() => parseLine("--secrets", "MISSING")).toThrow(
    "--secrets takes NAME=value, or a bare NAME of the environment: 'MISSING' is not in the environment.",
  );
});

it.each([
  ["A-B=1", "'A-B' is not of letters, digits and _ with no digit first."],
  ["fx_a=1", "'fx_a' is a name that belongs to fargate-exec"],
])("refuses the variable %s in words of the command line, and not as JSON", (text, why) => {
  expect(() => parseLine("--env", text)).toThrow(why);
  expect(() => parseLine("--env", text)).not.toThrow("JSON");
});

it("shows nothing of a secret that has no name", () => {
  expect(() => parseLine("--secrets", "s3cr-et=1")).toThrow("a name is not of letters");
});

it("tells that an option was given several times which takes one value", () => {
  expect(() => parseLine("--container", "a", "--container", "b")).toThrow(
    "Give --container once: it stands there several times, and takes one value.",
  );
});

it("takes the script's standard input as a text, or as the bytes of a file anywhere", () => {
  const bytes = (given: string) =>
    readInputs(programInputs(parseLine("--service=web", "--run=cat", "--stdin", given).inputs, { env }))
      .stdin;
  expect(bytes(" a\n")).toEqual(Buffer.from(" a\n"));
  expect(bytes(`file:${import.meta.filename}`)).toEqual(readFileSync(import.meta.filename));
});

it("takes items as the input does, and no text as a list", () => {
  const itemsOf = (given: string) =>
    readInputs(programInputs(parseLine("--service=web", "--run=cat", "--items", given).inputs, { env }))
      .items;
  expect(itemsOf("a\nb")?.source).toEqual({ kind: "list", items: ["a", "b"] });
  expect(itemsOf("run:ls")?.source).toEqual({ kind: "command", command: "ls" });
  expect(() => itemsOf("")).toThrow("Got an empty list.");
});

it("leaves what comes after -- to the command", () => {
  expect(parseLine("--service", "web", "--", "ls", "--cluster", "x", "-")).toEqual({
    inputs: { service: ["web"] },
    words: ["ls", "--cluster", "x", "-"],
  });
});

it("the help has each option once, and the defaults and values of action.yml", () => {
  const text = readFileSync(resolve(import.meta.dirname, "../../../action.yml"), "utf8");
  const { inputs } = parse(text) as { inputs: Record<string, { default?: string }> };
  expect([...OPTION_HELP.keys()].toSorted()).toEqual([...inputNames].toSorted());
  for (const [name, { text: does }] of OPTION_HELP) {
    const given = inputs[name]?.default;
    // The last two defaults differ in a program, and that of a matrix comes from GitHub.
    if (given === undefined || /^matrix$|^summary$|^workflow-commands$/.test(name)) continue;
    expect({ name, does }).toEqual({ name, does: expect.stringContaining(`default: ${given}`) as string });
  }
});

it.each([
  ["forward", FORWARD_TEXTS, readForwardInputs],
  ["shell", SHELL_TEXTS, readShellInputs],
])(
  "the help of '%s' has its own defaults, and says nothing of scripts and redaction",
  (_, texts, readDefaults) => {
    const { timeout, queueTimeout } = readDefaults();
    expect([timeOf(texts.timeout), timeOf(texts["queue-timeout"])]).toEqual([timeout, queueTimeout]);
    for (const text of Object.values(texts)) expect(text).not.toMatch(/script|redacted/);
  },
);

it.each([
  ["run", FIRST_SCREEN],
  ["check", CHECK_SCREEN],
])(
  "the first screen of the help of '%s' fits 24 lines of 80 columns, and names options that there are",
  (_, screen) => {
    const lines = screen.trimEnd().split("\n");
    expect(screen).toContain("FARGATE_EXEC_BUCKET");
    expect(lines.length).toBeLessThanOrEqual(24);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    for (const [, name = ""] of screen.matchAll(/--([a-z][a-z-]+)/g))
      expect([...inputNames, "run-file", "help", "all"]).toContain(name);
  },
);

it.each<[string, readonly ("bucket" | "region")[], readonly string[], object]>([
  ["is that of --bucket by default", ["bucket"], [], { bucket: "ci" }],
  ["gives way to --bucket", ["bucket"], ["--bucket", "mine"], { bucket: ["mine"] }],
  ["is nothing to a command without --bucket", ["region"], [], {}],
])("the bucket of FARGATE_EXEC_BUCKET %s", (_, names, words, inputs) => {
  const command = new Command();
  const read = addInputOptions(command, { names, env: { FARGATE_EXEC_BUCKET: "ci" } });
  command.parse([...words], { from: "user" });
  expect(read()).toEqual(inputs);
});
