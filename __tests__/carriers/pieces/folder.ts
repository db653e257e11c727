import { createHash } from "node:crypto";
import type { PieceFolder, PieceKind } from "../../../src/carriers/pieces/format.ts";

export const FOLDER: PieceFolder = {
  job: "0123456789abcdef0123456789abcdef",
  keys: { inner: "1a".repeat(32), outer: "2b".repeat(32) },
};

/** An object as a container makes it, written anew from the format's description. */
export function anObject(
  kind: PieceKind,
  number: number,
  begin: number,
  body: string | Buffer,
  { job, keys } = FOLDER,
): Buffer {
  const bytes = Buffer.from(body as string, "latin1");
  const sha256 = (...parts: readonly (string | Buffer)[]): string =>
    createHash("sha256")
      .update(Buffer.concat(parts.map((part) => Buffer.from(part as string))))
      .digest("hex");
  const facts = `${kind} ${number} ${begin} ${bytes.length}`;
  const mac = sha256(keys.outer, sha256(keys.inner, `fx1 ${job} ${facts}\n`, bytes));
  return Buffer.concat([Buffer.from(`fx1 ${facts} ${mac}\n`), bytes]);
}
