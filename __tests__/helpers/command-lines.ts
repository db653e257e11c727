import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** The command lines of all processes of this machine, those in containers included, until `running` settles. It reads /proc
 * every ten milliseconds, so it may miss a shorter process.
 */
export async function watchCommandLines(running: Promise<unknown>): Promise<string> {
  const seen = new Set<string>();
  const over = running.then(
    () => true,
    () => true,
  );
  while (!(await Promise.race([over, sleep(10, false)]))) {
    for (const pid of readdirSync("/proc")) {
      if (!/^\d+$/.test(pid)) continue;
      try {
        seen.add(readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " "));
      } catch {
        // It has ended meanwhile.
      }
    }
  }
  return [...seen].join("\n");
}
