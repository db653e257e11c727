import fs, { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readChunks } from "../../../src/inputs/beneath/read-chunks.ts";

it("a file is read whole in a process in which graceful-fs has patched node:fs", async () => {
  const directory = mkdtempSync(join(tmpdir(), "chunks-"));
  const path = join(directory, "file");
  writeFileSync(path, "all of it");
  const file = openSync(path, "r");
  const { readSync } = fs;
  const original = readSync as (...args: readonly unknown[]) => number;
  // As graceful-fs does it: each argument is handed on, also one that was left out.
  const patched = (...[fd, buffer, offset, length, position]: readonly unknown[]): number =>
    original(fd, buffer, offset, length, position);
  fs.readSync = patched;
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of readChunks(file, { turn: () => Promise.resolve() })) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe("all of it");
  } finally {
    fs.readSync = readSync;
    closeSync(file);
    rmSync(directory, { recursive: true });
  }
});
