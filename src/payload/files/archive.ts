import { closeSync, readFileSync } from "node:fs";
import { Header } from "tar/header";
import { Pax } from "tar/pax";
import { namesIn, type Way } from "../../inputs/beneath/way.ts";
import type { Clock } from "../../clock.ts";
import { messageOf } from "../../errors.ts";
import { badInput } from "../../inputs/refusals.ts";
import { quoteValue } from "../../inputs/parse.ts";
import type { Entry } from "./entries.ts";

const BLOCK = 512;

/** An archive of tar. */
export interface Archive {
  readonly bytes: Uint8Array;
  /** True when a name does not fit into a plain header, so that only a tar that knows pax headers can read it. */
  readonly needsPax: boolean;
}

/** The size of the archive in bytes, without its pax headers. */
export function sizeOfArchive(entries: readonly Entry[]): number {
  return withTimes(entries).reduce((sum, { size }) => sum + BLOCK + roundUpToBlock(size), 2 * BLOCK);
}

/**
 * The entries, then the directories again, the deepest ones first. The tar of busybox sets a directory's time when it comes to the
 * directory's entry. What it unpacks there afterwards changes the time, so it has to come to the directory again.
 */
function withTimes(entries: readonly Entry[]): readonly Entry[] {
  return [...entries, ...entries.filter(({ kind }) => kind === "directory").reverse()];
}

/**
 * The archive of these entries, in their order. Names are in UTF-8. A name that fits stands in the plain header, so that every tar
 * reads it. It stands in a pax header as well when POSIX asks for one. Fails with `bad-input` for a file that can't be read.
 */
export async function makeArchive(
  entries: readonly Entry[],
  workspace: Way,
  clock: Pick<Clock, "turn">,
): Promise<Archive> {
  const parts: Uint8Array[] = [];
  let needsPax = false;
  for (const entry of withTimes(entries)) {
    const bytes = entry.kind === "file" ? contentOf(entry, workspace) : Buffer.alloc(0);
    // A signal of the runner is heard between two files.
    if (entry.kind === "file") await clock.turn();
    const head = headOf(entry, bytes.length);
    needsPax ||= !head.isPlain;
    parts.push(...head.blocks, bytes, Buffer.alloc(roundUpToBlock(bytes.length) - bytes.length));
  }
  return { bytes: Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]), needsPax };
}

function headOf(
  { at, kind, mode, modified, target }: Entry,
  size: number,
): { readonly blocks: readonly Buffer[]; readonly isPlain: boolean } {
  const header = new Header({
    path: kind === "directory" ? `${at}/` : at,
    ...(target !== undefined && { linkpath: target }),
    ...{ mode, size, uid: 0, gid: 0, mtime: new Date(modified * 1000) },
    type: ({ file: "File", directory: "Directory", link: "SymbolicLink" } as const)[kind],
  });
  const block = Buffer.alloc(BLOCK);
  if (!header.encode(block)) return { blocks: [block], isPlain: true };
  const plain = new Header(block);
  const isPlain = plain.path === header.path && (plain.linkpath ?? "") === (target ?? "");
  const { path, linkpath } = header;
  const pax = new Pax({ ...(path !== undefined && { path }), ...(linkpath !== undefined && { linkpath }) });
  return { blocks: [pax.encode(), block], isPlain };
}

/** The content of a file. Links that have taken the place of the file, or of a directory on its way, since they were found are not followed. */
function contentOf({ source }: Entry, workspace: Way): Buffer {
  try {
    const names = namesIn(source);
    const file = workspace.enter(names.slice(0, -1)).openFile(names.at(-1) ?? "");
    try {
      return readFileSync(file);
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    throw badInput(
      "files",
      "files that can be read",
      `${quoteValue(source)}: ${messageOf(cause)}`,
      undefined,
      cause,
    );
  }
}

function roundUpToBlock(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}
