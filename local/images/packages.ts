import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { virtualEnvironment } from "../python.ts";

const unneeded = ["doc", "man", "info", "locale", "lintian", "bug", "menu", "doc-base"];

/** Unpacks Debian packages and their dependencies over a root file system. `scratch` is an empty directory. */
export function unpack(packages: readonly string[], root: string, scratch: string): void {
  mkdirSync(join(scratch, "partial"), { recursive: true });
  const apt = [
    ...["--quiet", "--yes", "--download-only", "--no-install-recommends"],
    // An empty package database, so that apt fetches all dependencies. Own directories, so that apt needs no root.
    ...["-o", "Dir::State::status=/dev/null", "-o", `Dir::Cache::archives=${scratch}`],
    ...["-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache="],
    ...["-o", "Debug::NoLocking=1", "-o", "APT::Sandbox::User=root"],
    ...["install", ...packages],
  ];
  try {
    run("apt-get", apt);
  } catch {
    // There are no lists yet, or they name versions that were replaced.
    run("apt-get", ["--quiet", "update"]);
    run("apt-get", apt);
  }
  for (const path of ["bin", "sbin", "lib", "lib64"]) {
    mkdirSync(join(root, "usr", path), { recursive: true });
    symlinkSync(`usr/${path}`, join(root, path));
  }
  const excluded = unneeded.map((name) => `--exclude=./usr/share/${name}`);
  const tar = ["tar", "-x", "--keep-directory-symlink", "--no-same-owner", ...excluded, "-C", root];
  for (const file of readdirSync(scratch).filter((name) => name.endsWith(".deb")))
    run("/bin/sh", [
      "-c",
      'deb=$1; shift; dpkg-deb --fsys-tarfile "$deb" | "$@"',
      "sh",
      join(scratch, file),
      ...tar,
    ]);
}

/** Installs all of `requirements.txt` for the Python of a root file system, of any version. */
export function installPython(root: string): void {
  const version = readdirSync(join(root, "usr/lib")).find((name) => /^python3\.\d+$/.test(name));
  if (version === undefined) throw new Error("There is no Python in this image to install for.");
  run(join(virtualEnvironment, "bin/python3"), [
    ...["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--root-user-action=ignore"],
    ...["--no-compile", "--only-binary=:all:", "--no-deps", "--require-hashes"],
    // The oldest Python that all pinned versions run on.
    ...["--python-version", "3.9", "-r", join(import.meta.dirname, "requirements.txt")],
    ...["--target", join(root, "usr/local/lib", version, "dist-packages")],
  ]);
}

/** Compiles a root file system's Python modules by its own Python. Otherwise every container would compile them. */
export function compilePython(root: string): void {
  const rights = process.getuid?.() === 0 ? [] : ["--map-root-user"];
  const compile = ["/usr/bin/python3", "-I", "-m", "compileall", "-q", "/usr/lib", "/usr/local/lib"];
  run("unshare", [...rights, `--root=${root}`, ...compile]);
}

/** Returns the program's output. Throws with its last lines when it fails. */
export function run(program: string, args: readonly string[]): string {
  const env = { ...process.env, LC_ALL: "C", PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` };
  const done = spawnSync(program, args, { encoding: "utf8", env, maxBuffer: 2 ** 26 });
  if (done.error) throw done.error;
  if (done.status === 0) return done.stdout;
  const words = `${done.stdout}${done.stderr}`.trim().split("\n").slice(-5).join("\n");
  throw new Error(`${program} ended with ${done.status ?? done.signal ?? "nothing"}: ${words}`);
}
