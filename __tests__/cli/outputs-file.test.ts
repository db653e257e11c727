import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkOutputsFile, writeOutputs } from "../../src/cli/outputs-file.ts";

let base: string;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), "outputs-"));
});
afterEach(() => rmSync(base, { recursive: true }));

it.each([
  ["detached", 0o600],
  ["succeeded", 0o644],
] as const)(
  "an existing file is made private when it gets the handle of a detached job: %s",
  (outcome, mode) => {
    const path = join(base, "left.json");
    writeFileSync(path, "x".repeat(1_000));
    chmodSync(path, 0o644);
    writeOutputs(path, { outcome, outputs: { handle: "fx1.a.b" } });
    expect([statSync(path).mode & 0o777, readFileSync(path, "utf8")]).toEqual([
      mode,
      '{"handle":"fx1.a.b"}\n',
    ]);
  },
);

it("a device is written to, and keeps its mode", () => {
  const { mode } = statSync("/dev/null");
  checkOutputsFile("/dev/null", { getsHandle: true });
  writeOutputs("/dev/null", { outcome: "detached", outputs: {} });
  expect(statSync("/dev/null").mode).toBe(mode);
});

it("a file that can't be written is reported before anything begins", () => {
  expect(() => checkOutputsFile(join(base, "none/left.json"), { getsHandle: false })).toThrow("ENOENT");
  expect(() => checkOutputsFile(base, { getsHandle: false })).toThrow("it is a directory");
  checkOutputsFile(join(base, "left.json"), { getsHandle: true });
});

(process.getuid?.() === 0 ? it : it.skip)("another user's file gets no handle", () => {
  const path = join(base, "left.json");
  writeFileSync(path, "");
  chownSync(path, 1000, 1000);
  expect(() => checkOutputsFile(path, { getsHandle: true })).toThrow("belongs to another user");
  checkOutputsFile(path, { getsHandle: false });
});
