import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { jest } from "@jest/globals";
import { Directory } from "../../../src/inputs/beneath/directory.ts";
import type { OutSource } from "../../../src/doors/cli/copy.ts";
import { placeCopies } from "../../../src/doors/cli/place-copies.ts";

let base: string;
let root: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "place-"));
  root = join(base, "unpacked");
});
afterEach(() => rmSync(base, { recursive: true }));

function writeFile(path: string, text: string): void {
  mkdirSync(dirname(join(base, path)), { recursive: true });
  writeFileSync(join(base, path), text);
}
const text = (path: string): string => readFileSync(join(base, path), "utf8");
/** Places what was unpacked. The working directory is elsewhere, unless it is given. */
function placeAll(sources: readonly OutSource[], working = "/nowhere"): void {
  const above = Directory.open(base);
  try {
    placeCopies({ above, name: "unpacked" }, sources, working);
  } finally {
    above.close();
  }
}
const place = (path: string, destination: string): void =>
  placeAll([{ glob: "", path, destination: join(base, destination) }]);

it("a directory that is there keeps what it has, and files take the place of files and links", () => {
  writeFile("unpacked/srv/a", "new a");
  writeFile("unpacked/srv/d/b", "new b");
  writeFile("unpacked/srv/link", "new link");
  chmodSync(join(root, "srv/d"), 0o555);
  writeFile("out/a", "old a");
  writeFile("out/d/c", "old c");
  writeFile("elsewhere", "untouched");
  symlinkSync("../elsewhere", join(base, "out/link"));
  place("srv", "out");
  expect(["a", "d/b", "d/c", "link"].map((name) => text(`out/${name}`))).toEqual([
    "new a",
    "new b",
    "old c",
    "new link",
  ]);
  expect([text("elsewhere"), lstatSync(join(base, "out/link")).isFile()]).toEqual(["untouched", true]);
});

it("a destination's directories are made, and a link inside what is copied is kept", () => {
  writeFile("unpacked/srv/d/a", "a");
  symlinkSync("d/a", join(root, "srv/link"));
  place("srv", "some/where/out");
  expect(readlinkSync(join(base, "some/where/out/link"))).toBe("d/a");
});

it.each([
  ["/etc/passwd", "srv"],
  ["../../etc/passwd", "srv"],
  ["../secret", "srv"],
  ["../secret", "srv/d/link"],
])("nothing is moved when a link to %s would lead out of %s", (target, path) => {
  writeFile("unpacked/srv/a", "a");
  mkdirSync(join(root, "srv/d"));
  symlinkSync(target, join(root, path === "srv" ? "srv/link" : path));
  expect(() => place(path, "out")).toThrow("A link in the container leads out");
  expect(existsSync(join(base, "out"))).toBe(false);
});

it("never follows a link of this machine below a destination", () => {
  writeFile("unpacked/srv/d/a", "a");
  mkdirSync(join(base, "elsewhere"));
  mkdirSync(join(base, "out"));
  symlinkSync("../elsewhere", join(base, "out/d"));
  expect(() => place("srv", "out")).toThrow("is no directory");
  expect(existsSync(join(base, "elsewhere/a"))).toBe(false);
});

it.each(["a", "../elsewhere"])(
  "a link to %s that is copied by itself is refused, since it leads out",
  (target) => {
    writeFile("unpacked/a", "a");
    symlinkSync(target, join(root, "link"));
    expect(() => place("link", "out")).toThrow("A link in the container leads out");
    expect(readdirSync(base)).toEqual(["unpacked"]);
  },
);

it("no link is copied that would lead through a link that is at its destination", () => {
  writeFile("elsewhere/key", "secret");
  mkdirSync(join(base, "out"));
  symlinkSync("../elsewhere", join(base, "out/d"));
  writeFile("unpacked/srv/a", "a");
  symlinkSync("d/key", join(root, "srv/link"));
  expect(() => place("srv", "out")).toThrow("A link in the container leads out");
  mkdirSync(join(root, "srv/e"));
  symlinkSync("e/../d", join(root, "srv/e2"));
  rmSync(join(root, "srv/link"));
  expect(() => place("srv", "out")).toThrow("A link in the container leads out");
  expect(readdirSync(join(base, "out"))).toEqual(["d"]);
});

