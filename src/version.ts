import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Where the package.json of this action or package may be: beside the action's bundle, or above the sources or the package's bundle. */
const PATHS = ["package.json", "../package.json"].map((path) => join(import.meta.dirname, path));

/** The version of this action or package; "unknown" when a copy has no package.json. */
export const VERSION = PATHS.map(versionIn).find((version) => version !== undefined) ?? "unknown";

function versionIn(path: string): string | undefined {
  try {
    const { name, version } = JSON.parse(readFileSync(path, "utf8")) as Readonly<Record<string, unknown>>;
    return name === "fargate-exec" ? String(version) : undefined;
  } catch {
    return undefined;
  }
}
