import { join } from "node:path";
import { recipeOf, recipes } from "../images/recipes.ts";
import { virtualEnvironment } from "../python.ts";

/** What an image brings to a container. */
export interface Image {
  readonly env: Readonly<Record<string, string>>;
  /** Its ENTRYPOINT, which a task definition's own `entryPoint` replaces together with the command. */
  readonly entryPoint?: readonly [string, ...string[]];
  /** What runs when the task definition names no command. */
  readonly command: readonly [string, ...string[]];
  readonly workdir: string;
  /** The image of `recipes.ts` whose root file system it has; this machine's own when undefined. */
  readonly own?: string;
}

const systemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * The image of a name, or undefined where the registry has none. `local/<recipe>` is an image with a root file
 * system of its own; there are no others in `local/`. Every other has this machine's, but for repositories whose last
 * part is `missing`, which are not there, so that a failing pull can be seen; `http-server` has that recipe's ENTRYPOINT.
 */
export function imageNamed(name: string): Image | undefined {
  const [, own] = /^local\/(.*)$/.exec(name) ?? [];
  if (own !== undefined) return imageOfOurOwn(own);
  const repository = name.replace(/@.*$/, "").replace(/:[^/]*$/, "");
  const last = repository.split("/").at(-1) ?? "";
  if (last === "missing") return undefined;
  // Every other image may become a python image's equal.
  const env = { PATH: `${join(virtualEnvironment, "bin")}:${systemPath}` };
  const server = recipes["http-server"];
  if (last === "http-server" && server?.entryPoint && server.command)
    return { env, entryPoint: server.entryPoint, command: server.command, workdir: "/" };
  return { env, command: last === "python" ? ["python3"] : ["/bin/sh"], workdir: "/" };
}

function imageOfOurOwn(own: string): Image | undefined {
  const recipe = recipeOf(own);
  if (recipe === undefined) return undefined;
  const name = own.split(":")[0] ?? "";
  const { command = ["/bin/sh"] as const, entryPoint } = recipes[name] ?? {};
  return { env: { PATH: systemPath }, ...(entryPoint && { entryPoint }), command, workdir: "/", own };
}
