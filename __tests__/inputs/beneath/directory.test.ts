import { execFileSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Directory, LinkError, NotRegular } from "../../../src/inputs/beneath/directory.ts";
import { asRoot } from "../../../local/task/isolate.ts";
import { withNeed } from "../../helpers/needs.ts";

const asOther = withNeed(it, "root", asRoot ? undefined : "only root can become another user");

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "fx-directory-"));
  mkdirSync(join(base, "d/below"), { recursive: true });
  writeFileSync(join(base, "d/f"), "content");
  symlinkSync("d", join(base, "to-d"));
  symlinkSync("f", join(base, "d/to-f"));
});
afterEach(() => rmSync(base, { recursive: true }));

const read = (directory: Directory, name: string): string => {
  const file = directory.openFile(name);
  try {
    return readFileSync(file, "utf8");
  } finally {
    closeSync(file);
  }
};

// The second one is what systems without /proc do.
describe.each(["descriptor", "path"] as const)(
  "a directory whose names are looked up by its %s",
  (naming) => {
    let root: Directory;
    beforeEach(() => {
      root = Directory.open(base, naming);
    });
    afterEach(() => {
      root.close();
    });

    it("opens what it holds, and follows no link", () => {
      const directory = root.openDirectory("d");
      expect([directory.path, read(directory, "f")]).toEqual([join(base, "d"), "content"]);
      expect(() => root.openDirectory("to-d")).toThrow(LinkError);
      expect(() => directory.openFile("to-f")).toThrow(`${base}/d/to-f is a symbolic link`);
      expect(() => directory.openToWrite("to-f", 0o600)).toThrow(LinkError);
      directory.close();
      directory.close();
    });

    it.each(["", ".", "..", "d/f", "/etc/passwd", "d\0"])("takes %j for no name", (name) => {
      expect(() => root.look(name)).toThrow("is not the name of a file");
      expect(() => root.openFile(name)).toThrow("is not the name of a file");
      expect(() => root.openDirectory(name)).toThrow("is not the name of a file");
    });

    it("does not wait for a pipe, and takes neither it nor a directory for a file", () => {
      execFileSync("mkfifo", [join(base, "pipe")]);
      for (const name of ["pipe", "d"]) expect(() => root.openFile(name)).toThrow(NotRegular);
      expect(() => root.openDirectory("pipe")).toThrow("ENOTDIR");
    });

    it("names its path in an error", () => {
      expect(() => root.openFile("none")).toThrow(`ENOENT: no such file or directory, open '${base}/none'`);
    });

    it("never comes to what has taken its place", () => {
      const directory = root.openDirectory("d");
      mkdirSync(join(base, "other"));
      writeFileSync(join(base, "other/f"), "other");
      renameSync(join(base, "d"), join(base, "moved"));
      symlinkSync("other", join(base, "d"));
      const create = (): void => closeSync(directory.createFile("new", 0o600));
      if (naming === "descriptor") {
        expect(read(directory, "f")).toBe("content");
        create();
      } else {
        expect(() => read(directory, "f")).toThrow("was changed meanwhile");
        expect(create).toThrow("was changed meanwhile");
      }
      expect(readdirSync(join(base, "other"))).toEqual(["f"]);
      directory.close();
    });

    it("removes a tree, but nothing behind its links", () => {
      root.removeAll("none");
      mkdirSync(join(base, "tree/a/b"), { recursive: true });
      symlinkSync("../../d", join(base, "tree/a/link"));
      root.removeAll("tree");
      expect(readdirSync(base).sort()).toEqual(["d", "to-d"]);
      expect(readdirSync(join(base, "d")).sort()).toEqual(["below", "f", "to-f"]);
    });
  },
);

asOther("a directory that may be entered need not be readable", () => {
  chmodSync(base, 0o711);
  chmodSync(join(base, "d"), 0o711);
  process.seteuid?.(1000);
  try {
    const root = Directory.open(base);
    const directory = root.openDirectory("d");
    expect(read(directory, "f")).toBe("content");
    expect(() => directory.list()).toThrow(`EACCES: permission denied, scandir '${base}/d'`);
    directory.close();
    root.close();
  } finally {
    process.seteuid?.(0);
  }
});