describe("links that lead through one another", () => {
  const [DEEP, UP] = ["d", ".."].map((name) => Array(100).fill(name).join("/"));
  /** Each of `count` links leads through `chained` links in a deep directory, one after the other. Returns how many directories are opened. */
  function openedFor(count: number, chained: number): number {
    rmSync(base, { recursive: true });
    mkdirSync(join(root, "srv", DEEP ?? ""), { recursive: true });
    for (let i = 0; i < chained; i += 1)
      symlinkSync(`${UP}/${DEEP}${i < chained - 1 ? `/u${i + 1}` : ""}`, join(root, `srv/${DEEP}/u${i}`));
    for (let i = 0; i < count; i += 1) symlinkSync(`${DEEP}/u0`, join(root, `srv/l${i}`));
    const opened = jest.spyOn(Directory.prototype, "openDirectory");
    try {
      placeAll([{ glob: "srv", path: "srv", destination: join(base, "out") }]);
    } catch (error) {
      if ((error as Error).message !== TOO_OFTEN) throw error;
    }
    const opens = opened.mock.calls.length;
    opened.mockRestore();
    return opens;
  }
  const TOO_OFTEN =
    "The links that the container has sent lead through one another too often, so nothing was copied.";

  it("are refused when their ways are too long together, in steps by their number", () => {
    // 200 links through 39 others of 200 names each would be 780,000 directories.
    expect(openedFor(200, 39)).toBeLessThan(10_000 + 64 * 341 + 2_000);
    expect(existsSync(join(base, "out"))).toBe(false);
    expect(openedFor(10, 39)).toBeLessThan(10_000 + 64 * 151 + 2_000);
  });

  it("are copied when there are few of them", () => {
    openedFor(5, 3);
    expect(readlinkSync(join(base, "out/l4"))).toBe(`${DEEP}/u0`);
  });
});

it.each([
  ["/srv/*.xml", [".bashrc", "a.xml"], ".bashrc"],
  ["/srv/*.xml", ["d/b.xml", "a.xml"], "d/b.xml"],
  ["/srv/**/*.xml", [".git/hooks/post-checkout", "d/a.xml"], ".git/hooks/post-checkout"],
  ["/srv/[!]a]?.xml", ["]x.xml", "bx.xml"], "]x.xml"],
  ["/srv/a.x*", ["a.xml", "abx"], "abx"],
])("for %s the container can't send %j", (glob, names, unasked) => {
  for (const name of names) writeFile(`unpacked/srv/${name}`, "planted");
  const copy = (): void => placeAll([{ glob, path: "srv", destination: join(base, "home") }]);
  expect(copy).toThrow(
    `has sent ${JSON.stringify(unasked)}, which :${glob} did not ask for, so nothing was copied`,
  );
  expect(existsSync(join(base, "home"))).toBe(false);
  rmSync(join(root, "srv", unasked.replace(/\/.*/, "")), { recursive: true });
  copy();
  expect(text(`home/${names.find((name) => name !== unasked) ?? ""}`)).toBe("planted");
});

it("globs below one directory are copied together, with all that their matches hold", () => {
  writeFile("unpacked/log/a.log", "a");
  writeFile("unpacked/log/b.txt", "b");
  writeFile("unpacked/log/c.txt/d", "d");
  const destination = join(base, "out");
  placeAll(["log/*.log", "log/?.txt"].map((glob) => ({ glob, path: "log", destination })));
  expect([text("out/a.log"), text("out/b.txt"), text("out/c.txt/d")]).toEqual(["a", "b", "d"]);
});

it.each([
  ["two files", ["a/x", "b/x"]],
  ["a directory and a file", ["a/x/y", "b/x"]],
  ["a file in a directory and another", ["a/x/y", "b/x/y"]],
])("nothing is moved when %s would be copied to one path", (_, paths) => {
  for (const path of paths) writeFile(`unpacked/${path}`, path);
  const destination = join(base, "out/x");
  const sources = ["a/x", "b/x"].map((path) => ({ glob: path, path, destination }));
  expect(() => placeAll(sources)).toThrow("Two things would be copied to");
  expect(existsSync(join(base, "out"))).toBe(false);
});

it("an archive without what was asked for is reported", () => {
  writeFile("unpacked/else", "");
  expect(() => place("srv/a", "out")).toThrow("The container has sent nothing for :");
});

