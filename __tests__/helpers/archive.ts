import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));

/**
 * The tar archive that a runner would get from GitHub if this working tree were committed. Git's index and new objects are
 * written to a temporary directory.
 */
export function archiveOfWorkingTree(): Buffer {
  const scratch = mkdtempSync(join(tmpdir(), "fargate-exec-archive-"));
  const git = (args: readonly string[], env: NodeJS.ProcessEnv = process.env): Buffer =>
    execFileSync("git", args, { cwd: REPOSITORY, env, maxBuffer: 2 ** 26 });
  try {
    const objects = git(["rev-parse", "--path-format=absolute", "--git-path", "objects"]).toString().trim();
    const env = {
      ...process.env,
      GIT_INDEX_FILE: join(scratch, "index"),
      GIT_OBJECT_DIRECTORY: scratch,
      GIT_ALTERNATE_OBJECT_DIRECTORIES: objects,
    };
    git(["add", "--all"], env);
    return git(["archive", git(["write-tree"], env).toString().trim()], env);
  } finally {
    rmSync(scratch, { recursive: true });
  }
}
