import { LARGEST_ITEM } from "./item-list.ts";
import { lines, type ParseResult } from "./parse.ts";

/**
 * The longest argument, and the longest `NAME=value`, that Linux hands to a program, with the NUL byte at its end:
 * MAX_ARG_STRLEN, 32 pages of 4 KiB (execve(2)).
 */
export const LONGEST_VARIABLE = 131_072;

/** What is wrong with a variable that is too long for Linux, in words; undefined when it is not too long. */
export function whyTooLong(name: string, value: string): string | undefined {
  const size = name.length + 1 + Buffer.byteLength(value) + 1;
  if (size <= LONGEST_VARIABLE) return undefined;
  return `whose value makes a variable of ${inBytes(size)}, where Linux allows a program ${inBytes(LONGEST_VARIABLE)}`;
}

/** The arguments of the input `args`: one a line, byte for byte. */
export function args(text: string): ParseResult<readonly string[]> {
  const value = lines(text);
  const long = value.findIndex((line) => Buffer.byteLength(line) >= LONGEST_VARIABLE);
  if (long < 0) return { value };
  return {
    must: `arguments with which Linux starts a program, one a line, each of at most ${inBytes(LONGEST_VARIABLE - 1)}`,
    got: `${inBytes(Buffer.byteLength(value[long] ?? ""))} in line ${long + 1}`,
    advice: "Hand the text over in the script, or let the script fetch it, from S3 for example.",
  };
}

/**
 * The most bytes that the arguments and variables of a program take together: a quarter of the stack's limit (execve(2)).
 * That limit is 8 MiB by default. On Fargate a task definition can't change it, because it takes the ulimit `nofile` alone.
 */
const LARGEST_SUM = 2_097_152;
/** The bytes that are reserved for the container's own variables and for those of the action. */
const OF_OTHERS = 65_536;
/** Linux counts the pointer to a string, too. */
const POINTER = 8;

/** What Linux hands to the script's program. */
export interface ScriptValues {
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
  readonly args: readonly string[];
  /** Undefined when the script gets no item. */
  readonly items?: object | undefined;
}

/** What is wrong with values that are too much for Linux together. */
export interface Excess {
  /** The input with the most bytes. */
  readonly name: "env" | "secrets" | "args";
  readonly must: string;
  readonly got: string;
  readonly advice: string;
}

/** Undefined for values with which Linux starts a program. */
export function findExcess({ env, secrets, args, items }: ScriptValues): Excess | undefined {
  const variables = (of: ScriptValues["env"]): number =>
    sum(Object.entries(of).map(([name, value]) => Buffer.byteLength(value) + name.length + 1));
  const sizes: readonly (readonly [Excess["name"], number])[] = [
    ["env", variables(env)],
    ["secrets", variables(secrets)],
    ["args", sum(args.map((line) => Buffer.byteLength(line)))],
  ];
  const most = LARGEST_SUM - OF_OTHERS - (items === undefined ? 0 : LARGEST_ITEM);
  if (sizes.reduce((all, [, size]) => all + size, 0) <= most) return undefined;
  const [largest] = sizes.toSorted(([, a], [, b]) => b - a);
  return {
    name: largest?.[0] ?? "env",
    must: `so small that Linux starts a program with it: 'env', 'secrets' and 'args' have at most ${inBytes(most)} together`,
    got: sizes.map(([input, size]) => `${inBytes(size)} in '${input}'`).join(", "),
    advice: TOO_LONG_ADVICE,
  };
}

/** The size of strings as Linux counts it: each has a NUL byte at its end, and a pointer to it. */
function sum(sizes: readonly number[]): number {
  return sizes.reduce((all, size) => all + size + 1 + POINTER, 0);
}

function inBytes(size: number): string {
  return `${size.toLocaleString("en-US")} bytes`;
}

export const TOO_LONG_ADVICE =
  "Split the value, or let the script fetch it, from S3 for example: a program can't be started with it.";
