import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asRoot } from "../../../local/task/isolate.ts";
import { checkOutputsFile, writeOutputs } from "../../../src/doors/cli/outputs-file.ts";
import { withNeed } from "../../helpers/needs.ts";

const asOwner = withNeed(it, "root", asRoot ? undefined : "only root can give a file to another user");

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "outputs-"));
});
afterEach(() => rmSync(base, { recursive: true }));

it.each([
  ["fx1.a.b", 0o600],
  ["", 0o644],
] as const)(
  "an existing file is made private when it gets the handle of a detached job: '%s'",
  (handle, mode) => {
    const path = join(base, "left.json");
    writeFileSync(path, "x".repeat(1_000));
    chmodSync(path, 0o644);
    writeOutputs(path, { outputs: { handle } });
    expect([statSync(path).mode & 0o777, readFileSync(path, "utf8")]).toEqual([
      mode,
      `{"handle":"${handle}"}\n`,
    ]);
  },
);

it("a device is written to, and keeps its mode", () => {
  const { mode } = statSync("/dev/null");
  checkOutputsFile("/dev/null", { getsHandle: true });
  writeOutputs("/dev/null", { outputs: { handle: "fx1.a.b" } });
  expect(statSync("/dev/null").mode).toBe(mode);
});

it("a file that can't be written is reported before anything begins", () => {
  expect(() => checkOutputsFile(join(base, "none/left.json"), { getsHandle: false })).toThrow("ENOENT");
  expect(() => checkOutputsFile(base, { getsHandle: false })).toThrow("it is a directory");
  checkOutputsFile(join(base, "left.json"), { getsHandle: true });
});

asOwner("another user's file gets no handle", () => {
  const path = join(base, "left.json");
  writeFileSync(path, "");
  chownSync(path, 1000, 1000);
  expect(() => checkOutputsFile(path, { getsHandle: true })).toThrow("belongs to another user");
  checkOutputsFile(path, { getsHandle: false });
});

it("no link of the working directory leads to the file that is written", () => {
  const [before, work] = [process.cwd(), join(base, "work")];
  mkdirSync(join(work, ".git/hooks"), { recursive: true });
  symlinkSync("../home", join(work, "home"));
  symlinkSync(".git/hooks/pre-commit", join(work, "hook.json"));
  symlinkSync("real.json", join(work, "inside.json"));
  process.chdir(work);
  try {
    for (const path of ["home", "home/x.json", "hook.json", join(work, "hook.json")]) {
      expect(() => checkOutputsFile(path, { getsHandle: false })).toThrow("symbolic link to");
      expect(() => writeOutputs(path, { outputs: {} })).toThrow("symbolic link to");
    }
    checkOutputsFile("inside.json", { getsHandle: true });
    writeOutputs("inside.json", { outputs: {} });
  } finally {
    process.chdir(before);
  }
  expect([readdirSync(base), readdirSync(join(work, ".git/hooks"))]).toEqual([["work"], []]);
  expect(readFileSync(join(work, "real.json"), "utf8")).toBe("{}\n");
});
