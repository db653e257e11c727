import { readFileSync } from "node:fs";

/** A connection to a port of this machine, by its ports. */
export interface LocalConnection {
  readonly clientPort: number;
  readonly listenerPort: number;
}

/** Whose connection it is: `unseen` when the kernel shows no connections, or has no process for this one any more. */
export type Owner = { readonly uid: number } | "gone" | "unseen";

const TABLES = ["/proc/net/tcp", "/proc/net/tcp6"];
const LISTENING = "0A";

/**
 * Whose process is at the other end of a connection from this machine, as the kernel's tables of sockets tell (proc(5)). A socket whose
 * process has closed it has inode 0, and user 0 with it, whoever that process belonged to: it is `gone`.
 */
export function ownerOf(
  { clientPort, listenerPort }: LocalConnection,
  tables: readonly string[] = TABLES,
): Owner {
  const sockets = tables.flatMap((table) => linesOf(table).slice(1)).flatMap(socketOf);
  if (!sockets.some(({ local, state }) => state === LISTENING && local === listenerPort)) return "unseen";
  const ours = sockets.filter(({ local, remote }) => local === clientPort && remote === listenerPort);
  const [socket, another] = ours.filter(({ inode }) => inode !== "0");
  if (socket === undefined) return "gone";
  // Two addresses of this machine may have a connection of the same ports. Only one user can be told then.
  return another === undefined || another.uid === socket.uid ? { uid: socket.uid } : "gone";
}

/** None when this system has no such table. */
function linesOf(table: string): readonly string[] {
  try {
    return readFileSync(table, "utf8").split("\n");
  } catch {
    return [];
  }
}

interface Socket {
  readonly local: number;
  readonly remote: number;
  readonly state: string;
  readonly uid: number;
  readonly inode: string;
}

function socketOf(line: string): readonly Socket[] {
  const [, local = "", remote = "", state = "", , , , uid = "", , inode = ""] = line.trim().split(/\s+/);
  if (inode === "") return [];
  return [{ local: portOf(local), remote: portOf(remote), state, uid: Number(uid), inode }];
}

function portOf(address: string): number {
  return parseInt(address.slice(address.lastIndexOf(":") + 1), 16);
}
