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
