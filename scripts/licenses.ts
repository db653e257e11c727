import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A module of a bundle. When the bundler has joined several in one, that one lists them. */
export interface BundledModule {
  /** The path of its source; undefined for what the bundler has written. */
  readonly resource?: string | undefined;
  readonly modules?: Iterable<BundledModule> | undefined;
}

/**
 * The licences of all packages that a bundle holds, as its licenses.txt. Packages with the same text share it. A package
 * without such a file has the licence that its package.json names.
 */
export function licensesOf(modules: Iterable<BundledModule>): string {
  const groups = new Map<string, string[]>();
  for (const directory of [...new Set(packagesOf(modules))].toSorted()) {
    const { name, license } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8")) as {
      readonly name: string;
      readonly license?: string;
    };
    const text = textIn(directory);
    groups.set(text, [...(groups.get(text) ?? []), `${name}: ${license ?? "see below"}`]);
  }
  return [...groups].map(([text, names]) => [...new Set(names), "", text, ""].join("\n")).join("\n");
}

/** The directories of the packages of these modules. */
function* packagesOf(modules: Iterable<BundledModule>): Generator<string> {
  for (const { resource = "", modules: joined = [] } of modules) {
    const [directory] = /^.*\/node_modules\/(@[^/]+\/)?[^/]+/.exec(resource) ?? [];
    if (directory !== undefined) yield directory;
    yield* packagesOf(joined);
  }
}

function textIn(directory: string): string {
  const file = readdirSync(directory).find((name) => /^licen[cs]e(\.(md|txt))?$/i.test(name));
  return file === undefined ? "" : readFileSync(join(directory, file), "utf8").trim();
}
