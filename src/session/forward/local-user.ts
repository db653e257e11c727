import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { isIPv4 } from "node:net";
import { endianness } from "node:os";
import type { Clock } from "../../clock.ts";

/** A connection to a port of this machine, by both ends. */
export interface LocalConnection {
  readonly client: LocalEnd;
  readonly listener: LocalEnd;
}

export interface LocalEnd {
  /** Of IPv4 or IPv6. */
  readonly address: string;
  readonly port: number;
}

/** Whose connection it is: `gone` when no process has it any more, `unseen` when the kernel does not show who listens. */
export type Owner = { readonly uid: number } | "gone" | "unseen";

const TABLES = ["/proc/net/tcp", "/proc/net/tcp6"];
/** The kernel gives a page at a time. */
const SLICE = 4_096;
const LISTENING = "0A";
/** The beginning of an IPv4 address as one of IPv6 (RFC 4291), for a socket of IPv6 that speaks IPv4. */
const MAPPED = Buffer.from("00000000000000000000ffff", "hex");

/** A search of the tables for rows of these ends: what `keysOf` makes, with the words of each row. */
type Search = Map<string, (readonly string[])[]>;

/**
 * The kernel's tables of the sockets of this machine (proc(5)). They may have many thousands of rows, so they are read while other work
 * goes on, and once for all who ask meanwhile.
 */
export class LocalSockets {
  readonly #read: () => AsyncIterable<readonly string[]>;
  #last: Promise<unknown> = Promise.resolve();
  #next: { readonly search: Search; readonly done: Promise<void> } | undefined;

  /** `read` gives the rows in slices. */
  constructor(read: () => AsyncIterable<readonly string[]>) {
    this.#read = read;
  }

  /**
   * Whose process is at the other end of a connection from this machine. A socket that its process has closed has inode 0. It is `gone` when it
   * has user 0, too, since the kernel says that of any user: always before Linux 6.17, and since then once the other end has acknowledged all.
   */
  async ownerOf(connection: LocalConnection): Promise<Owner> {
    const owner = await this.#look(connection);
    // A table is read in pages, and a row may slip from one to another when sockets come and go.
    return typeof owner === "string" ? await this.#look(connection) : owner;
  }

  async #look({ client, listener }: LocalConnection): Promise<Owner> {
    const nobody = { address: isIPv4(listener.address) ? "0.0.0.0" : "::", port: 0 };
    const { search, done } = (this.#next ??= this.#begin());
    const [listening, connected] = [keysOf(listener, nobody), keysOf(client, listener)];
    for (const key of [...listening, ...connected]) if (!search.has(key)) search.set(key, []);
    await done;
    const found = (keys: readonly string[]) => keys.flatMap((key) => search.get(key) ?? []);
    if (!found(listening).some(([, , , state]) => state === LISTENING)) return "unseen";
    const [row, ...others] = found(connected);
    const [, , , , , , , uid = "", , inode = "0"] = row ?? [];
    const isAnother = others.some((words) => words[7] !== uid || words[9] !== inode);
    return (inode === "0" && Number(uid) === 0) || isAnother ? "gone" : { uid: Number(uid) };
  }

  /** The next read of the tables. One that has begun may have passed a new connection's row. */
  #begin(): { readonly search: Search; readonly done: Promise<void> } {
    const search: Search = new Map();
    const done = this.#last.then(async () => {
      this.#next = undefined;
      for await (const rows of this.#read())
        for (const row of rows) {
          const words = row.trim().split(/\s+/, 10);
          search.get(`${words[1]} ${words[2]}`)?.push(words);
        }
    });
    this.#last = done;
    return { search, done };
  }
}

/** The kernel's tables in slices, with a turn for other work behind each. */
export async function* readTables(clock: Clock): AsyncGenerator<readonly string[]> {
  const slice = Buffer.alloc(SLICE);
  for (const table of TABLES) {
    // A system without IPv6, or one that is no Linux, has no such table.
    if (!existsSync(table)) continue;
    const file = openSync(table, "r");
    try {
      let rest = "";
      // All arguments: see inputs/beneath/read-chunks.ts.
      const next = (): number => readSync(file, slice, 0, slice.length, null);
      for (let count = next(); count > 0; count = next()) {
        const rows = `${rest}${slice.toString("latin1", 0, count)}`.split("\n");
        rest = rows.pop() ?? "";
        yield rows;
        await clock.turn();
      }
    } finally {
      closeSync(file);
    }
  }
}

/** The ends of a socket as the tables write them: for a socket of its addresses' kind, and for one of IPv6 that speaks IPv4. */
function keysOf(local: LocalEnd, remote: LocalEnd): readonly string[] {
  const ends = [local, remote];
  if (ends.some(({ address }) => !isIPv4(address))) return [ends.map((end) => wordOf(end, ipv6Of)).join(" ")];
  return [ipv4Of, (address: string) => Buffer.concat([MAPPED, ipv4Of(address)])].map((bytesOf) =>
    ends.map((end) => wordOf(end, bytesOf)).join(" "),
  );
}

/** Words of 32 bits in the machine's order, and the port. */
function wordOf({ address, port }: LocalEnd, bytesOf: (address: string) => Buffer): string {
  const bytes = bytesOf(address);
  if (endianness() === "LE") bytes.swap32();
  return `${bytes.toString("hex")}:${port.toString(16).padStart(4, "0")}`.toUpperCase();
}

function ipv4Of(address: string): Buffer {
  return Buffer.from(address.split(".").map(Number));
}

function ipv6Of(address: string): Buffer {
  const [head = "", tail = ""] = address.replace(/%.*/, "").split("::");
  const [before = "", after = ""] = [head, tail].map((part) =>
    part.replace(/[^:]+/g, (group) => group.padStart(4, "0")).replaceAll(":", ""),
  );
  return Buffer.from(before + "0".repeat(Math.max(0, 32 - before.length - after.length)) + after, "hex");
}
