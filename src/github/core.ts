// The commands of `@actions/core` that a step needs, from the files of that package that write them. They are imported by their paths,
// because the package's entry brings a second HTTP library. That is a third of the bundle and a fifth of the time to the first call. Its
// `exports` name no smaller part. If a release moves a file, type check and build fail.
import { issueCommand } from "../../node_modules/@actions/core/lib/command.js";
import {
  issueFileCommand,
  prepareKeyValueMessage,
} from "../../node_modules/@actions/core/lib/file-command.js";
import { toCommandProperties } from "../../node_modules/@actions/core/lib/utils.js";
import type { Commands } from "../show/screen.ts";

export { summary } from "../../node_modules/@actions/core/lib/summary.js";

export const commands: Commands = {
  isDebug: () => process.env["RUNNER_DEBUG"] === "1",
  debug: (text) => issueCommand("debug", {}, text),
  warning: (text, properties) => issueCommand("warning", toCommandProperties(properties), text),
  notice: (text, properties) => issueCommand("notice", toCommandProperties(properties), text),
  error: (text, properties) => issueCommand("error", toCommandProperties(properties), text),
  setSecret: (secret) => issueCommand("add-mask", {}, secret),
};

/** An input as it is written; empty when it is not given. */
export function getInput(name: string): string {
  return process.env[`INPUT_${name.toUpperCase()}`] ?? "";
}

/** The names of all inputs that the step was given, in the runner's upper case. It hands over those, too, that the action does not have. */
export function givenInputs(env: NodeJS.ProcessEnv): readonly string[] {
  return Object.keys(env).flatMap((name) => (name.startsWith("INPUT_") ? [name.slice("INPUT_".length)] : []));
}

/** The states that the main step has saved, by their names. */
export function getStates(): Readonly<Record<string, string>> {
  const states = Object.entries(process.env).flatMap(([name, value = ""]) =>
    name.startsWith("STATE_") ? [[name.slice("STATE_".length), value] as const] : [],
  );
  return Object.fromEntries(states);
}

export function saveState(name: string, value: string): void {
  keep("GITHUB_STATE", "save-state", name, value);
}

export function setOutput(name: string, value: string): void {
  keep("GITHUB_OUTPUT", "set-output", name, value);
}

/** Writes to the file that the runner names by this variable; a runner that names none gets a command. */
function keep(variable: string, command: string, name: string, value: string): void {
  if (process.env[variable])
    issueFileCommand(variable.replace("GITHUB_", ""), prepareKeyValueMessage(name, value));
  else issueCommand(command, { name }, value);
}
