import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/**
 * Carries this out in a work tree of its own, of the last commit: the sources here stay as they are. It goes again when the work ends, and when Ctrl+C
 * or SIGTERM ends what the work has started.
 */
export async function inWorkTree(work: () => void | Promise<void>): Promise<void> {
  const tree = mkdtempSync(join(tmpdir(), "mutants-"));
  const ignore = (): void => undefined;
  execFileSync("git", ["worktree", "add", "--quiet", "--detach", tree]);
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, ignore);
  const home = process.cwd();
  try {
    for (const name of ["node_modules", ".venv"]) symlinkSync(resolve(name), join(tree, name));
    process.chdir(tree);
    await work();
  } finally {
    process.chdir(home);
    execFileSync("git", ["worktree", "remove", "--force", tree]);
    rmSync(tree, { recursive: true, force: true });
    for (const signal of ["SIGINT", "SIGTERM"]) process.off(signal, ignore);
  }
}
