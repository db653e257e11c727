import { readdirSync } from "node:fs";
import { packLines, type Tree, withTree } from "./trees.ts";

it("packing many files leaves none of them open", async () => {
  const tree: Tree = Object.fromEntries(
    Array.from({ length: 200 }, (_, at) => [`d${at % 20}/f${at}`, { bytes: "x" }]),
  );
  const open = (): number => readdirSync("/proc/self/fd").length;
  await withTree(tree, async (workspace) => {
    const before = open();
    await packLines(workspace, ["**"]);
    expect(open() - before).toBeLessThan(20);
  });
});
