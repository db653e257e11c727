/** The file of `dist/` that names the version. Only this file differs between two releases of the same sources. */
export const DIST_MANIFEST = "package.json";

/** The text of that file. Node.js reads the module type from it, and the action its version. */
export function distManifest(version: string): string {
  return `${JSON.stringify({ name: "fargate-exec", version, type: "module" }, null, 2)}\n`;
}
