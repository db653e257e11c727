import { type Command, Option } from "commander";
import { type InputName, inputNames } from "../../inputs/names.ts";
import type { InputValue, RunInputs } from "../program/run-options.ts";
import { quoteValue } from "../../inputs/parse.ts";
import { isVariableName, whyReserved } from "../../inputs/variable-names.ts";
import { type InputTexts, OPTION_HELP } from "./help-texts.ts";
import { UsageError } from "./usage-error.ts";

const flags = [
  ...(["check", "protect", "start", "deployment", "detach", "hold", "fail-fast"] as const),
  ...(["assign-public-ip", "log-to-container", "workflow-commands", "summary"] as const),
];
/** The inputs that may be true. Their option without a value means true. A test compares them with the validation. */
export const FLAGS: ReadonlySet<InputName> = new Set(flags);

/** The inputs that hold variables. Each use of their option gives one variable, whose value may have several lines. */
function isVariables(name: InputName): name is "env" | "secrets" {
  return name === "env" || name === "secrets";
}

/** The inputs whose option may be given several times, for a list. A test compares them with the help. */
export const LISTS: ReadonlySet<InputName> = new Set([
  ...([
    "subnets",
    "security-groups",
    "capacity-providers",
    "tags",
    "args",
    "files",
    "artifacts",
    "reports",
  ] as const),
  ...(["env", "secrets", "retry"] as const),
]);

interface InputOptions {
  /** By default all. */
  readonly names?: readonly InputName[];
  /** What the help says of an option that differs from that of a run. */
  readonly texts?: InputTexts;
  readonly env: NodeJS.ProcessEnv;
}

/** Adds an option for each of these inputs. Returns a function that reads the given options as inputs. */
export function addInputOptions(
  command: Command,
  { names = inputNames, texts = {}, env }: InputOptions,
): () => RunInputs {
  const given = new Map<InputName, string[]>();
  for (const name of names) {
    const { group, value, text } = OPTION_HELP.get(name) ?? { group: "How", value: "<value>", text: "" };
    const option = new Option(`--${name} ${value}`, texts[name] ?? text)
      .helpGroup(`${group}:`)
      .argParser((word: string) => {
        if (isVariables(name)) checkVariable(name, word, env);
        if (given.has(name) && !LISTS.has(name))
          throw new UsageError(`Give --${name} once: it stands there several times, and takes one value.`);
        given.set(name, [...(given.get(name) ?? []), word]);
      });
    // The value of an option without one.
    if (FLAGS.has(name)) option.preset("true");
    command.addOption(option);
  }
  // A preset is the value of a name alone, which the form of the value shows.
  command.configureHelp({ optionDescription: ({ description }) => description });
  const bucket = names.includes("bucket") ? (env["FARGATE_EXEC_BUCKET"] ?? "") : "";
  return () => ({
    ...(bucket !== "" && { bucket }),
    ...Object.fromEntries([...given].map(([name, texts]) => [name, inputValue(name, texts, env)] as const)),
  });
}

/** The value of an input. An option that is given several times makes a list. A variable of several lines stays one. */
function inputValue(name: InputName, texts: readonly string[], env: NodeJS.ProcessEnv): InputValue {
  const [first = ""] = texts;
  // In a list of items no word stands for a file or a command.
  if (name === "items") return first;
  if (!isVariables(name) || (texts.length === 1 && isJson(first))) return texts;
  return Object.fromEntries(
    texts.map((text) => {
      const equals = text.indexOf("=");
      return equals < 0 ? [text, env[text]] : [text.slice(0, equals), text.slice(equals + 1)];
    }),
  );
}

/** Throws a `UsageError` for what is no variable. It shows a name only where that can't be a part of a secret. */
function checkVariable(option: "env" | "secrets", text: string, env: NodeJS.ProcessEnv): void {
  if (isJson(text)) return;
  const equals = text.indexOf("=");
  const name = equals < 0 ? text : text.slice(0, equals);
  const shown = option === "env" || isVariableName(name) ? quoteValue(name) : "a name";
  const refuse = (why: string): never => {
    throw new UsageError(`--${option} takes NAME=value, or a bare NAME of the environment: ${shown} ${why}.`);
  };
  if (!isVariableName(name)) refuse("is not of letters, digits and _ with no digit first");
  const reserved = whyReserved(name);
  if (reserved !== undefined) refuse(`is ${reserved}`);
  if (equals < 0 && env[name] === undefined) refuse("is not in the environment");
}

function isJson(text: string): boolean {
  return text.trimStart().startsWith("{");
}
