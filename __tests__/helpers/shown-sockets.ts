import { existsSync, readFileSync } from "node:fs";

/** Whether this kernel shows who has the socket that listens on this port: some sandboxes show none (proc(5), `/proc/net/tcp`). */
export function isShown(port: number, table = "/proc/net/tcp"): boolean {
  const end = `:${port.toString(16).toUpperCase().padStart(4, "0")} `;
  return existsSync(table) && readFileSync(table, "latin1").includes(end);
}
