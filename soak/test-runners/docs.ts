import { readFileSync } from "node:fs";

/** What docs/items.md has for this test runner to tell the end of each item: the block of code behind "In NAME". */
export function codeFor(name: string): string {
  const page = readFileSync("docs/items.md", "utf8");
  const [, code] = new RegExp(`\\bIn ${name}\\b[^]*?\`\`\`\\w+\\n([^]*?)\`\`\``).exec(page) ?? [];
  if (code === undefined) throw new Error(`docs/items.md has no code for ${name}.`);
  return code;
}