it.each([
  ["a pipe", () => execFileSync("mkfifo", [join(base, "out/a")])],
  [
    "a link to a pipe",
    () => {
      execFileSync("mkfifo", [join(base, "pipe")]);
      symlinkSync("../pipe", join(base, "out/a"));
    },
  ],
  ["a link such as /dev/stdout", () => symlinkSync("/proc/self/fd/1", join(base, "out/a"))],
])("nothing replaces %s", (_, make) => {
  writeFile("unpacked/srv/a", "a");
  mkdirSync(join(base, "out"));
  make();
  const { ino } = lstatSync(join(base, "out/a"));
  expect(() => place("srv/a", "out/a")).toThrow("out/a is a device, a pipe or a socket");
  expect(() => place("srv", "out")).toThrow("out/a is a device, a pipe or a socket");
  expect(lstatSync(join(base, "out/a")).ino).toBe(ino);
});

it("nothing is moved when a part of it would go to another file system", () => {
  writeFile("unpacked/a", "a");
  writeFile("unpacked/b/c", "c");
  const sources = [
    { glob: "a", path: "a", destination: join(base, "out/a") },
    { glob: "b", path: "b", destination: "/proc/sys" },
  ];
  expect(() => placeAll(sources)).toThrow("/proc/sys is on a file system of its own");
  expect(existsSync(join(base, "out"))).toBe(false);
});

it("says how to copy a file into a directory", () => {
  writeFile("unpacked/a", "a");
  mkdirSync(join(base, "out"));
  expect(() => place("a", "out")).toThrow("end it with a slash to copy into it");
});

describe("what begins with a dot", () => {
  const copyAll = (glob: string, name = "."): void =>
    placeAll([{ glob, path: "srv", destination: join(base, "home", name) }], join(base, "home"));
  beforeEach(() => {
    mkdirSync(join(base, "home/.git"), { recursive: true });
    writeFile("unpacked/srv/a", "a");
  });

  it.each([
    ["/srv/*", ".git/hooks/pre-commit"],
    ["/srv/.*", ".git/hooks/pre-commit"],
    ["/srv", ".git/hooks/pre-commit"],
    ["/srv/**", "new/.git/config"],
    ["/srv/*", ".env.local"],
    ["/srv/*", ".bashrc"],
    ["/srv", ".npmrc"],
    ["/srv/**/x*", ".config/x"],
  ])("comes into a directory of this machine only by its name: for %s not %s", (glob, name) => {
    writeFile(`unpacked/srv/${name}`, "planted");
    rmSync(join(root, "srv/a"));
    expect(() => copyAll(glob)).toThrow("does not name it, so nothing was copied");
    expect(readdirSync(join(base, "home"))).toEqual([".git"]);
    expect(readdirSync(join(base, "home/.git"))).toEqual([]);
  });

  it.each([
    ["/srv/.*", ".bashrc"],
    ["/srv/.git/**", ".git/hooks/pre-commit"],
    ["/srv/**/.env", "d/.env"],
  ])("comes when the command names it: %s", (glob, name) => {
    writeFile(`unpacked/srv/${name}`, "asked for");
    rmSync(join(root, "srv/a"));
    copyAll(glob);
    expect(text(`home/${name}`)).toBe("asked for");
  });

  it("comes into a new directory with what else is copied, except for '.git' and '.env'", () => {
    writeFile("unpacked/srv/.hidden", "h");
    copyAll("/srv", "new");
    expect(text("home/new/.hidden")).toBe("h");
  });
});

it.each([
  ["../elsewhere", "repo", "a symbolic link to a file outside"],
  [".git/hooks", "repo", "a symbolic link to '.git', whose name begins with a dot"],
  ["../elsewhere", "repo/work", "a symbolic link to a file outside"],
  [".git/hooks", "repo/work", "a symbolic link to '.git', whose name begins with a dot"],
])("a link of the checkout to %s is no way to a destination from %s", (target, working, problem) => {
  for (const path of ["repo/.git/hooks", "repo/work"]) mkdirSync(join(base, path), { recursive: true });
  mkdirSync(join(base, "elsewhere"));
  symlinkSync(target, join(base, "repo/out"));
  writeFile("unpacked/srv/a", "planted");
  const copy = (): void =>
    placeAll([{ glob: "/srv/a", path: "srv/a", destination: join(base, "repo/out/a") }], join(base, working));
  expect(copy).toThrow(problem);
  expect([readdirSync(join(base, "elsewhere")), readdirSync(join(base, "repo/.git/hooks"))]).toEqual([
    [],
    [],
  ]);
});

it("nothing is placed in a repository of git, which would obey it", () => {
  execFileSync("git", ["init", "--quiet", "--bare", join(base, "out/mirror")]);
  const before = text("out/mirror/config");
  writeFile("unpacked/srv/mirror/config", "[core]\nfsmonitor = evil\n");
  writeFile("unpacked/srv/other", "new");
  expect(() => place("srv", "out")).toThrow(
    /mirror\/config is not written, so nothing was copied: git could/,
  );
  expect([text("out/mirror/config"), existsSync(join(base, "out/other"))]).toEqual([before, false]);
});

