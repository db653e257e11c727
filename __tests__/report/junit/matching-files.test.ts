import { jest } from "@jest/globals";
import { systemClock } from "../../../src/clock.ts";
import { Directory } from "../../../src/inputs/beneath/directory.ts";
import { type MatchingFiles, matchingFiles } from "../../../src/report/junit/matching-files.ts";
import { type Tree, withTree } from "../../payload/files/trees.ts";

afterEach(() => jest.restoreAllMocks());

/** What the globs match in this tree. `turn` is called at each turn of the process. */
async function search(
  globs: readonly string[],
  tree: Tree,
  turn = (): void => undefined,
): Promise<MatchingFiles> {
  return await withTree(tree, async (path) => {
    const root = Directory.open(path);
    const stop = new AbortController();
    stops.add(stop);
    try {
      const clock = {
        turn: async () => {
          turn();
          await systemClock.turn();
        },
      };
      return await matchingFiles(globs, root, { clock, signal: stop.signal });
    } finally {
      stops.delete(stop);
      root.close();
    }
  });
}
const stops = new Set<AbortController>();
const stopAll = (): void => stops.forEach((stop) => stop.abort());

it("regular files match, with each of their names and nothing else", async () => {
  const tree = {
    ...{ "a.xml/b.xml": {}, "a.xml/b.txt": {}, "c.xml": { target: "a.xml/b.xml" }, "d/.x/TEST-1.xml": {} },
    ...{ "d/e.xml": {}, "d/e/f.xml": {}, linked: { target: "d" } },
  };
  const matches = async (...globs: string[]): Promise<readonly string[]> =>
    (await search(globs, tree)).paths.toSorted();
  const all = ["a.xml/b.xml", "d/.x/TEST-1.xml", "d/e.xml", "d/e/f.xml"];
  expect(await matches("**/*.xml")).toEqual(all);
  expect(await matches("**/*.xml", "*/e.xml")).toEqual(all);
  expect(await matches("*.xml")).toEqual([]);
  expect(await matches("d/e.xml", "linked/e.xml")).toEqual(["d/e.xml"]);
  expect(await matches("d/**")).toEqual(["d/.x/TEST-1.xml", "d/e.xml", "d/e/f.xml"]);
  expect(await matches("d/?.xml", "[!d]*/?.xml")).toEqual(["a.xml/b.xml", "d/e.xml"]);
  expect(await matches("**/TEST-*.xml")).toEqual(["d/.x/TEST-1.xml"]);
  expect(await search(["*/x", "d/*.xml", "d"], tree)).toMatchObject({
    unmatched: ["*/x", "d"],
    unlisted: [],
  });
});

/** Ten branches of twenty directories, with a file at the end of each. */
const BRANCHES = [...Array(10).keys()].map((branch) => `${branch}${"/a".repeat(19)}`);
const TREE = Object.fromEntries(BRANCHES.map((branch) => [`${branch}/f.xml`, {}]));

it("each directory is opened once, and none in which no glob can match", async () => {
  const opened = jest.spyOn(Directory.prototype, "openDirectory");
  expect((await search(["**/*.xml", "**/a/*.txt"], TREE)).paths).toHaveLength(10);
  expect(opened).toHaveBeenCalledTimes(200);
  opened.mockClear();
  expect((await search(["1/*.xml", "[45]/a/f.xml"], TREE)).paths).toEqual([]);
  expect(opened.mock.calls.map(([name]) => name).toSorted()).toEqual(["1", "4", "5", "a", "a"]);
});

it("no directory is opened after the signal", async () => {
  const opened = jest.spyOn(Directory.prototype, "openDirectory");
  const { paths } = await search(["**/*.xml"], TREE, () => {
    if (opened.mock.calls.length === 30) stopAll();
  });
  expect(paths).toHaveLength(1);
  expect(opened).toHaveBeenCalledTimes(30);
});

it("the signal is heard between two files of one directory", async () => {
  const files = Object.fromEntries([...Array(50).keys()].map((i) => [`TEST${"-".repeat(240)}${i}`, {}]));
  let turns = 0;
  const { paths } = await search(["TEST*"], files, () => {
    if ((turns += 1) === 8) stopAll();
  });
  expect(turns).toBe(8);
  expect(paths).toHaveLength(7);
});
