/**
 * One word of POSIX shell that stands for exactly `text`. Only what is known to be safe goes bare; everything
 * else is put in single quotes, which also the agent's word splitter reads as a shell does. `text` holds no NUL.
 */
export function quote(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * The same in double quotes, for a text that needs no escapes in them. In a command that is itself one word in single
 * quotes, each single quote has four bytes.
 */
export function doubleQuote(text: string): string {
  if (/["$`\\]/.test(text)) throw new RangeError(`Not fit for double quotes: ${text}`);
  return `"${text}"`;
}
