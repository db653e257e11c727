import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openDirectoryBeneath, readFileBeneath } from "../../../src/inputs/beneath/resolve.ts";

let base: string;
let root: string;
const write = (path: string): void => {
  mkdirSync(dirname(join(base, path)), { recursive: true });
  writeFileSync(join(base, path), path);
};
const link = (path: string, target: string): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  symlinkSync(target, join(root, path));
};
const read = (path: string): string => readFileBeneath(root, join(root, path)).toString();
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "fx-resolve-"));
  root = join(base, "root");
  for (const path of ["outside/f", "root/a/f", "root/a/b/f", "root/.git/config", "root/.github/run.sh"])
    write(path);
});
afterEach(() => rmSync(base, { recursive: true }));

it.each([
  ["a/link", "f", "root/a/f"],
  ["a/link", "./b/../b//f", "root/a/b/f"],
  ["link", "a/b/../f", "root/a/f"],
  ["a/b/link", "../f", "root/a/f"],
])("the link %s to %s is followed", (path, target, content) => {
  link(path, target);
  expect(read(path)).toBe(content);
});

it("a backslash is a character of a name where a slash separates names", () => {
  write("root/a\\f");
  link("link", "a\\f");
  expect([read("a\\f"), read("link")]).toEqual(Array(2).fill("root/a\\f"));
});

it("links to directories, and to other links, are followed, and an absolute one that stays inside", () => {
  link("d", "a/b");
  link("e", "d");
  link("f", join(root, "e/f"));
  expect([read("d/f"), read("e/f"), read("f")]).toEqual(Array(3).fill("root/a/b/f"));
});

it.each([
  ["link", "../outside/f"],
  ["a/link", "../../outside/f"],
  ["a/link", "b/../../../outside/f"],
  ["link", "/etc/passwd"],
  ["link", "/proc/self/environ"],
  ["link/f", "../outside"],
  ["link/environ", "/proc/self"],
  ["link/root/a/f", ".."],
])("a link out is not followed: %s by %s", (path, target) => {
  link(path.split("/link")[0] === path ? (path.split("/")[0] ?? "") : path, target);
  expect(() => read(path)).toThrow(`it is a symbolic link to a file outside ${root}`);
});

it.each([
  ["conf/config", "conf", ".git"],
  ["script.sh", "script.sh", ".git/config"],
  ["a/script.sh", "a/script.sh", "../.github/run.sh"],
])("a link to a name with a dot at its beginning is not followed: %s", (path, at, target) => {
  link(at, target);
  expect(() => read(path)).toThrow(/it is a symbolic link to '\.git(hub)?', whose name begins with a dot/);
});

it("a path that has the name itself is followed", () => {
  link(".github/link", "run.sh");
  link(".github/also", "../.github/run.sh");
  expect([read(".git/config"), read(".github/link"), read(".github/also")]).toEqual([
    "root/.git/config",
    "root/.github/run.sh",
    "root/.github/run.sh",
  ]);
});

it("links in a circle, and what is missing or no file, are reported", () => {
  link("circle", "circle");
  link("dangling", "none");
  expect(() => read("circle")).toThrow("more than 40 symbolic links");
  expect(() => read("dangling")).toThrow("ENOENT");
  expect(() => read("a")).toThrow("it is not a regular file");
  expect(() => read("a/f/x")).toThrow("ENOTDIR");
});

it("forty links are followed, and no more", () => {
  for (let at = 0; at <= 40; at += 1) link(`chain-${at}`, at === 0 ? "a/f" : `chain-${at - 1}`);
  expect(read("chain-39")).toBe("root/a/f");
  expect(() => read("chain-40")).toThrow("more than 40 symbolic links");
});

it("a directory is made beneath the root, through links that stay inside", () => {
  link("out", "a/b");
  link("away", "../outside");
  link("hooks", ".git");
  const made = openDirectoryBeneath(root, join(root, "out/x/y"), { make: true });
  expect(made.path).toBe(join(root, "a/b/x/y"));
  made.close();
  for (const path of ["away/x", "hooks/x"])
    expect(() => openDirectoryBeneath(root, join(root, path), { make: true })).toThrow("symbolic link");
  expect([readdirSync(join(base, "outside")), readdirSync(join(root, ".git"))]).toEqual([["f"], ["config"]]);
});
