import { readFileSync, realpathSync } from "node:fs";
import { userInfo } from "node:os";

/** A system account has a number below this one (login.defs(5), UID_MIN), and its home may be any directory of the system. */
const FIRST_USER = 1000;
/** What a home must not be or hold, because a container needs it. */
const NEEDED = [
  "/bin",
  "/sbin",
  "/lib",
  "/lib64",
  "/etc",
  "/usr/bin",
  "/usr/sbin",
  "/usr/lib",
  "/usr/local",
  "/var",
  "/opt",
  "/srv",
];
/** What a container sees nothing of in any case. */
const COVERED = ["/root", "/home", "/tmp", "/run", "/dev", "/proc", "/sys", "/var/lib", "/var/tmp"];

/** The homes of this machine's root and users, as they really are, that are not in a directory which every container lacks. */
export function homesElsewhere(): string[] {
  const users = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"))
    .filter(([, , uid]) => uid === "0" || Number(uid) >= FIRST_USER)
    .map((fields) => fields[5] ?? "");
  const found = ["/root", "/home", userInfo().homedir, process.env["HOME"] ?? "", ...users]
    .filter((home) => home.startsWith("/"))
    .map(realPath)
    .filter((home) => home !== undefined)
    .filter((home) => !NEEDED.some((path) => isIn(path, home)) && !COVERED.some((path) => isIn(home, path)));
  const homes = [...new Set(found)];
  return homes.filter((home) => !homes.some((other) => other !== home && isIn(home, other)));
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined; // There is none, or nobody that this process can start may enter it.
  }
}

/** Whether the path is this directory, or below it. */
function isIn(path: string, directory: string): boolean {
  return `${path}/`.startsWith(directory === "/" ? "/" : `${directory}/`);
}
