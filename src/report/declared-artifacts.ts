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
 * Files as the runner takes them for attestation: a line each, behind `file://`, so that none is read as the reference of an image. The runner takes
 * one file of a name, none with `=` or a line end, and trims lines.
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
