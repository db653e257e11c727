import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { compile, copyContainerFiles, writeBundle } from "./bundle.ts";
import { DIST_MANIFEST, distManifest } from "./dist-manifest.ts";

/** The directory of the compiled sources. Only this script reads it. */
const COMPILED = "build";
/** The folder of the doors and of the bundle that they import. */
const ENTRIES = "doors";
/** The name by which the doors import the bundle. */
const BUNDLE = "action.js";
const DOORS = ["index.js", "attach.js", "forward.js", "post.js"];

/**
 * Writes `dist/`, or the directory that the variable DIST names: one bundle, a door into it for each step's main part and one for
 * post, and the container's files beside it.
 */
async function main(root: string): Promise<void> {
  process.chdir(root);
  const out = resolve(process.env["DIST"] ?? "dist");
  // An empty variable resolves to the working tree.
  if (out === resolve())
    throw new Error("The variable DIST must name a directory of its own: it is emptied.");
  compile("tsconfig.build.json", COMPILED);
  await writeBundle(join(COMPILED, ENTRIES, BUNDLE), out);
  copyContainerFiles(out);
  const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { readonly version: string };
  writeFileSync(join(out, DIST_MANIFEST), distManifest(version));
  for (const door of DOORS) copyFileSync(join(COMPILED, ENTRIES, door), join(out, door));
}

await main(resolve(import.meta.dirname, ".."));
