import type { Directory } from "./directory.ts";
import { plainName } from "./private-names.ts";

/** What a repository has besides its `HEAD`. */
const PARTS: ReadonlySet<string> = new Set(["objects", "refs", "commondir"]);

/**
 * Why a container may not put this name into a directory; undefined when it may. `directory` is undefined for one that is still to be made.
 * Git obeys the configuration and the hooks of a repository that it is started in. The names of a bare one begin with no dot: a file or link `HEAD`, and
 * `objects` and `refs` beside it, or a `commondir` that says where these are (gitrepository-layout(5); `is_git_directory` and `validate_headref` in
 * git's setup.c). No `HEAD` comes, and beside a `HEAD` of this machine no other part. So no directory becomes a repository, in however many copies, and
 * nothing has to be known of what comes at the same time.
 */
export function whyGitForbids(
  directory: Directory | undefined,
  name: string,
  { isDirectory, platform }: { readonly isDirectory: boolean; readonly platform: NodeJS.Platform },
): string | undefined {
  const isForbidden =
    (!isDirectory && isHead(name, platform)) ||
    (directory !== undefined && isRepositoryWith(directory, name));
  return isForbidden
    ? "git could take its directory for a repository, and run what that configures"
    : undefined;
}

/** Linux tells `HEAD` from `head`, which is a program. */
function isHead(name: string, platform: NodeJS.Platform): boolean {
  return platform === "linux" ? name === "HEAD" : plainName(name).toLowerCase() === "head";
}

/** Whether a directory with a `HEAD` is a repository, or could become one by this name. */
function isRepositoryWith(directory: Directory, name: string): boolean {
  const has = (part: string): boolean => directory.look(part) !== undefined;
  const head = directory.look("HEAD");
  if (head === undefined || head.isDirectory()) return false;
  return PARTS.has(plainName(name).toLowerCase()) || has("commondir") || (has("objects") && has("refs"));
}
