import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from "node:fs";
import { join, relative } from "node:path";
import { asRoot } from "../../local/task/isolate.ts";
import { placeSource } from "../../src/payload/container-source.ts";
import { listTree, plant, type Tree } from "./files/trees.ts";
import { withNeed } from "../helpers/needs.ts";
import { SHELLS } from "../helpers/shells.ts";

const describeRoot = withNeed(describe, "root", asRoot ? undefined : "only root places files for others");

let turn = 0;
let root: string;
beforeEach(() => {
  root = mkdtempSync("/srv/place-");
  chmodSync(root, 0o755);
});
afterEach(() => rmSync(root, { recursive: true }));

interface Placing {
  readonly staged: Tree;
  readonly destinations: readonly string[];
  /** The user that gets what is placed; nobody unless given. */
  readonly owner?: string;
  /** The user that places it, root unless given. */
  readonly uid?: number;
}

/** Places a stage by the program of images without python3. Paths of destinations are below `root`. */
function place({ staged, destinations, owner = "", uid = 0 }: Placing) {
  const stage = mkdtempSync("/var/tmp/stage-");
  try {
    plant(stage, staged);
    if (owner !== "") spawnSync("sh", ["-c", 'chown -hR "$0" "$1"/*', owner, stage]);
    if (uid !== 0) spawnSync("chown", ["-hR", `${uid}:${uid}`, stage]);
    // Each test has the next shell.
    const [program = "sh", ...words] = SHELLS[turn++ % SHELLS.length]?.split(" ") ?? [];
    const args = [
      "-c",
      placeSource(),
      "sh",
      String(uid),
      owner,
      stage,
      "",
      ...destinations.map((path) => join(root, path)),
    ];
    const as = ["--reuid", String(uid), "--regid", String(uid), "--clear-groups", program];
    const { status, stdout } = spawnSync("setpriv", [...as, ...words, ...args], {
      cwd: root,
      encoding: "utf8",
    });
    return { status, said: stdout };
  } finally {
    rmSync(stage, { recursive: true });
  }
}

const paths = (): readonly string[] =>
  listTree(root)
    .map((line) => line.split("\t"))
    .filter(([path, kind]) => kind !== undefined && path !== "")
    .map(([path = ""]) => path);
const ownerOf = (path: string): number => statSync(join(root, path)).uid;