describe("git runs nothing that copies have brought together", () => {
  const HEAD = "ref: refs/heads/main\n";
  const CONFIG = '[core]\nrepositoryformatversion = 0\nworktree = .\nfsmonitor = "touch $RAN; false"\n';
  const sendAll = (...paths: readonly string[]): void => {
    for (const path of paths) writeFile(`unpacked/${path}`, path.endsWith("HEAD") ? HEAD : CONFIG);
  };
  const copyAll = (...sources: readonly (readonly [path: string, destination: string])[]): void => {
    placeAll(sources.map(([path, to]) => ({ glob: path, path, destination: join(base, to) })));
  };

  /** Whether git, started there, runs what is configured there. */
  function isObeyedIn(path: string): boolean {
    const ran = join(base, "ran");
    const env = { ...process.env, RAN: ran, GIT_CEILING_DIRECTORIES: base, GIT_CONFIG_GLOBAL: "/dev/null" };
    spawnSync("git", ["status"], { cwd: join(base, path), env });
    return existsSync(ran);
  }

  it.each<[string, string, readonly string[], readonly [string, string][]]>([
    [
      "two sources",
      "a/",
      ["b/refs/x"],
      [
        ["srv/a", "out"],
        ["srv/b", "out"],
      ],
    ],
    [
      "whole directories of two sources",
      "a/d/",
      ["b/d/refs/x"],
      [
        ["srv/a/d", "out"],
        ["srv/b/d", "out"],
      ],
    ],
    [
      "directories of two sources at a deeper level",
      "a/d/",
      ["b/d/refs/x"],
      [
        ["srv/a", "."],
        ["srv/b", "."],
      ],
    ],
  ])("in one copy of %s", (_, first, second, sources) => {
    mkdirSync(join(base, "out"));
    sendAll(
      ...["HEAD", "config", "objects/x"].map((name) => `srv/${first}${name}`),
      ...second.map((path) => `srv/${path}`),
    );
    expect(() => copyAll(...sources)).toThrow("HEAD is not written, so nothing was copied: git could take");
    expect(readdirSync(base).toSorted()).toEqual(["out", "unpacked"]);
    expect(readdirSync(join(base, "out"))).toEqual([]);
  });

  it("in two copies, whatever comes first", () => {
    for (const names of [["refs/x", "objects/x"], ["HEAD", "config"], ["config"]]) {
      sendAll(...names.map((name) => `srv/${name}`));
      try {
        copyAll(["srv", "out"]);
      } catch (error) {
        expect((error as Error).message).toContain("HEAD is not written");
      }
      rmSync(join(root, "srv"), { recursive: true, force: true });
    }
    expect(isObeyedIn("out")).toBe(false);
    expect(readdirSync(join(base, "out")).toSorted()).toEqual(["config", "objects", "refs"]);
  });

  it.each<[string, readonly string[], readonly [string, string][]]>([
    [
      "two sources",
      ["a/objects/x", "b/refs/x"],
      [
        ["srv/a", "out"],
        ["srv/b", "out"],
      ],
    ],
    ["a directory whose name the command gives", ["x/y"], [["srv/x", "out/refs"]]],
  ])("in a directory of the checkout with a HEAD and %s", (_, sent, sources) => {
    sendAll(...sent.map((path) => `srv/${path}`));
    writeFile("out/HEAD", HEAD);
    expect(() => copyAll(...sources)).toThrow("is not written, so nothing was copied: git could");
    expect(readdirSync(join(base, "out"))).toEqual(["HEAD"]);
  });

  it("in a repository that has one more file by its name", () => {
    execFileSync("git", ["init", "--quiet", "--bare", join(base, "out")]);
    sendAll("srv/config");
    expect(() => copyAll(["srv/config", "out/config"])).toThrow("out/config is not written");
    expect(isObeyedIn("out")).toBe(false);
  });

  it("as a file that the command names HEAD, but a directory of that name comes", () => {
    sendAll("srv/x", "srv/HEAD/y");
    expect(() => copyAll(["srv/x", "out/HEAD"])).toThrow("out/HEAD is not written");
    copyAll(["srv/HEAD", "out/HEAD"]);
    expect(readdirSync(join(base, "out/HEAD"))).toEqual(["y"]);
  });
});
