import type { MessagePart } from "../../errors.ts";
import { type InputName, inputNames } from "../../inputs/names.ts";

/** The inputs of the commands that do not have all of them. Those of a copy stand beside it. */
export const CHECK_INPUTS: readonly InputName[] = inputNames.filter((name) => name !== "check");
export const ATTACH_INPUTS: readonly InputName[] = ["detach", "artifacts-path", "role-to-assume"];
export const LOGS_INPUTS: readonly InputName[] = ["role-to-assume"];

/** The command that a message is for. */
export interface CommandOptions {
  /** The inputs that are options of it. */
  readonly names: readonly InputName[];
  /** How its help is called when it is not that of `run`. */
  readonly help: string | undefined;
}

/**
 * A message in the words of a command: its advice names options in place of inputs, '--start' for 'start: true', and none that the command lacks.
 * In what failed and what was seen only "input 'start'" is certain to be an input: another quoted word may be a name of the user's.
 */
export function messageWithOptions(parts: readonly MessagePart[], command: CommandOptions): string {
  const said = parts.map(({ text, isAdvice }) => {
    if (isAdvice) return withOptions(withHelpOf(withoutLacking(text, command.names), command));
    return OF_BAD_INPUT.test(text) ? withOptions(text) : withInputs(text);
  });
  return said.join("");
}

/** What a wrong input must be names inputs alone (`badInput`). */
const OF_BAD_INPUT = /^(?:- )?Input '[a-z-]+' must be /;

/** With an option in place of each input that is called one. */
function withInputs(text: string): string {
  return text.replace(/\b(?:the )?inputs? '([a-z-]+)'/gi, (whole, name: string) => optionOf(name) ?? whole);
}

/** With an option in place of each quoted input. */
function withOptions(text: string): string {
  return withInputs(text).replace(
    /'([a-z-]+)(?:: ([^']*))?'/g,
    (whole, name: string, value?: string) => optionOf(name, value) ?? whole,
  );
}

/** Undefined when there is no such input. */
function optionOf(name: string, value?: string): string | undefined {
  if (!inputNames.some((known) => known === name)) return undefined;
  return value === undefined || value === "true" ? `--${name}` : `--${name} ${value}`;
}

/**
 * Advice without the sentences that name an option that the command lacks. When that leaves none, it stays, and the command that has the option
 * is named.
 */
function withoutLacking(advice: string, names: readonly InputName[]): string {
  const lacking = lackingIn(advice, names);
  if (lacking.length === 0) return advice;
  const [before = ""] = /^\s*/.exec(advice) ?? [];
  const sentences = advice.trim().split(/(?<=[.!?])\s+(?=[A-Z'])/);
  const kept = sentences.filter((sentence) => lackingIn(sentence, names).length === 0);
  const elsewhere = `Only 'fargate-exec run' has ${lacking.map((name) => `--${name}`).join(", ")}.`;
  return kept.length > 0 ? `${before}${kept.join(" ")}` : `${advice} ${elsewhere}`;
}

/** Advice that names the help of the command for each option that it has. */
function withHelpOf(advice: string, { names, help }: CommandOptions): string {
  return advice.replace(
    /'fargate-exec run --help --all' (?=describes '([a-z-]+)')/g,
    (text, name: InputName) =>
      help !== undefined && names.includes(name) ? `'fargate-exec ${help}' ` : text,
  );
}

/** The inputs that a text names in quotes, alone or with a value, and that are not among `names`. */
function lackingIn(text: string, names: readonly InputName[]): readonly InputName[] {
  return inputNames.filter((name) => !names.includes(name) && new RegExp(`'${name}(: [^']*)?'`).test(text));
}
