import { jest } from "@jest/globals";
import { Directory } from "../../../src/inputs/beneath/directory.ts";
import { matchesOf } from "../../../src/inputs/beneath/matches.ts";
import { Way } from "../../../src/inputs/beneath/way.ts";
import { systemClock } from "../../../src/clock.ts";
import { withTree } from "../../payload/files/trees.ts";

afterEach(() => jest.restoreAllMocks());

/** Ten branches of twenty directories, with a file at the end of each. */
const BRANCHES = [...Array(10).keys()].map((branch) => `${branch}${"/a".repeat(19)}`);
const DIRECTORIES = 200;
const TREE = Object.fromEntries(BRANCHES.map((branch) => [`${branch}/f.xml`, {}]));

it("each directory is opened once, however many branches there are and however deep they are", async () => {
  await withTree(TREE, async (root) => {
    const opened = jest.spyOn(Directory.prototype, "openDirectory");
    const way = Way.open(root);
    const found = await matchesOf("**/*.xml", way, { clock: systemClock });
    way.close();
    expect([...found].sort()).toEqual(BRANCHES.map((branch) => `${branch}/f.xml`));
    expect(opened).toHaveBeenCalledTimes(DIRECTORIES);
  });
});

it("no directory is opened after the signal", async () => {
  await withTree(TREE, async (root) => {
    const opened = jest.spyOn(Directory.prototype, "openDirectory");
    const way = Way.open(root);
    const stop = new AbortController();
    const turn = async (): Promise<void> => {
      if (opened.mock.calls.length === 30) stop.abort();
      await systemClock.turn();
    };
    const found = await matchesOf("**/*.xml", way, { clock: { turn }, signal: stop.signal });
    way.close();
    expect(found).toHaveLength(1);
    expect(opened).toHaveBeenCalledTimes(30);
  });
});

it("with 'onlyFiles' neither a directory nor a link matches", async () => {
  await withTree({ "a.xml/b.xml": {}, "c.xml": { target: "a.xml/b.xml" } }, async (root) => {
    const way = Way.open(root);
    const found = await matchesOf("**/*.xml", way, { onlyFiles: true, clock: systemClock });
    way.close();
    expect(found).toEqual(["a.xml/b.xml"]);
  });
});
