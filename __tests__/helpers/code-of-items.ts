import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The one block of code on the page of items that has this word in it. */
export function codeOfItems(word: string): string {
  const page = readFileSync(join(import.meta.dirname, "../../docs/items.md"), "utf8");
  const blocks = [...page.matchAll(/```(?:js|python)\n([^]*?)```/g)].map(([, code]) => code ?? "");
  const [found, ...more] = blocks.filter((code) => code.includes(word));
  if (found === undefined || more.length > 0)
    throw new Error(`docs/items.md has not one block with '${word}'.`);
  return found;
}
