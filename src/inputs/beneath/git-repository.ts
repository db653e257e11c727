import type { Directory } from "./directory.ts";
import { plainName } from "./private-names.ts";

/**
 * Whether git takes this directory for a repository once it holds this name. Git obeys the configuration and the hooks of a repository that it is
 * started in. The names of a bare one begin with no dot: `HEAD`, and `objects` and `refs`, which `commondir` may say are elsewhere
 * (gitrepository-layout(5); `is_git_directory` in git's setup.c).
 */
export function isRepositoryWith(directory: Directory, name: string): boolean {
  const added = plainName(name).toLowerCase();
  const has = (part: string): boolean => part.toLowerCase() === added || directory.look(part) !== undefined;
  return has("HEAD") && (has("commondir") || (has("objects") && has("refs")));
}

/** Why a name is not written there. */
export const IN_REPOSITORY = "git would take its directory for a repository, and run what that configures";
