import { join } from "node:path";
import { virtualEnvironment } from "../python.ts";

/** What an image brings to a container. Every image has this machine's programs for its root file system. */
export interface Image {
  readonly env: Readonly<Record<string, string>>;
  /** What runs when the task definition names no command. */
  readonly command: readonly [string, ...string[]];
  readonly workdir: string;
}

const systemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * The image of a name, or undefined where the registry has none: that is so for repositories whose last part is
 * `missing`, so that a failing pull can be seen.
 */
export function imageNamed(name: string): Image | undefined {
  const repository = name.replace(/@.*$/, "").replace(/:[^/]*$/, "");
  const last = repository.split("/").at(-1) ?? "";
  if (last === "missing") return undefined;
  // Every image may become a python image's equal here, until one has a root file system of its own.
  const env = { PATH: `${join(virtualEnvironment, "bin")}:${systemPath}`, HOME: "/root" };
  return { env, command: last === "python" ? ["python3"] : ["/bin/sh"], workdir: "/" };
}
