import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jest } from "@jest/globals";
import type { Member } from "../../../src/report/artifacts/tar.ts";
import { Unpacker } from "../../../src/report/artifacts/unpack.ts";
import { Directory } from "../../../src/inputs/beneath/directory.ts";
import { systemClock } from "../../../src/clock.ts";
import { messageOf } from "../../../src/errors.ts";
import { itInSoak } from "../../helpers/every-nth.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "fx-steps-"));
});
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(root, { recursive: true, force: true });
});

const DEEP = Array.from({ length: 240 }, () => "d").join("/");

const member = (kind: Member["kind"], name: string, target = ""): Member => ({
  ...{ kind, name, target, size: 0, mode: 0o755, modified: 0 },
});

async function* nothing(): AsyncGenerator<Buffer> {
  // no content
}

/** Unpacks these members. Counts the directories that are opened, and how often other work of this process went on meanwhile. */
async function unpack(members: readonly Member[], cancel?: AbortSignal) {
  const refused: string[] = [];
  const placed: string[] = [];
  const opened = jest.spyOn(Directory.prototype, "openDirectory");
  let turns = 0;
  const count = (): void => {
    turns += 1;
    next = setImmediate(count);
  };
  let next = setImmediate(count);
  const unpacker = new Unpacker({
    ...{
      root: Directory.open(root),
      maxCount: 10_000,
      maxBytes: 1 << 20,
      platform: "linux",
      cancel,
      clock: systemClock,
    },
    onRefused: (_, why) => refused.push(why),
    onPlaced: (name) => placed.push(name),
  });
  for (const each of members) await unpacker.add(each, nothing());
  // What is left to do then is told as the reason why not all was unpacked.
  await unpacker.finish().catch((error: unknown) => refused.push(messageOf(error)));
  clearImmediate(next);
  const opens = opened.mock.calls.length;
  opened.mockRestore();
  return { refused, placed, opens, turns };
}

const deepLinks = (count: number): readonly Member[] => [
  member("directory", DEEP),
  ...Array.from({ length: count }, (_, i) => member("symlink", `l${i}`, DEEP)),
];

it("links that lead far down cost steps by their number, others go on meanwhile, and what is too much is refused with a word", async () => {
  const { refused, placed, opens, turns } = await unpack(deepLinks(200));
  expect(opens).toBeLessThan(10_000 + 64 * 201 + 1_000);
  expect(turns).toBeGreaterThan(5);
  expect(placed.length + refused.length).toBeGreaterThanOrEqual(200);
  expect(new Set(refused)).toEqual(new Set(["the ways in the archive are too long together"]));
  // A link whose way was not looked at to its end does not stay.
  expect(readdirSync(root).sort()).toEqual(["d", ...placed].sort());
});

itInSoak("directories that lie far apart cost steps by their number, too", async () => {
  const members = Array.from({ length: 200 }, (_, i) => member("directory", `${i % 2}/${DEEP}/${i}`));
  const { refused, opens } = await unpack(members);
  expect(opens).toBeLessThan(10_000 + 64 * 200 + 1_000);
  expect(refused.join()).toContain("the ways in the archive are too long together");
});

it("links in the directories of an application are all made", async () => {
  const members = Array.from({ length: 200 }, (_, i) => [
    member("directory", `node_modules/a${i}/dist/es/lib`),
    member("symlink", `node_modules/a${i}/bin`, `../../node_modules/a${199 - i}/dist/es/lib`),
  ]).flat();
  const { refused, placed } = await unpack(members);
  expect([refused, placed.length]).toEqual([[], 200]);
});

it("after a cancel only little more is unpacked", async () => {
  const cancel = new AbortController();
  cancel.abort();
  const members = Array.from({ length: 1_000 }, (_, i) =>
    member("directory", `${i % 2}/${DEEP.slice(0, 51)}/${i}`),
  );
  const { refused } = await unpack(members, cancel.signal);
  expect(refused.join()).toContain("the run was cancelled, and unpacking takes too long");
});
