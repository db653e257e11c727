import { execFileSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { minify } from "@swc/core";
import ncc from "@vercel/ncc";

/** The compiled sources; nothing but this script reads them. */
const COMPILED = "build";
/** As index.ts and post.ts import it. */
const BUNDLE = "action.js";
const DOORS = ["index.js", "post.js"];

/**
 * Writes `dist/`, or the directory that the variable DIST names: one bundle, a door into it for each of the step's two
 * parts, and the container's files beside it.
 */
async function main(root: string): Promise<void> {
  process.chdir(root);
  const out = resolve(process.env["DIST"] ?? "dist");
  // An empty variable names the working tree.
  if (out === resolve())
    throw new Error("The variable DIST must name a directory of its own: it is emptied.");
  for (const directory of [COMPILED, out]) rmSync(directory, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  execFileSync("tsc", ["-p", "tsconfig.build.json"], { stdio: "inherit" });
  for (const [name, source] of await bundle(resolve(COMPILED, BUNDLE)))
    writeFileSync(join(out, name), source);
  for (const door of DOORS) copyFileSync(join(COMPILED, door), join(out, door));
  // Read when they are needed, so no assets of the bundler's.
  cpSync("src/payload/container", join(out, "container"), {
    recursive: true,
    filter: (path) => !path.endsWith(".md"),
  });
}

/** The bundle's files by their names, each script minified: ncc itself would minify the entry only. */
async function bundle(entry: string): Promise<readonly (readonly [string, string | Buffer])[]> {
  const { code, assets } = await ncc(entry, {
    esm: true,
    filename: BUNDLE,
    // A package's ES modules, where it has both: the bundler drops their exports without an importer. For the SDK's
    // clients that is most of them.
    mainFields: ["module", "main"],
    license: "licenses.txt",
    cache: false,
    quiet: true,
  });
  const files = [
    [BUNDLE, code] as const,
    ...Object.entries(assets).map(([name, { source }]) => [name, source] as const),
  ];
  return await Promise.all(
    files.map(
      async ([name, source]) =>
        [name, name.endsWith(".js") ? await minified(String(source)) : source] as const,
    ),
  );
}

async function minified(source: string): Promise<string> {
  const { code } = await minify(source, {
    module: true,
    // Stack traces show the names of classes, and libraries compare them.
    compress: { keep_classnames: true },
    mangle: { keep_classnames: true },
    // Licences are in licenses.txt.
    format: { comments: false },
  });
  return code;
}

await main(resolve(import.meta.dirname, ".."));
