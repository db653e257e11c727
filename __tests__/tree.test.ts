import { existsSync, readdirSync, readFileSync } from "node:fs";

const [, table = ""] = readFileSync("CONTRIBUTING.md", "utf8").split(/^\| `src\/…` .*\n/m);
const cells = (table.split("\n\n")[0] ?? "").split("\n").map((row) => row.split("|")[1] ?? "");
const named = cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name));

it("the tree in CONTRIBUTING.md has each file and each folder of src/, and names nothing else", () => {
  const found = readdirSync("src", { withFileTypes: true }).map((entry) =>
    entry.isDirectory() ? `${entry.name}/` : entry.name,
  );
  expect(found.filter((name) => !named.includes(name))).toEqual([]);
  expect(named.filter((name) => !existsSync(`src/${name}`))).toEqual([]);
});

it("no program of the container has more lines than a source of TypeScript may have", () => {
  const programs = readdirSync("src/payload/container").filter((name) => !name.endsWith(".md"));
  const lines = (name: string): number =>
    readFileSync(`src/payload/container/${name}`, "utf8").split("\n").length - 1;
  expect(programs.filter((name) => lines(name) > 300)).toEqual([]);
});
