/**
 * The longest `NAME=value` that Linux hands to a program, with the NUL byte at its end: MAX_ARG_STRLEN, 32 pages of
 * 4 KiB, as execve(2) says.
 */
export const LONGEST_VARIABLE = 131_072;

/** What is wrong with a variable that is too long for Linux, in words; undefined where it is not too long. */
export function tooLong(name: string, value: string): string | undefined {
  const size = name.length + 1 + Buffer.byteLength(value) + 1;
  if (size <= LONGEST_VARIABLE) return undefined;
  return `whose value makes a variable of ${inBytes(size)}, where Linux allows a program ${inBytes(LONGEST_VARIABLE)}`;
}

function inBytes(size: number): string {
  return `${size.toLocaleString("en-US")} bytes`;
}

export const TOO_LONG_ADVICE =
  "Split the value, or let the script fetch it, from S3 for example: a program can't be started with it.";
