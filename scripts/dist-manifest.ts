/** The file of `dist/` that names the version. It alone differs between two releases of the same sources. */
export const DIST_MANIFEST = "package.json";

/** What that file says: Node.js reads the type from it, and the action its version. */
export function distManifest(version: string): string {
  return `${JSON.stringify({ name: "fargate-exec", version, type: "module" }, null, 2)}\n`;
}
