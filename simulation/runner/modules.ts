import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { installSignals } from "./abort.ts";

const SOURCES = join(import.meta.dirname, "../../src");

let loading: Promise<unknown> | undefined;

/**
 * Prepares this process for worlds: loads the modules that steps load when they need them. Loading takes real time, and so it is over before
 * the first scenario begins: in a world, `import` then only waits for promises.
 */
export async function prepareProcess(): Promise<void> {
  installSignals();
  await (loading ??= Promise.all(lateModules().map((module) => import(module) as Promise<unknown>)));
}

/** What any source names in a call of `import`, without the bundle that a door of the action imports. */
function lateModules(): readonly string[] {
  const modules = readdirSync(SOURCES, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .flatMap((name) => {
      const path = join(SOURCES, name);
      const named = readFileSync(path, "utf8").matchAll(/(?<!typeof )import\("([^"]+)"\)/g);
      return [...named].map(([, module = ""]) =>
        module.startsWith(".") ? join(dirname(path), module) : createRequire(path).resolve(module),
      );
    });
  return [...new Set(modules)].filter((path) => existsSync(path)).map((path) => pathToFileURL(path).href);
}
