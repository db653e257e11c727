import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stepInputs } from "../../src/github/inputs-source.ts";

describe("the inputs of a step", () => {
  const root = mkdtempSync(join(tmpdir(), "source-"));
  const workspace = join(root, "repo");

  beforeAll(() => {
    mkdirSync(join(workspace, "ops"), { recursive: true });
    writeFileSync(join(root, "outside"), "secret of the runner");
    writeFileSync(join(workspace, "ops", "job.sh"), "ls\r\n");
    symlinkSync("job.sh", join(workspace, "ops", "link.sh"));
    symlinkSync("../../outside", join(workspace, "ops", "escape.sh"));
  });
  afterAll(() => rmSync(root, { recursive: true }));
  afterEach(() => delete process.env["INPUT_WORKING-DIRECTORY"]);

  const source = stepInputs({ GITHUB_WORKSPACE: workspace });

  it("are what the runner gave, byte for byte", () => {
    process.env["INPUT_WORKING-DIRECTORY"] = "  /srv \n";
    expect(source.get("working-directory")).toBe("  /srv \n");
    expect(source.get("container")).toBe("");
  });

  it.each(["job.sh", "link.sh"])("read the file %s of the workspace", (name) => {
    expect(Buffer.from(source.readFile(join(workspace, "ops", name))).toString()).toBe("ls\r\n");
  });

  it("do not follow a link out of the workspace", () => {
    expect(() => source.readFile(join(workspace, "ops", "escape.sh"))).toThrow(
      "it is a symbolic link to a file outside the workspace",
    );
  });

  it("do not take a directory for a file", () => {
    expect(() => source.readFile(join(workspace, "ops"))).toThrow("it is not a regular file");
  });
});
