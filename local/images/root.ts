import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { rootDirectory } from "./cache.ts";
import { recipes } from "./recipes.ts";

/** The root file system of an image of `recipes.ts`, and its init. */
export interface RootFileSystem {
  /** A directory that must not be written to. */
  readonly directory: string;
  /** A static init. It runs on any root file system, even one without libraries. */
  readonly init: string;
}

/** The image can't be built on this machine; the message says why. */
export class BuildError extends Error {}

const building = new Map<string, Promise<RootFileSystem>>();

/**
 * The root file system of an image of `recipes.ts`, with or without a tag. It is built on first use, in some ten seconds. After
 * that every process uses it. Rejects with `BuildError`.
 */
export function rootFileSystem(image: string): Promise<RootFileSystem> {
  const begun = building.get(image);
  if (begun !== undefined) return begun;
  const begins = provide(image).finally(() => building.delete(image));
  building.set(image, begins);
  return begins;
}

async function provide(image: string): Promise<RootFileSystem> {
  const script = join(import.meta.dirname, "build.ts");
  if (!existsSync(script))
    throw new BuildError(
      `The image ${image} is built in a clone of the repository only, not by the npm package.`,
    );
  const found = { directory: rootDirectory(image), init: join(rootDirectory("init"), "tini") };
  if (existsSync(found.directory) && existsSync(found.init)) return found;
  const why = whyNoImages();
  if (why !== undefined) throw new BuildError(why);
  const child = spawn(process.execPath, [script, "init", image], { stdio: ["ignore", "ignore", "pipe"] });
  const ended = new Promise<number | null>((resolve, reject) =>
    child.once("error", reject).once("close", resolve),
  );
  const [status, words] = await Promise.all([ended, text(child.stderr)]);
  if (status === 0) return found;
  const error = /^Error: .*(?:\n(?! {4}at ).+)*/m.exec(words)?.[0].replace(/^Error: /, "");
  throw new BuildError(`The image ${image} could not be built: ${error ?? words.trim()}`);
}

/** Undefined when images can be built, else what this machine lacks. */
export function whyNoImages(): string | undefined {
  const path = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`.split(":");
  const missing = ["apt-get", "dpkg-deb", "tar", "flock", "unshare"].filter(
    (name) => !path.some((directory) => existsSync(join(directory, name))),
  );
  if (missing.length === 0) return undefined;
  return `Images with root file systems of their own (${Object.keys(recipes).join(", ")}) are made of Debian packages, and this machine has no ${missing.join(", ")}.`;
}
