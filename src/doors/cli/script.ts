import { readUsersFile } from "../../inputs/beneath/users-paths.ts";
import { messageOf } from "../../errors.ts";
import { quote } from "../../payload/quote.ts";
import type { RunInputs } from "../program/run-options.ts";
import { UsageError } from "./usage-error.ts";

/** The parts of the command line, besides the inputs, that may give the script. */
export interface ScriptArguments {
  /** The words of a command, or `-` alone for standard input. */
  readonly words: readonly string[];
  /** The path of `--run-file`; `-` for standard input. */
  readonly runFile: string | undefined;
  readonly stdin: AsyncIterable<Uint8Array>;
}

/** The inputs with the script of the command line as `run`. Rejects with a `UsageError`. */
export async function withScript(inputs: RunInputs, script: ScriptArguments): Promise<RunInputs> {
  const { words, runFile, stdin } = script;
  if (words.length > 0 && runFile !== undefined)
    throw new UsageError("Give either a command or --run-file, not both.");
  const path = runFile ?? (isDash(words) ? "-" : undefined);
  if (path === undefined && words.length === 0) return inputs;
  const what = runFile === undefined ? "a command" : "--run-file";
  const taken = (["run", "script-file"] as const).find((name) => inputs[name] !== undefined);
  if (taken !== undefined) throw new UsageError(`Give either ${what} or --${taken}, not both.`);
  if (path !== undefined) return { ...inputs, run: await scriptText(path, stdin) };
  const other = (["shell", "args"] as const).find((name) => inputs[name] !== undefined);
  if (other !== undefined)
    throw new UsageError(`A command stands for itself: leave --${other} out, or give the script by --run.`);
  return { ...inputs, run: commandScript(words), shell: "sh" };
}

/** Whether the script is read from standard input. */
export function isScriptOnStdin({ words, runFile }: Pick<ScriptArguments, "words" | "runFile">): boolean {
  return runFile === "-" || (runFile === undefined && isDash(words));
}

function isDash(words: readonly string[]): boolean {
  return words.length === 1 && words[0] === "-";
}

/** A script that replaces its shell by this command. The words are quoted, so the shell changes none of them. */
export function commandScript(words: readonly string[]): string {
  return `exec ${words.map(quote).join(" ")}\n`;
}

async function scriptText(path: string, stdin: AsyncIterable<Uint8Array>): Promise<string> {
  const name = path === "-" ? "standard input" : path;
  const bytes = path === "-" ? await readAll(stdin) : readScript(path);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new UsageError(
      `The script of ${name} is not UTF-8 text. A file of other bytes is given by --script-file.`,
    );
  }
}

function readScript(path: string): Uint8Array {
  try {
    return readUsersFile(path, process.cwd());
  } catch (error) {
    throw new UsageError(`The script can't be read from ${path}: ${messageOf(error)}`);
  }
}

async function readAll(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
