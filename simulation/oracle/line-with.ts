/** The first line of a log that has such a text. Most logs have none, and then each byte is looked at once. */
export function lineWith(log: string, text: RegExp): string | undefined {
  const at = text.exec(log)?.index;
  if (at === undefined) return undefined;
  const end = log.indexOf("\n", at);
  return log.slice(log.lastIndexOf("\n", at) + 1, end < 0 ? undefined : end);
}
