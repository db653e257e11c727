import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { placeCopies, removeTree } from "../../src/cli/place-copies.ts";

let base: string;
let root: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "place-"));
  root = join(base, "unpacked");
});
afterEach(() => rmSync(base, { recursive: true }));

function put(path: string, text: string): void {
  mkdirSync(dirname(join(base, path)), { recursive: true });
  writeFileSync(join(base, path), text);
}
const text = (path: string): string => readFileSync(join(base, path), "utf8");
const place = (path: string, destination: string): void =>
  placeCopies(root, [{ glob: "", path, destination: join(base, destination) }]);

it("a directory that is there keeps what it has, and files take the place of files and links", () => {
  put("unpacked/srv/a", "new a");
  put("unpacked/srv/d/b", "new b");
  put("unpacked/srv/link", "new link");
  chmodSync(join(root, "srv/d"), 0o555);
  put("out/a", "old a");
  put("out/d/c", "old c");
  put("elsewhere", "untouched");
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
  put("unpacked/srv/d/a", "a");
  symlinkSync("d/a", join(root, "srv/link"));
  place("srv", "some/where/out");
  expect(readlinkSync(join(base, "some/where/out/link"))).toBe("d/a");
});

it.each([
  ["/etc/passwd", "srv"],
  ["../../etc/passwd", "srv"],
  ["../secret", "srv"],
  ["../secret", "srv/d/link"],
])("nothing is moved where a link to %s would lead out of %s", (target, path) => {
  put("unpacked/srv/a", "a");
  mkdirSync(join(root, "srv/d"));
  symlinkSync(target, join(root, path === "srv" ? "srv/link" : path));
  expect(() => place(path, "out")).toThrow("A link in the container leads out");
  expect(existsSync(join(base, "out"))).toBe(false);
});

it("never follows a link of this machine below a destination", () => {
  put("unpacked/srv/d/a", "a");
  mkdirSync(join(base, "elsewhere"));
  mkdirSync(join(base, "out"));
  symlinkSync("../elsewhere", join(base, "out/d"));
  expect(() => place("srv", "out")).toThrow("is no directory");
  expect(existsSync(join(base, "elsewhere/a"))).toBe(false);
});

it("says how to copy a file into a directory", () => {
  put("unpacked/a", "a");
  mkdirSync(join(base, "out"));
  expect(() => place("a", "out")).toThrow("end it with a slash to copy into it");
});

it("removes what may not be written", () => {
  put("unpacked/d/a", "a");
  chmodSync(join(root, "d"), 0o555);
  removeTree(root);
  removeTree(root);
  expect(existsSync(root)).toBe(false);
});
