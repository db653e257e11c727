import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Where action.yml may be: beside the bundle, or at the root of the sources. */
const PATHS = ["action.yml", "../../action.yml"].map((path) => join(import.meta.dirname, path));

/** The first sentence of each input's description in `action.yml`, by the input's name. */
export function inputHelp(): ReadonlyMap<string, string> {
  const path = PATHS.find((candidate) => existsSync(candidate));
  return path === undefined ? new Map() : firstSentences(readFileSync(path, "utf8"));
}

/**
 * Reads the descriptions of the inputs, all of which are literal blocks (`|-`). It understands the YAML of our own file only; a
 * test compares it with a parser of YAML.
 */
export function firstSentences(manifest: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const [inputs = ""] = manifest.split(/^outputs:$/m, 1);
  const blocks = inputs.matchAll(/^ {2}([a-z-]+):\n {4}description: \|-\n((?: {6}.*\n)+)/gm);
  for (const [, name = "", block = ""] of blocks) {
    const text = block.trim().replace(/\s+/g, " ");
    found.set(name, /^.*?\.(?=\s|$)/.exec(text)?.[0] ?? text);
  }
  return found;
}
