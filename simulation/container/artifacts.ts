import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { Host } from "../time.ts";
import { type ArtifactSettings, matches } from "./artifact-settings.ts";
import type { Container } from "./container.ts";
import type { Directory } from "./directory.ts";
import { mark } from "./records.ts";
import { Parts } from "./parts.ts";
import { type Member, tarOf } from "./tar.ts";

/** Bytes of a record, before base64. */
const RECORD_BYTES = 48 << 10;
/** What is packed comes so often. */
const PACE_MS = 50;
/** How long packing may take once the job has to end soon: told by its session or by S3, and by the stop command. */
const HURRIED_MS = 3_300;
const LATE_MS = 2_200;
const HELD_MS = 100;

/** Packs the files and keeps the archive in the spool, behind all else. It ends early when the job has to end soon. */
export async function packArtifacts(
  container: Container,
  directory: Directory,
  host: Host,
  { globs, packingMs }: ArtifactSettings,
): Promise<void> {
  const { time } = container.base;
  const { spool } = directory;
  const until = time.now + packingMs;
  const isEnough = (): boolean => {
    const { hurriedAt, isLate } = directory;
    return (
      time.now >=
      Math.min(until, hurriedAt === undefined ? until : hurriedAt + (isLate ? LATE_MS : HURRIED_MS))
    );
  };
  const keep = async (tag: "a" | "f", text: string): Promise<boolean> => {
    while (spool.isFull && !isEnough()) await directory.news(host, HELD_MS);
    if (isEnough()) return false;
    spool.add(Buffer.from(`${mark(tag)}${text}\n`));
    return true;
  };
  const isLeftOut = (path: string): boolean => globs.some((glob) => glob.isExclusion && matches(glob, path));
  const paths = [...container.files.keys()].filter((path) => !isLeftOut(path));
  const selected = new Set<string>();
  for (const [number, glob] of globs.filter(({ isExclusion }) => !isExclusion).entries()) {
    const found = paths.filter((path) => matches(glob, path));
    for (const path of found) selected.add(path);
    if (found.length === 0) await keep("f", `none ${number}`);
  }
  const members = [...selected].map((name) => ({
    name,
    bytes: container.files.get(name) ?? Buffer.alloc(0),
  }));
  const parts = partsOf(container, directory, host, { keep, isEnough });
  for (const line of packedLines(members, RECORD_BYTES)) {
    const [tag, text] = [line[0] as "a" | "f", line.slice(1)];
    if (tag === "a") await time.sleep(host, PACE_MS + container.options.pace);
    if (parts !== undefined && tag === "a") {
      if (!(await parts.take(Buffer.from(text, "base64"))) || isEnough()) break;
    } else {
      if (parts !== undefined && text.startsWith("end ") && !(await parts.end())) break;
      if (!(await keep(tag, text)) && tag === "a") break;
    }
  }
  if (isEnough()) await parts?.end();
  if (isEnough()) spool.add(Buffer.from(`${mark("f")}cut\n`));
}

/** The archive in parts, where a container has some and S3 may carry the output. */
function partsOf(
  container: Container,
  directory: Directory,
  host: Host,
  {
    keep,
    isEnough,
  }: {
    readonly keep: (tag: "a" | "f", text: string) => Promise<boolean>;
    readonly isEnough: () => boolean;
  },
): Parts | undefined {
  const { partBytes, python } = container.options;
  if (partBytes === undefined || python === false || directory.settings?.pieces !== true) return undefined;
  return new Parts(container, directory, host, partBytes, {
    isEnough,
    keepFact: (text) => directory.spool.add(Buffer.from(`${mark("f")}${text}\n`)),
    keepBytes: async (bytes) => {
      for (let at = 0; at < bytes.length; at += RECORD_BYTES)
        if (!(await keep("a", bytes.subarray(at, at + RECORD_BYTES).toString("base64")))) return false;
      return true;
    },
  });
}

/** What a packer tells of these files, line by line: facts, and up to `bytes` of the archive in each line between. */
export function packedLines(members: readonly Member[], bytes: number): readonly string[] {
  // The smallest files come first.
  const sorted = members.toSorted(
    (one, other) => one.bytes.length - other.bytes.length || (one.name < other.name ? -1 : 1),
  );
  const archive = gzipSync(tarOf(sorted));
  const count = Math.ceil(archive.length / bytes);
  return [
    ...sorted.map((member) => `flist ${member.bytes.length} ${JSON.stringify(member.name)}`),
    ...Array.from(
      { length: count },
      (_, at) => `a${archive.subarray(at * bytes, (at + 1) * bytes).toString("base64")}`,
    ),
    `fend ${archive.length} ${createHash("sha256").update(archive).digest("hex")}`,
  ];
}
