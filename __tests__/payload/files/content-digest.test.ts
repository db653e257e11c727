import { contentDigest } from "../../../src/payload/files/content-digest.ts";
import { packLines, type Tree, withTree } from "./trees.ts";

const LONG = `${"d".repeat(120)}/${"f".repeat(120)}`;
const TREE: Tree = { "a/b": { bytes: "text" }, [LONG]: { bytes: "x".repeat(600) }, empty: { bytes: "" } };

const digestOf = async (tree: Tree): Promise<string> => {
  let digest = "";
  await withTree(tree, async (workspace) => {
    digest = contentDigest((await packLines(workspace, ["**"])).bytes);
  });
  return digest;
};

const withItem = (path: string, item: Tree[string]): Tree => ({ ...TREE, [path]: item });

it("the digest of files is the same at other times", async () => {
  const at = (modified: number): Tree =>
    Object.fromEntries(Object.entries(TREE).map(([path, item]) => [path, { ...item, modified }]));
  expect(await digestOf(at(1_000_000_000))).toBe(await digestOf(at(1_700_000_000)));
});

it.each<[string, Tree]>([
  ["bytes", withItem("a/b", { bytes: "Text" })],
  ["bytes at the end of a file with a long name", withItem(LONG, { bytes: `${"x".repeat(599)}y` })],
  ["a mode", withItem("a/b", { bytes: "text", mode: 0o755 })],
  ["a name", { ...TREE, other: { bytes: "" } }],
  ["a long name", { ...TREE, [`${LONG}2`]: { bytes: "" } }],
  ["a link", withItem("empty", { target: "a/b" })],
])("the digest of files is another one with other %s", async (_, tree) => {
  expect(await digestOf(tree)).not.toBe(await digestOf(TREE));
});
