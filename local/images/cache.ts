import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { initRecipe, recipeOf, type Recipe } from "./recipes.ts";

/** The directory that has one directory for each root file system. Delete it to build all of them again. */
export const cache = join(dirname(dirname(import.meta.dirname)), ".cache/images");

/** The files that determine a root file system, besides its recipe. */
const builders = ["build.ts", "packages.ts", "accounts.ts", "requirements.txt"].map((name) =>
  join(import.meta.dirname, name),
);

/**
 * The directory that is, or will be, the root file system of an image. Its name has a hash of the files and the recipe that
 * determine it.
 */
export function rootDirectory(image: string): string {
  const hash = createHash("sha256");
  for (const file of builders) hash.update(readFileSync(file));
  for (let recipe: Recipe | undefined = knownRecipe(image); recipe;) {
    hash.update(JSON.stringify(recipe));
    recipe = recipe.from === undefined ? undefined : knownRecipe(recipe.from);
  }
  return join(cache, `${image.replace(/:latest$/, "").replace(":", "-")}-${hash.digest("hex").slice(0, 16)}`);
}

/** The recipe of an image, or of `init`. */
export function knownRecipe(image: string): Recipe {
  const recipe = image === "init" ? initRecipe : recipeOf(image);
  if (recipe === undefined) throw new Error(`There is no recipe for an image ${image}.`);
  return recipe;
}
