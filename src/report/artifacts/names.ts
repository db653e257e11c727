/** Names that no file can have on Windows, and those of its devices (Win32: Naming Files, Paths, and Namespaces). */
// eslint-disable-next-line no-control-regex -- a name on Windows has no control character
const NOT_ON_WINDOWS = /[\x00-\x1f<>:"|?*\\]|[. ]$|^(con|prn|aux|nul|(com|lpt)[\d¹²³]) *(\.|$)/i;

/** PATH_MAX of Linux, in bytes (limits.h). */
const LONGEST_PATH = 4_096;
const DEEPEST = 256;

/** Why a path, or the target of a link, is too long to be used; undefined when it is not. */
export function whyTooLong(path: string): string | undefined {
  if (Buffer.byteLength(path) > LONGEST_PATH) return `it is longer than ${LONGEST_PATH} bytes`;
  // The name of a directory ends with a slash.
  const names = path.endsWith("/") ? path.slice(0, -1) : path;
  return names.split("/").length > DEEPEST ? `it has more than ${DEEPEST} levels` : undefined;
}

/**
 * The names on the way to a member, from the directory that it is unpacked in; a text that says why when the member is refused. A path that
 * leads out of the directory is refused, and one that the runner's file system would take for another path.
 */
export function namesOf(path: string, platform: NodeJS.Platform): readonly string[] | string {
  if (path.includes("\0")) return "its name has a NUL byte";
  if (path.startsWith("/")) return "its path is absolute";
  const names = path.split("/").filter((name) => name !== "" && name !== ".");
  if (names.includes("..")) return "its path has a '..'";
  if (platform === "win32" && names.some((name) => NOT_ON_WINDOWS.test(name)))
    return "Windows can't have such a name";
  return names;
}

/** The path as a file system that ignores case compares it; on Linux the path as it is. */
export function foldNames(names: readonly string[], platform: NodeJS.Platform): string {
  const path = names.join("/");
  return platform === "linux" ? path : path.normalize("NFC").toLowerCase();
}

/**
 * Why a link is not made; undefined for a link that stays below the directory of the artifacts, which is `depth` names above the link. In
 * the target all `..` must come before the names. There they go up real directories, even when a name behind them is a link.
 */
export function whyLinkLeadsOut(
  target: string,
  depth: number,
  platform: NodeJS.Platform,
): string | undefined {
  if (target === "" || target.includes("\0")) return "it is a link without a target";
  if (target.startsWith("/") || (platform === "win32" && /^[a-z]:|\\/i.test(target)))
    return "it is a link to an absolute path";
  const names = target.split("/").filter((name) => name !== "" && name !== ".");
  const ups = names.findIndex((name) => name !== "..");
  const up = ups < 0 ? names.length : ups;
  if (names.slice(up).includes("..")) return "it is a link whose target has a '..' behind a name";
  return up > depth ? "it is a link that leads out of the artifacts" : undefined;
}
