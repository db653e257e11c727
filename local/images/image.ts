import { join } from "node:path";
import { recipeOf, recipes } from "./recipes.ts";
import { virtualEnvironment } from "../python.ts";

/** The settings that a container gets from its image. */
export interface Image {
  readonly env: Readonly<Record<string, string>>;
  /** The ENTRYPOINT. A task definition's own `entryPoint` replaces it together with the command. */
  readonly entryPoint?: readonly [string, ...string[]];
  /** What runs when the task definition names no command. */
  readonly command: readonly [string, ...string[]];
  readonly workdir: string;
  /** The image of `recipes.ts` whose root file system it has; undefined for this machine's own. */
  readonly own?: string;
  /** A directory whose files are copied over that root file system. */
  readonly layer?: string;
}

/** One of the caller's own images: files over this machine's root file system, or over that of an image of `recipes.ts`. */
export type LayeredImage = Partial<Omit<Image, "layer">> & { readonly layer: string };

export const systemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * The image of a name; undefined when there is none. `local/<recipe>` is an image with a root file system of its own; `local/` has
 * no other images. Any other name is an image with this machine's root file system, with three exceptions by the last part of its
 * repository: `missing` does not exist, so that a pull can fail; `http-server` has that recipe's ENTRYPOINT; and `layered` has the
 * caller's own images.
 */
export function imageNamed(
  name: string,
  layered: Readonly<Record<string, LayeredImage>> = {},
): Image | undefined {
  const [, own] = /^local\/(.*)$/.exec(name) ?? [];
  if (own !== undefined) return imageOfRecipe(own);
  const repository = name.replace(/@.*$/, "").replace(/:[^/]*$/, "");
  const last = repository.split("/").at(-1) ?? "";
  if (last === "missing") return undefined;
  const given = layered[last];
  // Every such image can run what a python image can.
  const env = { PATH: `${join(virtualEnvironment, "bin")}:${systemPath}` };
  if (given !== undefined) {
    const path = given.own === undefined ? env : { PATH: systemPath };
    return { command: ["/bin/sh"], workdir: "/", ...given, env: { ...path, ...given.env } };
  }
  const server = recipes["http-server"];
  if (last === "http-server" && server?.entryPoint && server.command)
    return { env, entryPoint: server.entryPoint, command: server.command, workdir: "/" };
  return { env, command: last === "python" ? ["python3"] : ["/bin/sh"], workdir: "/" };
}

function imageOfRecipe(own: string): Image | undefined {
  const recipe = recipeOf(own);
  if (recipe === undefined) return undefined;
  const name = own.split(":")[0] ?? "";
  const { command = ["/bin/sh"] as const, entryPoint } = recipes[name] ?? {};
  return { env: { PATH: systemPath }, ...(entryPoint && { entryPoint }), command, workdir: "/", own };
}
