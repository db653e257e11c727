import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { whyOthersRead } from "../../local/private-output.ts";

const scratch = mkdtempSync(join(tmpdir(), "output-"));
afterAll(() => rmSync(scratch, { recursive: true }));

/** Opens a file that has this mode. */
function withFile<T>(mode: number, use: (descriptor: number, path: string) => T): T {
  const path = join(scratch, mode.toString(8));
  execFileSync("install", ["-m", mode.toString(8), "/dev/null", path]);
  const descriptor = openSync(path, "a");
  try {
    return use(descriptor, path);
  } finally {
    closeSync(descriptor);
  }
}

it.each([
  [0o600, undefined],
  [0o644, "644"],
  [0o640, "640"],
  [0o604, "604"],
])("others read a file of the mode %o: %s", (mode, word) => {
  const why = withFile(mode, whyOthersRead);
  if (word === undefined) expect(why).toBeUndefined();
  else expect(why).toContain(word);
});

it("others read a pipe with a name, but no terminal's device", () => {
  const path = join(scratch, "named");
  execFileSync("mkfifo", ["-m", "644", path]);
  const [named, device] = [openSync(path, "r+"), openSync("/dev/null", "w")];
  expect(whyOthersRead(named)).toContain("644");
  expect(whyOthersRead(device)).toBeUndefined();
  [named, device].forEach((each) => closeSync(each));
});

it("`npm run local` prints no keys into a file that others read", () => {
  withFile(0o644, (descriptor, path) => {
    const { status, stderr } = spawnSync(process.execPath, ["local/cli.ts"], {
      cwd: resolve(import.meta.dirname, "../.."),
      encoding: "utf8",
      stdio: ["ignore", descriptor, "pipe"],
    });
    expect(stderr).toContain("npm run local does not start");
    expect(status).toBe(1);
    expect(readFileSync(path, "utf8")).toBe("");
  });
});
