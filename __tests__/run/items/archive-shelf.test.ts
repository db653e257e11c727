import { readdirSync, rmSync } from "node:fs";
import { systemClock } from "../../../src/clock.ts";
import { Directory } from "../../../src/inputs/beneath/directory.ts";
import { ArchiveShelf, type ShelvedBytes } from "../../../src/run/items/archive-shelf.ts";
import { aWorkspace } from "./directories.ts";

let directory: string;
let opened: number;
let shelf: ArchiveShelf;
beforeEach(() => {
  directory = aWorkspace();
  opened = 0;
  const open = (): Directory => {
    opened += 1;
    return Directory.open(directory);
  };
  shelf = new ArchiveShelf({ memory: 100, open, clock: systemClock });
});
afterEach(() => rmSync(directory, { recursive: true }));

async function contentOf(bytes: ShelvedBytes): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of bytes.read()) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

it("bytes are in memory while all together are few, and then in a file without a name, in their order", async () => {
  const [one, two] = [shelf.bytes(), shelf.bytes()];
  one.push(Buffer.from("a".repeat(60)));
  two.push(Buffer.from("b".repeat(40)));
  expect(opened).toBe(0);
  two.push(Buffer.from("B".repeat(1)));
  expect(opened).toBe(1);
  expect(readdirSync(directory)).toEqual([]);
  // The memory of those in a file is free.
  one.push(Buffer.from("A".repeat(40)));
  expect(opened).toBe(1);
  two.push(Buffer.from("c"));
  expect(await contentOf(one)).toBe("a".repeat(60) + "A".repeat(40));
  expect(await contentOf(two)).toBe(`${"b".repeat(40)}Bc`);
  expect([one.length, two.length]).toEqual([100, 42]);
});

it("what is closed gives back its memory and its descriptors", () => {
  const before = readdirSync("/proc/self/fd").length;
  for (let i = 0; i < 5; i += 1) {
    const [one, two] = [shelf.bytes(), shelf.bytes()];
    one.push(Buffer.alloc(100));
    two.push(Buffer.alloc(100));
    one.close();
    two.close();
  }
  expect(opened).toBe(5);
  expect(readdirSync("/proc/self/fd").length).toBe(before);
});

it("there are at most 256 files at the same time", () => {
  const all = Array.from({ length: 257 }, () => shelf.bytes());
  const fill = (bytes: ShelvedBytes): void => bytes.push(Buffer.alloc(101));
  for (const bytes of all.slice(0, 256)) fill(bytes);
  expect(() => all.slice(256).forEach(fill)).toThrow("more came at once than a step keeps");
  all[0]?.close();
  all.slice(256).forEach(fill);
  for (const bytes of all) bytes.close();
});
