/**
 * Builds root file systems into the cache: `node local/images/build.ts [image …]`, all images unless some are named. Images
 * that are already there are not built again.
 */
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { writeEtc } from "./accounts.ts";
import { cache, knownRecipe, rootDirectory } from "./cache.ts";
import { compilePython, installPython, run, unpack } from "./packages.ts";
import { recipes, type Recipe } from "./recipes.ts";

const directories = ["usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin", "sbin", "bin"];

function main([first, ...rest]: readonly string[]): void {
  mkdirSync(cache, { recursive: true });
  if (first === "--locked") {
    buildAll(rest);
    return;
  }
  // One process at a time builds. The kernel releases the lock when its process ends.
  const images = first === undefined ? ["init", ...Object.keys(recipes)] : [first, ...rest];
  const again = [join(cache, "lock"), process.execPath, import.meta.filename, "--locked", ...images];
  const done = spawnSync("flock", again, { stdio: "inherit" });
  if (done.error) throw done.error;
  process.exitCode = done.status ?? 1;
}

function buildAll(images: readonly string[]): void {
  // An interrupted build leaves its directory.
  for (const name of readdirSync(cache).filter((name) => name.startsWith("building-")))
    rmSync(join(cache, name), { recursive: true, force: true });
  for (const image of images) {
    const began = Date.now();
    if (build(image)) console.log(`${image}: built in ${((Date.now() - began) / 1000).toFixed(1)} s`);
  }
}

/** Builds an image; false when it was already there. The directory appears whole or not at all. */
function build(image: string): boolean {
  const finished = rootDirectory(image);
  if (existsSync(finished)) return false;
  const recipe = knownRecipe(image);
  if (recipe.from !== undefined) build(recipe.from);
  const work = join(cache, `building-${basename(finished)}`);
  const root = join(work, "root");
  mkdirSync(work);
  // Hard links will do, since a container's overlay never writes to its lower layer.
  if (recipe.from !== undefined) run("cp", ["-al", rootDirectory(recipe.from), root]);
  else mkdirSync(root);
  if (recipe.packages) unpack(recipe.packages, root, join(work, "packages"));
  const complete = recipe.only ? select(recipe.only, root, join(work, "only")) : root;
  finish(recipe, complete);
  // Directories that older recipes of this name have made.
  const older = new RegExp(`^${basename(finished).replace(/[0-9a-f]{16}$/, "[0-9a-f]{16}$")}`);
  for (const name of readdirSync(cache).filter((name) => older.test(name)))
    rmSync(join(cache, name), { recursive: true });
  renameSync(complete, finished);
  rmSync(work, { recursive: true });
  return true;
}

function finish(recipe: Recipe, root: string): void {
  if (recipe.from === undefined) writeEtc(root);
  if (recipe.applets) link(run(join(root, "bin/busybox"), ["--list"]).trim().split("\n"), root);
  for (const [path, target] of Object.entries(recipe.links ?? {})) replaceByLink(join(root, path), target);
  if (recipe.boto3) installPython(root);
  if (existsSync(join(root, "usr/bin/python3")) && !recipe.without) compilePython(root);
  for (const tool of recipe.without ?? []) remove(tool, root);
}

function link(applets: readonly string[], root: string): void {
  for (const name of applets) if (name !== "busybox") replaceByLink(join(root, "bin", name), "busybox");
}

function replaceByLink(path: string, target: string): void {
  rmSync(path, { force: true });
  symlinkSync(target, path);
}

function select(files: Readonly<Record<string, string>>, from: string, to: string): string {
  for (const [path, source] of Object.entries(files)) {
    mkdirSync(dirname(join(to, path)), { recursive: true });
    copyFileSync(join(from, source), join(to, path));
  }
  if (existsSync(join(to, "usr/bin"))) symlinkSync("usr/bin", join(to, "bin"));
  return to;
}

function remove(tool: string, root: string): void {
  const names = tool === "awk" ? ["awk", "mawk", "gawk", "nawk"] : [tool];
  const there = names
    .flatMap((name) => directories.map((directory) => join(root, directory, name)))
    .filter((path) => lstatSync(path, { throwIfNoEntry: false }) !== undefined);
  if (there.length === 0) throw new Error(`The image has no ${tool} that could be taken out.`);
  for (const path of there) rmSync(path, { force: true });
}

main(process.argv.slice(2));
