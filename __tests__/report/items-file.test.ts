import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/clock.ts";
import { OutsidePath } from "../../src/report/artifacts/directory.ts";
import { ITEMS_FILE } from "../../src/report/artifacts/item-names.ts";
import type { ItemResult } from "../../src/report/item-results.ts";
import { writeItemsFile } from "../../src/report/items-file.ts";
import { anItem, someItems } from "./example-items.ts";

let workspace: string;
beforeEach(() => (workspace = mkdtempSync(join(tmpdir(), "items-file-"))));
afterEach(() => rmSync(workspace, { recursive: true }));

function written(items: readonly ItemResult[]): readonly Record<string, unknown>[] {
  const place = { directory: join(workspace, "artifacts"), within: [workspace] };
  const path = writeItemsFile({ items }, place, systemClock.random);
  expect(path).toBe(join(workspace, "artifacts", ITEMS_FILE));
  expect(readdirSync(join(workspace, "artifacts"))).toEqual([ITEMS_FILE]);
  const text = readFileSync(path, "utf8");
  expect(text).toMatch(/\n$/);
  return text
    .slice(0, -1)
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

it("each item has a line, in the order of the list", () => {
  const lines = written(someItems("0", "-", "?", "3", "0c").items);
  expect(lines.map(({ index, outcome }) => [index, outcome])).toEqual([
    [0, "succeeded"],
    [1, "not-started"],
    [2, "unknown"],
    [3, "failed"],
    [4, "cancelled"],
  ]);
  expect(lines[3]).toEqual({
    ...{ item: "tests/3.py", index: 3, exitCode: 3, outcome: "failed", seconds: 1, attempts: 1 },
    ...{ task: 0, worker: 1 },
  });
});

it("a line has the whole item and its last lines, with nothing that a runner or a terminal would obey", () => {
  const item = `a\u001b[31m##[error]${"x".repeat(90_000)}`;
  const [line] = written([anItem("1", 0, { item, lastLines: ["::error::b", "c\u0085"] })]);
  expect(line).toMatchObject({ item, lastLines: ["::error::b", "c\u0085"] });
  expect(readFileSync(join(workspace, "artifacts", ITEMS_FILE), "utf8")).not.toMatch(/##\[|[^\P{Cc}\n]/u);
});

it("ten thousand long items are all there", () => {
  const items = Array.from({ length: 10_000 }, (_, index) =>
    anItem("0", index, { item: `${"é".repeat(300)}${index}` }),
  );
  expect(written(items)).toHaveLength(10_000);
});

it("a file or link of that name is replaced, and what the link leads to stays", () => {
  mkdirSync(join(workspace, "artifacts"));
  writeFileSync(join(workspace, "other"), "other");
  symlinkSync("../other", join(workspace, "artifacts", ITEMS_FILE));
  expect(written(someItems("0").items)).toHaveLength(1);
  expect(readFileSync(join(workspace, "other"), "utf8")).toBe("other");
});

it("a directory that leads out of the workspace is refused", () => {
  symlinkSync(tmpdir(), join(workspace, "artifacts"));
  const place = { directory: join(workspace, "artifacts"), within: [workspace] };
  expect(() => writeItemsFile(someItems("0"), place, systemClock.random)).toThrow(OutsidePath);
});
