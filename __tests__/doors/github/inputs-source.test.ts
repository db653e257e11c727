import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stepInputs } from "../../../src/doors/github/inputs-source.ts";

describe("the inputs of a step", () => {
  const root = mkdtempSync(join(tmpdir(), "source-"));
  const workspace = join(root, "repo");
  const temporary = join(root, "temp");

  beforeAll(() => {
    mkdirSync(join(workspace, "ops"), { recursive: true });
    mkdirSync(temporary);
    writeFileSync(join(temporary, "made.sh"), "ls\r\n");
    symlinkSync("../outside", join(temporary, "escape.sh"));
    symlinkSync("../../temp/made.sh", join(workspace, "ops", "to-temp.sh"));
    writeFileSync(join(root, "outside"), "secret of the runner");
    writeFileSync(join(workspace, "ops", "job.sh"), "ls\r\n");
    symlinkSync("job.sh", join(workspace, "ops", "link.sh"));
    symlinkSync("../../outside", join(workspace, "ops", "escape.sh"));
  });
  afterAll(() => rmSync(root, { recursive: true }));

  const source = stepInputs(
    { GITHUB_WORKSPACE: workspace, RUNNER_TEMP: temporary, "INPUT_WORKING-DIRECTORY": "  /srv \n" },
    root,
  );

  it("are what the runner gave, byte for byte", () => {
    expect(source.get("working-directory")).toBe("  /srv \n");
    expect(source.get("container")).toBe("");
  });

  it.each(["job.sh", "link.sh"])("read the file %s of the workspace", (name) => {
    expect(Buffer.from(source.readFile(join(workspace, "ops", name))).toString()).toBe("ls\r\n");
  });

  it("read a file of the runner's directory for temporary files", () => {
    expect(Buffer.from(source.readFile(join(temporary, "made.sh"))).toString()).toBe("ls\r\n");
  });

  it.each([
    [workspace, "ops/escape.sh"],
    [workspace, "ops/to-temp.sh"],
    [temporary, "escape.sh"],
  ])("do not follow a link out of %s: %s", (directory, path) => {
    expect(() => source.readFile(join(directory, path))).toThrow(
      `it is a symbolic link to a file outside ${directory}`,
    );
  });

  it.each([
    ["conf/config", "conf", "../.git"],
    ["ops/token.sh", "token.sh", "../.git/config"],
    ["ops/npm.sh", "npm.sh", "../.npmrc"],
  ])("do not follow a link to a private name: %s", (path, name, target) => {
    mkdirSync(join(workspace, ".git"), { recursive: true });
    writeFileSync(join(workspace, ".git/config"), "token");
    writeFileSync(join(workspace, ".npmrc"), "token");
    const at = path.startsWith("conf") ? join(workspace, "conf") : join(workspace, "ops", name);
    symlinkSync(path.startsWith("conf") ? ".git" : target, at);
    expect(() => source.readFile(join(workspace, path))).toThrow("begins with a dot and may be private");
  });

  it("do not wait for a pipe", () => {
    execFileSync("mkfifo", [join(workspace, "ops/pipe.sh")]);
    expect(() => source.readFile(join(workspace, "ops/pipe.sh"))).toThrow("it is not a regular file");
  });

  it("do not take a directory for a file", () => {
    expect(() => source.readFile(join(workspace, "ops"))).toThrow("it is not a regular file");
  });
});
