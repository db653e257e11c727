import { isUtf8 } from "node:buffer";
import { fstatSync } from "node:fs";
import { LARGEST_LIST } from "../../inputs/item-list.ts";
import { LARGEST_STDIN } from "../../inputs/stdin.ts";
import type { RunInputs } from "../program/run-options.ts";
import { UsageError } from "./usage-error.ts";

/** The command line, as far as it decides what standard input is for. */
export interface StdinUse {
  readonly inputs: RunInputs;
  /** Whether the script was read from standard input. */
  readonly isScript: boolean;
}

/**
 * The script's standard input for `--stdin -`, which is that of the command line; undefined when the option has another value or none. Rejects
 * with a `UsageError`.
 */
export async function scriptStdin(
  { inputs, isScript }: StdinUse,
  stdin: AsyncIterable<Uint8Array>,
): Promise<Uint8Array | undefined> {
  if (!isDash(inputs.stdin)) return undefined;
  if (isScript)
    throw new UsageError(
      "Standard input can't be both the script and its input: give the script by --run-file or after --.",
    );
  return await readUpTo(LARGEST_STDIN, stdin, "64 MiB: bring what is larger by a bucket.");
}

/**
 * The lines of standard input for `--items -`, of which none means a file or a command; undefined when the option has another value or none. Rejects
 * with a `UsageError`.
 */
export async function itemsOnStdin(
  { inputs, isScript }: StdinUse,
  stdin: AsyncIterable<Uint8Array>,
): Promise<Uint8Array | undefined> {
  if (!isDash(inputs.items)) return undefined;
  if (isScript)
    throw new UsageError(
      "Standard input can't be both the script and its items: give the script by --run-file or after --.",
    );
  if (isDash(inputs.stdin))
    throw new UsageError(
      "Standard input can't be both the items and the script's input: give one of them by file:PATH.",
    );
  const bytes = await readUpTo(LARGEST_LIST, stdin, "1 MiB: split the list between several runs.");
  if (!isUtf8(bytes)) throw new UsageError("The items on standard input are not UTF-8 text.");
  return bytes;
}

/** The inputs, with the items of standard input where `--items -` asks for them. Rejects with a `UsageError`. */
export async function withItems(use: StdinUse, stdin: AsyncIterable<Uint8Array>): Promise<RunInputs> {
  const items = await itemsOnStdin(use, stdin);
  return items === undefined ? use.inputs : { ...use.inputs, items };
}

async function readUpTo(most: number, stdin: AsyncIterable<Uint8Array>, tooLarge: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > most) throw new UsageError(`Standard input has more than ${tooLarge}`);
  }
  return Buffer.concat(chunks);
}

function isDash(value: RunInputs["items"]): boolean {
  return value === "-" || (Array.isArray(value) && value.length === 1 && value[0] === "-");
}

/**
 * A warning when standard input is a pipe or a file with something in it, and nothing reads it: the author of `psql <dump.sql` expects that the script
 * gets it. Undefined otherwise. `descriptor` is that of standard input.
 */
export function unreadStdinWarning({ inputs, isScript }: StdinUse, descriptor: number): string | undefined {
  if (isScript || inputs.stdin !== undefined || isDash(inputs.items)) return undefined;
  const kind = kindOf(descriptor);
  if (kind === undefined) return undefined;
  const hasScript = inputs.run !== undefined || inputs["script-file"] !== undefined;
  return hasScript
    ? `Standard input is ${kind}, and the script does not get it. Give it by '--stdin -', or redirect it from /dev/null.`
    : `Standard input is ${kind}, and nothing reads it. A dash alone takes the script from there: 'fargate-exec run … -'.`;
}

function kindOf(descriptor: number): string | undefined {
  try {
    const found = fstatSync(descriptor);
    if (found.isFIFO()) return "a pipe";
    return found.isFile() && found.size > 0 ? "a file" : undefined;
  } catch {
    // A closed standard input has nothing to read.
    return undefined;
  }
}
