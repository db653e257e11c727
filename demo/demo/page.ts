/** The layout of the demo's output: plain text, with colour only on a terminal. */
const colour = process.stdout.isTTY && process.env["NO_COLOR"] === undefined;

const paint = (code: string, text: string): string => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

export function heading(text: string): void {
  print("");
  print(paint("1", text));
  print(paint("2", "─".repeat(text.length)));
}

/** A sentence of the demo itself. */
export function note(text: string): void {
  print(text);
}

/** Text of a file or a log, with a line at its left. */
export function block(text: string): void {
  for (const line of text.split("\n")) print(`${paint("2", "│")} ${line}`);
}

let first: number | undefined;

/** A line of the step's log with the seconds since the first, groups and errors as GitHub's viewer shows them. */
export function logLine(line: string): void {
  first ??= Date.now();
  const seconds = ((Date.now() - first) / 1000).toFixed(1).padStart(5);
  if (line === "##[endgroup]") return;
  const shown = line
    .replace(/^##\[group\](.*)$/, (_, title: string) => paint("1", `▾ ${title}`))
    .replace(/^##\[error\](.*)$/, (_, text: string) => paint("31", `Error: ${text}`))
    .replace(/^##\[warning\](.*)$/, (_, text: string) => paint("33", `Warning: ${text}`));
  print(`${paint("2", `${seconds} │`)} ${shown}`);
}

/** Names and values. Further lines of a value stand below its first. */
export function table(rows: readonly (readonly [string, string])[]): void {
  const width = Math.max(...rows.map(([name]) => name.length));
  for (const [name, value] of rows) {
    const [head = "", ...more] = value.split("\n");
    print(`${paint("2", "│")} ${paint("1", name.padEnd(width))}  ${head}`.trimEnd());
    for (const line of more) print(`${paint("2", "│")} ${" ".repeat(width)}  ${line}`);
  }
}
