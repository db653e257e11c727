import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { differences, localPaths } from "../../scripts/check-dist.ts";

const root = mkdtempSync(join(tmpdir(), "check-dist-"));
let count = 0;

/** A directory with these files. */
function directory(files: Readonly<Record<string, string>>): string {
  const path = join(root, String(count++));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  return path;
}

afterAll(() => rmSync(root, { recursive: true }));

describe("differences", () => {
  const built = { "index.js": "main", "post.js": "post", "licenses.txt": "MIT\r\n" };

  it.each([
    ["nothing", built, []],
    ["a changed file", { ...built, "post.js": "old" }, ["dist/post.js differs"]],
    [
      "a file left over",
      { ...built, "37.index.js": "" },
      ["dist/37.index.js is left over: no build writes it"],
    ],
    ["a missing file", { "index.js": "main", "licenses.txt": "MIT\r\n" }, ["dist/post.js is missing"]],
    ["nothing when git has changed line ends", { ...built, "licenses.txt": "MIT\n" }, []],
  ])("are %s", (_, committed, expected) => {
    expect(differences(directory(committed), directory(built))).toEqual(expected);
  });

  it("are all files when nothing is committed", () => {
    expect(differences(join(root, "nowhere"), directory({ "index.js": "" }))).toEqual([
      "dist/index.js is missing",
    ]);
  });
});

describe("localPaths", () => {
  const builtDirectory = directory({
    "index.js": 'const u = "file:///home/example/shop/build/index.js";',
    "post.js": 'const p = "/home/example"; const q = "/rooted";',
  });

  it.each([
    [
      ["/home/example/shop"],
      ["dist/index.js holds the path /home/example/shop/, a path of the machine that built it"],
    ],
    [["/home/example"], ["dist/index.js holds the path /home/example/, a path of the machine that built it"]],
    [["/srv/ci", "/root", "/", ""], []],
  ])("of %j are %j", (paths, expected) => {
    expect(localPaths(builtDirectory, paths)).toEqual(expected);
  });
});
