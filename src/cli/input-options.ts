import { type Command, InvalidArgumentError, Option } from "commander";
import { type InputName, inputNames } from "../inputs/names.ts";
import type { InputValue, RunInputs } from "../program/run-options.ts";
import { inputHelp } from "./input-help.ts";

const flags = [
  ...(["check", "protect", "start", "deployment", "detach", "hold", "fail-fast"] as const),
  ...(["assign-public-ip", "log-to-container", "workflow-commands", "summary"] as const),
];
/** The inputs that may be true. Their option without a value means true. A test compares them with the validation. */
export const FLAGS: ReadonlySet<InputName> = new Set(flags);

/** The inputs that hold variables. Each use of their option gives one variable, whose value may have several lines. */
const VARIABLES: ReadonlySet<InputName> = new Set(["env", "secrets"]);

/** Adds an option for each of these inputs, by default for all. Returns a function that reads the given options as inputs. */
export function addInputOptions(
  command: Command,
  { names = inputNames, env }: { readonly names?: readonly InputName[]; readonly env: NodeJS.ProcessEnv },
): () => RunInputs {
  const given = new Map<InputName, string[]>();
  for (const name of names) {
    const option = new Option(`--${name} ${valueOf(name)}`).argParser((text: string) => {
      if (VARIABLES.has(name)) checkVariable(text, env);
      given.set(name, [...(given.get(name) ?? []), text]);
    });
    // The value of an option without one.
    if (FLAGS.has(name)) option.preset("true");
    command.addOption(option);
  }
  // The texts of action.yml, which is read for the help only.
  let help: ReturnType<typeof inputHelp> | undefined;
  command.configureHelp({
    optionDescription: (option) => option.description || ((help ??= inputHelp()).get(option.name()) ?? ""),
  });
  return () =>
    Object.fromEntries([...given].map(([name, texts]) => [name, inputValue(name, texts, env)] as const));
}

/** How the help shows the value of the option. */
function valueOf(name: InputName): string {
  if (!FLAGS.has(name)) return "<value>";
  if (name === "deployment") return "[arn]";
  return name === "detach" ? "[duration]" : "[boolean]";
}

/** The value of an input. An option that is given several times makes a list. A variable of several lines stays one. */
function inputValue(name: InputName, texts: readonly string[], env: NodeJS.ProcessEnv): InputValue {
  const [first = ""] = texts;
  if (!VARIABLES.has(name) || (texts.length === 1 && isJson(first))) return texts;
  return Object.fromEntries(
    texts.map((text) => {
      const equals = text.indexOf("=");
      return equals < 0 ? [text, env[text]] : [text.slice(0, equals), text.slice(equals + 1)];
    }),
  );
}

function checkVariable(text: string, env: NodeJS.ProcessEnv): void {
  if (text.includes("=") || isJson(text) || env[text] !== undefined) return;
  throw new InvalidArgumentError("The environment has no variable of this name.");
}

function isJson(text: string): boolean {
  return text.trimStart().startsWith("{");
}
