/** The command line cannot be split; the message is google/shlex's own. */
export class UnfinishedCommand extends Error {
  override readonly name = "UnfinishedCommand";
}

/**
 * Splits a command as the exec agent does in a container, with the rules of google/shlex. They differ from a shell's:
 * in double quotes a backslash makes any next character literal, `#` starts a comment only at the start of a word,
 * a backslash before a newline leaves the newline, and variables, patterns, pipes and redirections have no meaning.
 */
export function split(command: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote: '"' | "'" | undefined;
  let escaped = false;
  let comment = false;
  for (const character of command) {
    if (comment) {
      comment = character !== "\n";
    } else if (escaped) {
      word = (word ?? "") + character;
      escaped = false;
    } else if (character === "\\" && quote !== "'") {
      word ??= "";
      escaped = true;
    } else if (quote !== undefined) {
      if (character === quote) quote = undefined;
      else word = (word ?? "") + character;
    } else if (character === '"' || character === "'") {
      word ??= "";
      quote = character;
    } else if (/[ \t\r\n]/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (character === "#" && word === undefined) {
      comment = true;
    } else {
      word = (word ?? "") + character;
    }
  }
  if (escaped) throw new UnfinishedCommand("EOF found after escape character");
  if (quote !== undefined) throw new UnfinishedCommand("EOF found when expecting closing quote");
  if (word !== undefined) words.push(word);
  return words;
}
