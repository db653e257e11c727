import { least, read, refusal, type GivenInputs } from "./given.ts";

const fromFile: GivenInputs = { ...least, run: "", "script-file": "ops/job.sh" };
const files = { "/repo/ops/job.sh": "#!/bin/sh\nexit 3\r\n", "/repo/empty.sh": "" };

describe("the script", () => {
  it("may be left out or given when the set-up is only checked", () => {
    const check = { ...least, check: "true" };
    expect(read({ ...check, run: "" })).toMatchObject({ check: true, script: { kind: "none" } });
    expect(read(check).script).toEqual({ kind: "run", text: least["run"] });
    expect(refusal({ ...check, "script-file": "x" }).failed).toContain("'run'");
    expect(refusal({ ...check, run: "", "script-file": "gone.sh" }).failed).toContain("'script-file'");
  });

  it("is 'run' byte for byte", () => {
    const run = "  echo 'a'\t\r\n\n\necho é ${HOME}  \n\n";
    expect(read({ ...least, run }).script).toEqual({ kind: "run", text: run });
  });

  it.each(["ops/job.sh", "./ops/job.sh", "/repo/ops/job.sh", "ops/../ops/job.sh", " ops/job.sh "])(
    "is the bytes of %j",
    (path) => {
      expect(read({ ...fromFile, "script-file": path }, { files }).script).toEqual({
        kind: "file",
        path: "ops/job.sh",
        inWorkspace: "ops/job.sh",
        bytes: Buffer.from("#!/bin/sh\nexit 3\r\n"),
      });
    },
  );

  it.each<[string, GivenInputs, string, string]>([
    [
      "both",
      { ...fromFile, run: "ls" },
      "Input 'run' must be empty when 'script-file' is given.",
      "Got both.",
    ],
    ["neither", { ...least, run: "" }, "Input 'run' must be given, or else 'script-file'.", "Got neither."],
    ["blank", { ...least, run: " \n" }, "Input 'run' must be given, or else", "Got nothing but white space."],
    ["a NUL byte", { ...least, run: "a\0b" }, "Input 'run' must be text.", "Got a NUL byte in it."],
    [
      "too long",
      { ...least, run: "x".repeat(64 * 1024 * 1024 + 1) },
      "Input 'run' must be a script of 1 byte to 64 MiB.",
      "Got 67108865 bytes.",
    ],
    [
      "an empty file",
      { ...fromFile, "script-file": "empty.sh" },
      "Input 'script-file' must be a script of 1 byte to 64 MiB.",
      "Got 'empty.sh', which is empty.",
    ],
    [
      "a file that is not there",
      { ...fromFile, "script-file": "gone.sh" },
      "Input 'script-file' must be a file that can be read.",
      "Got 'gone.sh': ENOENT: no such file or directory, open '/repo/gone.sh'.",
    ],
    [
      "a file outside",
      { ...fromFile, "script-file": "ops/../../etc/passwd" },
      "Input 'script-file' must be a path inside the workspace or RUNNER_TEMP.",
      "Got 'ops/../../etc/passwd', which leads out of them.",
    ],
    [
      "the parent of the workspace",
      { ...fromFile, "script-file": ".." },
      "Input 'script-file' must be a path inside the workspace or RUNNER_TEMP.",
      "Got '..', which leads out of them.",
    ],
    [
      "a neighbour of the workspace",
      { ...fromFile, "script-file": "/repository/x" },
      "Input 'script-file' must be a path inside the workspace or RUNNER_TEMP.",
      "Got '/repository/x', which leads out of them.",
    ],
    [
      "the workspace itself",
      { ...fromFile, "script-file": "." },
      "Input 'script-file' must be a path inside the workspace or RUNNER_TEMP.",
      "Got '.', which leads out of them.",
    ],
  ])("is refused: %s", (_, given, failed, seen) => {
    const failure = refusal(given, { files });
    expect(failure.failed).toContain(failed);
    expect(failure.seen).toBe(seen);
  });

  it("may have a name that starts with two dots", () => {
    const script = read({ ...fromFile, "script-file": "..x" }, { files: { "/repo/..x": "ls" } }).script;
    expect(script).toMatchObject({ kind: "file", path: "..x" });
  });

  it("keeps the cause when a file can't be read", () => {
    expect(refusal({ ...fromFile, "script-file": "gone.sh" }).cause).toMatchObject({
      message: expect.stringContaining("ENOENT") as string,
    });
  });
});

describe("the shell", () => {
  it.each([
    ["", undefined],
    ["sh", "sh -e {0}"],
    ["bash", "bash --noprofile --norc -eo pipefail {0}"],
    ["python", "python3 -u {0}"],
    [" perl -w {0} ", "perl -w {0}"],
    ["{0}", "{0}"],
  ])("%j is %j", (shell, template) => {
    expect(read({ ...least, shell }).shell).toBe(template);
  });

  it.each(["fish", "pwsh", "python3", "bash -e", "perl {1}", "a\nb {0}"])("refuses %j", (shell) => {
    expect(refusal({ ...least, shell }).failed).toBe(
      "Input 'shell' must be sh, bash, python, or a command with {0} for the script, such as perl {0}.",
    );
  });
});