describeRoot("without python3", () => {
  const nested = { destinations: ["app", "app/sub/deep"] };
  const staged: Tree = { "0/sub/file": { bytes: "0" }, "1/file": { bytes: "1" } };

  it("nothing is placed when a destination is in a directory that another one brings for another user", () => {
    const placed = place({ ...nested, staged, owner: "1000:1000" });
    expect(placed.said).toMatch(
      /^the image has no python3, .*\/app\/sub\/deep', where another line .* plant a link\n$/,
    );
    expect({ ...placed, paths: paths() }).toEqual({ ...placed, status: 1, paths: [] });
  });

  it("nothing is placed when a destination is in a directory that another one brings open to other users", () => {
    const placed = place({ ...nested, staged: { ...staged, "0/sub/": { mode: 0o777 } } });
    expect({ ...placed, paths: paths() }).toEqual({ ...placed, status: 1, paths: [] });
  });

  it.each<[string, Placing]>([
    ["on the way to another destination", { ...nested, staged: { "0/sub": {}, "1/": {} } }],
    [
      "on the way to a destination before it",
      { ...nested, destinations: ["app/sub/deep", "app"], staged: { "0/": {}, "1/sub": {} } },
    ],
    ["as another destination", { ...nested, staged: { "0/sub/deep": {}, "1/": {} } }],
    ["in another destination", { ...nested, staged: { "0/sub/deep/x": {}, "1/x/": {} } }],
    ["in the same destination", { destinations: ["app", "link"], staged: { "0/x": {}, "1/x/": {} } }],
  ])("nothing is placed when there would be a file and a directory %s", (_, placing) => {
    if (placing.destinations.includes("link")) {
      mkdirSync(join(root, "app"));
      symlinkSync("app", join(root, "link"));
    }
    const before = listTree(root);
    const placed = place(placing);
    expect(placed.said).toMatch(/^two lines of 'files' bring a file and a directory of one name to '/);
    expect({ ...placed, after: listTree(root) }).toEqual({ ...placed, status: 1, after: before });
  });

  it.each([[["app", "app/sub/deep"]], [["app/sub/deep", "app"]]])(
    "a destination in what another one brings gets its files as root's: %p",
    (destinations) => {
      const [outer, inner] = destinations[0] === "app" ? [0, 1] : [1, 0];
      const staged = { [`${outer}/sub/deep/old`]: {}, [`${outer}/top`]: {}, [`${inner}/new`]: {} };
      expect(place({ destinations, staged })).toEqual({ status: 0, said: "" });
      const all = ["app", "app/sub", "app/sub/deep", "app/sub/deep/new", "app/sub/deep/old", "app/top"];
      expect(paths()).toEqual(all);
    },
  );

  it("a destination may be new in a sticky directory, and is named by its path", () => {
    mkdirSync(join(root, "sticky"));
    chmodSync(join(root, "sticky"), 0o1777);
    const placing: Placing = { destinations: ["sticky/app"], staged: { "0/file": {} } };
    expect(place(placing)).toEqual({ status: 0, said: "" });
    expect(paths()).toContain("sticky/app/file");
    const { said } = place({ ...placing, staged: { "0/file/x": {} } });
    expect(said).toContain(`'${root}/sticky/app/file' is a link or a file`);
  });

  it("a destination beside what another one brings is placed for another user", () => {
    const placed = place({ ...nested, staged: { "0/other/file": {}, "1/file": {} }, owner: "1000:1000" });
    expect(placed).toEqual({ status: 0, said: "" });
    expect(paths().filter((path) => ownerOf(path) !== 1000)).toEqual([]);
    expect(paths()).toContain("app/sub/deep/file");
  });

  it("one directory of several destinations is not placed in when it is another user's by then", () => {
    const victim = join(root, "app");
    mkdirSync(victim);
    symlinkSync("app", join(root, "link"));
    const before = listTree(root);
    const placed = place({
      destinations: ["app", "link"],
      staged: { "0/sub/a": {}, "1/sub/b": {} },
      owner: "1000:1000",
    });
    expect({ ...placed, after: listTree(root) }).toEqual({ ...placed, status: 1, after: before });
  });

  it("a destination with a line end is not taken for two, and nothing is placed", () => {
    mkdirSync(join(root, "etc"));
    const placed = place({ destinations: ["dest/a\netc"], staged: { "0/f": {} }, owner: "1000:1000" });
    expect(placed).toEqual({ status: 1, said: "the path of a destination has a line end\n" });
    expect([paths(), ownerOf("etc")]).toEqual([["etc"], 0]);
  });

  it("a link of root's that another user has moved into a sticky directory is not followed", () => {
    for (const name of ["own", "sticky", "victim"]) mkdirSync(join(root, name));
    chmodSync(join(root, "sticky"), 0o1777);
    symlinkSync(join(root, "victim"), join(root, "own/link"));
    chownSync(join(root, "own"), 1000, 1000);
    const move = ["mv", join(root, "own/link"), join(root, "sticky/dest")];
    expect(spawnSync("setpriv", ["--reuid=1000", "--regid=1000", "--clear-groups", ...move]).status).toBe(0);
    const placed = place({ destinations: ["sticky/dest"], staged: { "0/f": {} } });
    expect(placed.said).toMatch(/another user could plant a link there or on the way/);
    expect({ ...placed, paths: paths() }).toEqual({
      ...placed,
      status: 1,
      paths: ["own", "sticky", "sticky/dest", "victim"],
    });
  });
});

// A user other than root can neither move such a directory nor take anything out of it.
describeRoot.each(SHELLS)("without python3, and as another user than root, by %s", (shell) => {
  const WHOLE: Tree = {
    "0/a": { bytes: "a", modified: 1_000_000_001 },
    "0/sub/f": { bytes: "f", modified: 1_000_000_002 },
    "0/sub/line\nend /g": { bytes: "g", mode: 0o444, modified: 1_000_000_003 },
    "0/sub/line\nend /": { mode: 0o500, modified: 1_100_000_000 },
    "0/sub/open/deep/h": { modified: 1_000_000_004 },
    "0/sub/open/deep/": { mode: 0o111, modified: 1_200_000_000 },
    "0/sub/": { mode: 0o555, modified: 1_000_000_000 },
    "0/": { mode: 0o555, modified: 1_300_000_000 },
  };
  const listed = (path: string): readonly string[] =>
    listTree(path).filter((line) => !line.includes("/open\t"));
  const sent = (): readonly string[] => {
    const stage = mkdtempSync("/srv/sent-");
    try {
      plant(stage, WHOLE);
      return listed(join(stage, "0"));
    } finally {
      rmSync(stage, { recursive: true });
    }
  };
  beforeEach(() => {
    turn = SHELLS.indexOf(shell);
    chownSync(root, 1000, 1000);
  });

  it("directories without the right to write arrive whole in a new destination", () => {
    expect(place({ destinations: ["new"], staged: WHOLE, uid: 1000 })).toEqual({ status: 0, said: "" });
    expect(listed(join(root, "new"))).toEqual(sent());
  });

  it("they arrive whole on another file system", () => {
    const other = mkdtempSync("/dev/shm/place-");
    try {
      chownSync(other, 1000, 1000);
      const to = relative(root, join(other, "new"));
      expect(place({ destinations: [to], staged: WHOLE, uid: 1000 })).toEqual({ status: 0, said: "" });
      expect(listed(join(other, "new"))).toEqual(sent());
    } finally {
      rmSync(other, { recursive: true });
    }
  });

  it("another destination may be in one of them", () => {
    const staged: Tree = { "0/sub/f": {}, "0/sub/": { mode: 0o555 }, "1/g": {} };
    const placed = place({ destinations: ["app", "app/sub/deep"], staged, uid: 1000 });
    expect(placed).toEqual({ status: 0, said: "" });
    expect(paths()).toEqual(["app", "app/sub", "app/sub/deep", "app/sub/deep/g", "app/sub/f"]);
    expect(statSync(join(root, "app/sub")).mode & 0o777).toBe(0o555);
  });

  it("they arrive whole in directories that are there, which stay as they are", () => {
    mkdirSync(join(root, "there/sub"), { recursive: true });
    for (const path of ["there", "there/sub"]) chownSync(join(root, path), 1000, 1000);
    expect(place({ destinations: ["there"], staged: WHOLE, uid: 1000 })).toEqual({ status: 0, said: "" });
    const withoutKept = (lines: readonly string[]) => lines.filter((line) => !/^(sub)?\t/.test(line));
    expect(withoutKept(listed(join(root, "there")))).toEqual(withoutKept(sent()));
    expect(statSync(join(root, "there/sub")).mode & 0o777).toBe(0o755);
  });

  it("nothing is placed when a directory that is there can't be looked through before", () => {
    mkdirSync(join(root, "there/sub"), { recursive: true });
    for (const path of ["there", "there/sub"]) chownSync(join(root, path), 1000, 1000);
    const staged: Tree = { "0/a": {}, "0/sub/f": {}, "0/sub/": { mode: 0o300 } };
    const placed = place({ destinations: ["there"], staged, uid: 1000 });
    expect(placed.said).toMatch(
      /^'\/srv\/place-\w+\/there\/sub' is a directory that its owner may not read, and the container has one of this name\n/,
    );
    expect({ ...placed, paths: paths() }).toEqual({ ...placed, status: 1, paths: ["there", "there/sub"] });
  });

  it("a destination that can't be looked through is named as the user knows it, and not as a place of ours", () => {
    const destinations = ["new", "there"];
    mkdirSync(join(root, "there"));
    chownSync(join(root, "there"), 1000, 1000);
    const placed = place({
      destinations,
      staged: { "0/a": {}, "1/f": {}, "1/": { mode: 0o300 } },
      uid: 1000,
    });
    expect(placed.said).toMatch(
      new RegExp(`^'${root}/there' is a directory that its owner may not read, and the container has one of`),
    );
    expect(placed.status).toBe(1);
  });
});
