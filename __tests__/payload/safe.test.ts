import { spawnSync } from "node:child_process";
import {
  chownSync,
  chmodSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
function fxSafe(shell: string, ...names: readonly string[]): string {
  const script = `fx_uid=$(id -u)\n${payloadFile("safe.sh")}\nif fx_safe "$@"; then echo "safe $fx_on"; else echo unsafe; fi`;
  return runShell(shell, script, names.map(at)).toString().trim();
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

it.each(SHELLS)("words are split as before, also when nothing is there, under %s", (shell) => {
  const script = `fx_uid=0\n${payloadFile("safe.sh")}\nIFS=:\nfx_safe "$1" 2>/dev/null\nset -- $2\necho $#`;
  for (const path of ["/", "nothing", "/nothing"])
    expect({ path, is: runShell(shell, script, [path, "a b c"]).toString() }).toEqual({ path, is: "3\n" });
});

it("a link that leads back to itself is unsafe, and is not followed for ever", () => {
  expect(fxSafe(SHELLS[0] ?? "sh", "ours", "loop")).toBe("unsafe");
});
