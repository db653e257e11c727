import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A module of a bundle. */
export interface BundledModule {
  /** The path of its source; undefined for a module that the bundler has written. */
  readonly resource?: string | undefined;
  /** The modules that the bundler has joined in this one. */
  readonly modules?: Iterable<BundledModule> | undefined;
}

/**
 * The text of a bundle's licenses.txt: the licences of all packages in the bundle. Packages with the same licence text share one
 * copy. For a package without a licence file only the name in its package.json is given.
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
