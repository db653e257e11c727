import { type InputName, inputNames } from "../../inputs/names.ts";

/** The inputs of the commands that do not have all of them. Those of a copy stand beside it. */
export const CHECK_INPUTS: readonly InputName[] = inputNames.filter((name) => name !== "check");
export const ATTACH_INPUTS: readonly InputName[] = ["detach", "artifacts-path", "role-to-assume"];
export const LOGS_INPUTS: readonly InputName[] = ["role-to-assume"];

/** The parts of a failure's message, one a line, before its advice: what failed, and what was seen. */
const BEFORE_ADVICE = 2;

/**
 * An error's message with the options of the command line in place of the inputs that its advice names: '--start' for 'start: true'. In what failed
 * and what was seen, only "input 'start'" is certain to be an input: another quoted word may be a name of the user's.
 */
export function withOptions(message: string): string {
  const lines = message.split("\n").map((line, i) => {
    const named = line.replace(
      /\b(?:the )?inputs? '([a-z-]+)'/gi,
      (text, name: string) => optionOf(name) ?? text,
    );
    if (i < BEFORE_ADVICE && !OF_BAD_INPUT.test(line)) return named;
    return named.replace(/'([a-z-]+)(?:: ([^']*))?'/g, (text, name: string, value?: string) => {
      return optionOf(name, value) ?? text;
    });
  });
  return lines.join("\n");
}

/** What a wrong input must be names inputs alone (`badInput`). */
const OF_BAD_INPUT = /^Input '[a-z-]+' must be /;

/** Undefined when there is no such input. */
function optionOf(name: string, value?: string): string | undefined {
  if (!inputNames.some((known) => known === name)) return undefined;
  return value === undefined || value === "true" ? `--${name}` : `--${name} ${value}`;
}

/**
 * An error's message in which no advice names an option that the command lacks. A sentence of advice that does is left out. When that leaves
 * no advice, it stays, and the command that has the option is named.
 */
export function withoutLacking(message: string, names: readonly InputName[]): string {
  const lines = message.split("\n");
  const advice = lines.slice(BEFORE_ADVICE).join("\n");
  const lacking = lackingIn(advice, names);
  if (lacking.length === 0) return message;
  const sentences = advice.split(/(?<=[.!?])\s+(?=[A-Z'])/);
  const kept = sentences.filter((sentence) => lackingIn(sentence, names).length === 0);
  const elsewhere = `Only 'fargate-exec run' has ${lacking.map((name) => `--${name}`).join(", ")}.`;
  return [...lines.slice(0, BEFORE_ADVICE), kept.length > 0 ? kept.join(" ") : `${advice} ${elsewhere}`].join(
    "\n",
  );
}

/** An error's message that names the help of the command for each option that it has. */
export function withHelpOf(
  message: string,
  { names, help }: { readonly names: readonly InputName[]; readonly help: string | undefined },
): string {
  return message.replace(
    /'fargate-exec run --help --all' (?=describes '([a-z-]+)')/g,
    (text, name: InputName) =>
      help !== undefined && names.includes(name) ? `'fargate-exec ${help}' ` : text,
  );
}

/** The inputs that a text names in quotes, alone or with a value, and that are not among `names`. */
function lackingIn(text: string, names: readonly InputName[]): readonly InputName[] {
  return inputNames.filter((name) => !names.includes(name) && new RegExp(`'${name}(: [^']*)?'`).test(text));
}
