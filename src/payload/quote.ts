/**
 * One word of POSIX shell that stands for exactly `text`, which holds no NUL. Only characters that are known to be
 * safe stand unquoted. Single quotes have the same meaning for a shell and for the agent's word splitter.
 */
export function quote(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * The same in double quotes, for a text without `"`, `$`, backtick and `\`; else throws `RangeError`. In a command
 * that is a single-quoted word itself, each single quote costs four bytes.
 */
export function doubleQuote(text: string): string {
  if (/["$`\\]/.test(text)) throw new RangeError(`Not fit for double quotes: ${text}`);
  return `"${text}"`;
}
