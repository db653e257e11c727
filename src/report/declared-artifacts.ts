import { basename } from "node:path";

/** The most artifacts of a job that the runner takes (actions/runner: `CreateArtifactsFileCommand`). */
const MOST = 500;

export interface DeclaredArtifacts {
  /** Lines of the file GITHUB_ARTIFACTS. */
  readonly lines: readonly string[];
  /** Files that are not declared, since the runner would fail the step for them. */
  readonly leftOut: readonly string[];
}

/**
 * The files that the runner is told of for attestation. Each line begins with `file://`, so that the runner reads no path as the
 * reference of an image. The runner takes only one file of each name, and no path with `=` or a line end. It trims lines.
 */
export function declaredArtifacts(paths: readonly string[]): DeclaredArtifacts {
  const lines = new Map<string, string>();
  const leftOut: string[] = [];
  for (const path of paths) {
    const name = basename(path);
    const isLine = !/[=\r\n]/.test(path) && path === path.trim();
    if (isLine && lines.size < MOST && !lines.has(name)) lines.set(name, `file://${path}`);
    else leftOut.push(path);
  }
  return { lines: [...lines.values()], leftOut };
}
