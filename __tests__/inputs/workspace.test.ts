import { InputReader } from "../../src/inputs/input-reader.ts";
import { readGivenFile } from "../../src/inputs/workspace.ts";

/** Reads what `script-file` names in a workspace that has one file. */
function readGiven(given: string) {
  const reader = new InputReader({
    door: "root" as const,
    get: () => given,
    env: {},
    workspace: "/repo",
    directories: ["/repo", "/temp"],
    readFile: (path) => {
      if (path !== "/repo/ops/job.sh" && path !== "/temp/made.sh") throw new Error("ENOENT: no such file");
      return Buffer.from("ls\n");
    },
  });
  return { reader, file: readGivenFile(reader, "script-file") };
}

it.each(["ops/job.sh", "./ops/../ops/job.sh", "/repo/ops/job.sh"])("reads the file %s", (given) => {
  const { reader, file } = readGiven(given);
  expect(file).toEqual({ path: "ops/job.sh", inWorkspace: "ops/job.sh", bytes: Buffer.from("ls\n") });
  expect(() => reader.check()).not.toThrow();
});

it.each(["/temp/made.sh", "../temp/made.sh"])("reads the file %s of the runner's directory", (given) => {
  const { reader, file } = readGiven(given);
  expect(file).toEqual({ path: "/temp/made.sh", inWorkspace: undefined, bytes: Buffer.from("ls\n") });
  expect(() => reader.check()).not.toThrow();
});

it.each(["../job.sh", "/etc/passwd", "ops/../../job.sh", ".", "/repo", "/temp", "/temp/../etc/passwd"])(
  "refuses the path %s",
  (given) => {
    const { reader, file } = readGiven(given);
    expect(file).toBeUndefined();
    expect(() => reader.check()).toThrow(`Got '${given}', which leads out of them.`);
  },
);

it("says why a file can't be read, and what to do", () => {
  const { reader, file } = readGiven("ops/other.sh");
  expect(file).toBeUndefined();
  expect(() => reader.check()).toThrow(/Got 'ops\/other\.sh': ENOENT: no such file\.\n.*actions\/checkout/);
});
