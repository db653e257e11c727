import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endedText } from "../../src/payload/loader.ts";

const directory = mkdtempSync(join(tmpdir(), "attach-ended-"));
afterAll(() => rmSync(directory, { recursive: true }));

/** Runs the text by which an attaching step ends in a container without the job, and gives its output. */
function runEnded(fx_dir: string, fx_new: string, before = ""): string {
  const env = { fx_dir, fx_new, fx_nonce: "0a", PATH: process.env["PATH"] };
  return spawnSync("sh", ["-c", `${before}\n${endedText("ended")}\necho goes on`], { env, encoding: "utf8" })
    .stdout;
}

const MARK = "\x1b]7733;0a;! ended the container has no such job\x07\n";

it("an attaching step without a job removes the directory that its bootstrap has made, and waits for the end of its watch", () => {
  const made = join(directory, "made");
  mkdirSync(made);
  const watch = `{ while [ -d "$fx_dir" ]; do sleep 0.05; done; echo watch; } & fx_watch=$!`;
  expect(runEnded(made, "new", watch)).toBe(`watch\n${MARK}`);
  expect(existsSync(made)).toBe(false);
});

it("an attaching step without a job removes nothing when its bootstrap could make no directory and has /dev/null", () => {
  const device = join(directory, "null");
  writeFileSync(device, "");
  expect(runEnded(device, "")).toBe(MARK);
  expect(existsSync(device)).toBe(true);
});
