import { spawnSync } from "node:child_process";
import {
  chownSync,
  chmodSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { asRoot } from "../../local/task/isolate.ts";
import { payloadFile } from "../../src/payload/container-files.ts";
import { withNeed } from "../helpers/needs.ts";
import { runShell, SHELLS } from "../helpers/shells.ts";

const asOthers = withNeed(it, "root", asRoot ? undefined : "only root can give a file to another user");
const directory = realpathSync(mkdtempSync(join(tmpdir(), "safe-")));
const at = (name: string): string => join(directory, name);

beforeAll(() => {
  for (const name of ["ours", "open", "theirs"]) writeFileSync(at(name), "");
  chmodSync(at("open"), 0o757);
  if (asRoot) chownSync(at("theirs"), 1000, 1000);
  mkdirSync(at("in"));
  symlinkSync("../ours", at("in/link"));
  symlinkSync("../open", at("in/link-to-open"));
  symlinkSync("loop", at("loop"));
});
afterAll(() => rmSync(directory, { recursive: true }));

/** Says whether all of these paths are safe, and the path of the last one with its links resolved. */
const SAFE = `fx_uid=$(id -u)\n${payloadFile("safe.sh")}\nif fx_safe "$@"; then echo "safe $fx_on"; else echo unsafe; fi`;

function fxSafe(shell: string, ...names: readonly string[]): string {
  return runShell(shell, SAFE, names.map(at)).toString().trim();
}

describe.each(SHELLS)("under %s", (shell) => {
  it("several paths are safe when each of them is, and the links in the last one are resolved", () => {
    expect(fxSafe(shell, "ours", "in/link").replace(/\/+/g, "/")).toBe(`safe ${directory}/in/../ours`);
  });

  asOthers("one path that another user can replace makes all of them unsafe, wherever it stands", () => {
    for (const bad of ["open", "theirs", "in/link-to-open", "nothing"])
      for (const names of [[bad], [bad, "ours"], ["ours", bad, "in/link"], ["ours", bad]])
        expect({ names, is: fxSafe(shell, ...names) }).toEqual({ names, is: "unsafe" });
  });
});

asOthers.each(SHELLS)(
  "what another user can have moved into a sticky directory is unsafe, under %s",
  (shell) => {
    const [own, sticky] = [at("own"), at("sticky")];
    for (const path of [own, sticky]) mkdirSync(path);
    chmodSync(sticky, 0o1777);
    mkdirSync(join(own, "closed"));
    mkdirSync(join(own, "open"));
    chmodSync(join(own, "open"), 0o1777);
    writeFileSync(join(own, "file"), "");
    symlinkSync(at("in"), join(own, "link"));
    chmodSync(directory, 0o711);
    chownSync(own, 1000, 1000);
    const move = `for each in "$1"/*; do mv "$each" "$2"; done`;
    spawnSync("setpriv", [
      "--reuid=1000",
      "--regid=1000",
      "--clear-groups",
      "sh",
      "-c",
      move,
      "sh",
      own,
      sticky,
    ]);
    // The kernel lets that user move all but the closed directory.
    expect(readdirSync(sticky)).toEqual(["file", "link", "open"]);
    mkdirSync(join(sticky, "closed"));
    writeFileSync(join(sticky, "closed/file"), "");
    symlinkSync("../../in", join(sticky, "closed/link"));
    const names = [
      "",
      "/",
      "/link",
      "/link/link",
      "/open",
      "/open/",
      "/file",
      "/closed",
      "/closed/",
      "/closed/file",
      "/closed/link/link",
    ];
    const safe = names.filter((name) => fxSafe(shell, `sticky${name}`).startsWith("safe"));
    expect(safe).toEqual(["", "/closed", "/closed/", "/closed/file", "/closed/link/link"]);
    for (const path of [own, sticky]) rmSync(path, { recursive: true });
  },
);

asOthers.each(SHELLS)(
  "a file name that looks like lines of `ls` does not mislead the check, under %s",
  (shell) => {
    mkdirSync(at("their-own"));
    const own = join(at("their-own"), "python3");
    symlinkSync(own, at("link-to-their-own"));
    chownSync(at("their-own"), 1000, 1000);
    // However many lines the check looks for, one of these names has them.
    for (let lines = 1; lines <= 12; lines++) {
      const name = ["x", ...Array<string>(lines).fill("drwxr-xr-x 1 0 0 x")].join("\n");
      writeFileSync(join(at("their-own"), name), "");
      symlinkSync(`./${name}`, own);
      for (const path of [name, "python3"]) lchownSync(join(at("their-own"), path), 1000, 1000);
      for (const path of ["link-to-their-own", `their-own/${name}`])
        expect({ path, is: fxSafe(shell, path) }).toEqual({ path, is: "unsafe" });
      rmSync(own);
    }
    for (const path of ["their-own", "link-to-their-own"]) rmSync(at(path), { recursive: true });
  },
);

asOthers.each(SHELLS)("a file name that is a pattern is no more than one name, under %s", (shell) => {
  const [pattern, working] = [at("[ab]*"), at("working")];
  writeFileSync(pattern, "");
  mkdirSync(working);
  const check = (script: string): string[] =>
    runShell(shell, script, [pattern, at("theirs")], { cwd: working })
      .toString()
      .trim()
      .split("\n");
  expect(check(`ls() { command ls "$@" | tee lines; }\n${SAFE}`)).toEqual(["unsafe"]);
  // In a working directory of theirs, the line of that file can be a pattern of two files. Its second line would stand for the bad one.
  const found =
    readFileSync(join(working, "lines"), "utf8")
      .split("\n")
      .find((each) => each.endsWith("[ab]*")) ?? "";
  mkdirSync(join(working, dirname(found)), { recursive: true });
  for (const name of ["a", "b"]) writeFileSync(join(working, dirname(found), name), "");
  expect(check(SAFE)).toEqual(["unsafe"]);
  rmSync(working, { recursive: true });
  rmSync(pattern);
});

asOthers.each(SHELLS)("a blank in a name is a part of it, under %s", (shell) => {
  for (const name of ["a b", "-rw-r--r-- 1 0 0 x"]) {
    writeFileSync(at(name), "");
    expect({ name, is: fxSafe(shell, name).split(" ", 1)[0] }).toEqual({ name, is: "safe" });
    chownSync(at(name), 1000, 1000);
    expect({ name, is: fxSafe(shell, name) }).toEqual({ name, is: "unsafe" });
    rmSync(at(name));
  }
});

/** Lines that some `ls -ldn` prints of `/file`, without the name, and whether they are good for user 1001. */
const lines: readonly (readonly [string, "safe" | "unsafe"])[] = [
  ["-rw-r--r-- 1 0 0 12 Dec  1 12:00", "safe"],
  ["-rw-r--r--    1 0        0               12 Dec  1 12:00", "safe"],
  ["-rwxr-xr-x. 1 0 0 12 Dec  1 12:00", "safe"],
  ["-rwxr-xr-x+ 1 0 0 12 Dec  1 12:00", "safe"],
  ["drwxr-x--x@ 12 1001 5 4,0K 1. Dez 12:00", "safe"],
  ["drwxrwxrwt 1 0 0 12 12月  1 12:00", "safe"],
  ["drwxr-xr-T 1 0 0 12 Dec  1 12:00", "safe"],
  ["lrwxrwxrwx 1 1001 0 12 2026-12-01", "safe"],
  ["-rwsr-sr-x 1 0 0 12 Dec  1 12:00", "safe"],
  ["-rw-rwxr-- 1 0 0 12 Dec  1 12:00", "unsafe"],
  ["-rw-rw-r--+ 1 0 0 12 Dec  1 12:00", "unsafe"],
  ["-rw-r--rw- 1 0 0 12 Dec  1 12:00", "unsafe"],
  ["drwxrwxr-x 1 0 0 12 Dec  1 12:00", "unsafe"],
  ["drwxrwxrwT 1 0 0 12 Dec  1 12:00", "unsafe"],
  ["-rwxrwxrwt 1 0 0 12 Dec  1 12:00", "unsafe"],
  ["srwxr-xr-x 1 0 0 12 Dec  1 12:00", "unsafe"],
  ["prw-r--r-- 1 0 0 12 Dec  1 12:00", "unsafe"],
  ["crw------- 1 0 0 1, 3 Dec  1 12:00", "unsafe"],
  ["lrwxrwxrwx 1 1000 0 12 Dec  1 12:00", "unsafe"],
  ["-rw-r--r-- 1 1000 0 12 Dec  1 12:00", "unsafe"],
  ["-rw-r--r-- 0 1000 0 12 Dec  1 12:00", "unsafe"],
  ["-rw-r--r-- 1 00 0 12 Dec  1 12:00", "unsafe"],
  ["-rw-r--r-- 1 10 0 12 Dec  1 12:00", "unsafe"],
  ["-rw-r--r-- 1 10011 0 12 Dec  1 12:00", "unsafe"],
  ["-rw-r--r-- 1 root root 12 Dec  1 12:00", "unsafe"],
  ["-????????? ? ? ? ? ?", "unsafe"],
  ["", "unsafe"],
];

it.each(SHELLS)("the mode and the owner in a line of `ls` say what is safe, under %s", (shell) => {
  const script = `${payloadFile("safe.sh")}
fx_uid=1001 fx_given=
ls() { printf '%s\\n' 'drwxr-xr-x 1 0 0 12 Dec  1 12:00 /' "$fx_given //file"; }
for fx_given; do fx_safe /file && echo safe || echo unsafe; done`;
  const seen = runShell(
    shell,
    script,
    lines.map(([line]) => line),
  ).toString();
  expect(
    seen
      .trim()
      .split("\n")
      .map((is, n) => [lines[n]?.[0], is]),
  ).toEqual(lines);
});

it.each(SHELLS)("words are split as before, also when nothing is there, under %s", (shell) => {
  const script = `fx_uid=0\n${payloadFile("safe.sh")}\nIFS=:\nfx_safe "$1" 2>/dev/null\nset -- $2\necho $#`;
  for (const path of ["/", "nothing", "/nothing"])
    expect({ path, is: runShell(shell, script, [path, "a b c"]).toString() }).toEqual({ path, is: "3\n" });
});

it("a link that leads back to itself is unsafe, and is not followed for ever", () => {
  expect(fxSafe(SHELLS[0] ?? "sh", "ours", "loop")).toBe("unsafe");
});
