import { execFileSync } from "node:child_process";
import {
  chmodSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Way } from "../../../src/inputs/beneath/way.ts";
import { systemClock } from "../../../src/clock.ts";
import { fileSelections } from "../../../src/inputs/files.ts";
import type { FileSelections } from "../../../src/inputs/inputs.ts";
import { makeArchive } from "../../../src/payload/files/archive.ts";
import { collect } from "../../../src/payload/files/collect.ts";
import type { PackedFiles } from "../../../src/payload/files/pack-files.ts";

/** What stands in a tree, by its path. A path that ends in a slash is a directory. */
export type Tree = Readonly<Record<string, Item>>;
export interface Item {
  readonly bytes?: Uint8Array | string;
  /** Makes it a link. */
  readonly target?: string;
  readonly mode?: number;
  /** In seconds. */
  readonly modified?: number;
}

/** Makes a temporary directory with this tree, and calls `use` with its path. */
export async function withTree<T>(tree: Tree, use: (root: string) => Promise<T>): Promise<T> {
  const root = mkdtempSync(join(tmpdir(), "tree-"));
  try {
    plant(root, tree);
    return await use(root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/**
 * Makes what is in the tree. Modes and times are set last, those of the deepest paths first: making a file changes the time of its directory.
 */
export function plant(root: string, tree: Tree): void {
  for (const [path, { bytes = "", target }] of Object.entries(tree)) {
    const at = join(root, path);
    mkdirSync(path.endsWith("/") ? at : dirname(at), { recursive: true });
    if (target !== undefined) symlinkSync(target, at);
    else if (!path.endsWith("/")) writeFileSync(at, bytes);
  }
  for (const [path, { target, mode, modified }] of Object.entries(tree).toSorted(([a], [b]) =>
    a < b ? 1 : -1,
  )) {
    const at = join(root, path);
    if (mode !== undefined && target === undefined) chmodSync(at, mode);
    if (modified === undefined) continue;
    if (target === undefined) utimesSync(at, modified, modified);
    else lutimesSync(at, modified, modified);
  }
}

/** The selections of these lines. Throws when they are not valid. */
export function selections(...lines: string[]): FileSelections {
  const answer = fileSelections(lines.join("\n"));
  if (!("value" in answer)) throw new Error(`${answer.must}, got ${answer.got}`);
  return answer.value;
}

/** The archive of these lines. Imports nothing on demand, which a concurrent test may not do. */
export async function packLines(workspace: string, lines: readonly string[]): Promise<PackedFiles> {
  const way = Way.open(workspace);
  try {
    const { entries, destinations } = await collect(selections(...lines), way, systemClock);
    return { ...(await makeArchive(entries, way, systemClock)), destinations };
  } finally {
    way.close();
  }
}

/**
 * A directory and what is below it, as find(1) and sha256sum(1) print it: path, kind, permissions, seconds, target and digest. The path of
 * the directory itself is empty. Names may have line ends, so the entries are not lines.
 */
export function listTree(root: string): readonly string[] {
  const options = { cwd: root, maxBuffer: 1 << 28 };
  const format = "%P\\t%y\\t%m\\t%Ts\\t%l\\0";
  const found = execFileSync("find", [".", "-printf", format], options).toString();
  const sums = execFileSync(
    "find",
    [".", "-type", "f", "-exec", "sha256sum", "--zero", "{}", "+"],
    options,
  ).toString();
  return [...found.split("\0"), ...sums.split("\0")].filter(Boolean).sort();
}
