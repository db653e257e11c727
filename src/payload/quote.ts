/**
 * One word of POSIX shell that stands for exactly `text`. Only what is known to be safe goes bare; everything
 * else is put in single quotes, which also the agent's word splitter reads as a shell does. `text` holds no NUL.
 */
export function quote(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
