import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chooseShell } from "../../../src/doors/cli/shell-command.ts";
import { HANDLE } from "../../inputs/a-handle.ts";
import { type JobHandle, writeHandle } from "../../../src/inputs/handle.ts";

const STAGED: JobHandle = {
  ...HANDLE,
  staging: { bucket: "shop-ci", prefix: "fargate-exec/", bucketOwner: undefined, kmsKeyId: undefined },
};
const here = { isTerminal: true };

it("a shell needs a terminal, and the message names the command that needs none", () => {
  expect(() => chooseShell([], {}, {}, { isTerminal: false })).toThrow(
    "A shell needs a terminal, and standard input is none: run a command or a script by 'fargate-exec run'.",
  );
});

it.each([
  [
    "a command beside --shell",
    ["top"],
    { shell: "zsh" },
    {},
    "Give either --shell or a command after --, not both.",
  ],
  [
    "arguments in --shell",
    [],
    { shell: "bash -l" },
    {},
    /^--shell takes the name or the path of a program: "bash -l"\./,
  ],
  ["a service beside --job", [], { job: writeHandle(STAGED) }, { service: "web" }, /leave --service out/],
  [
    "a handle that was cut",
    [],
    { job: "fx1.abc.def" },
    {},
    "--job gives no handle: it is a handle that is cut short or changed.",
  ],
  [
    "a file that is not there",
    [],
    { job: "/no/such/file" },
    {},
    /^The file of --job can't be read: .*ENOENT/,
  ],
  [
    "too many variables",
    [],
    {},
    { env: { A: "x".repeat(120_000) } },
    /^--env and --secrets have more than 120000 bytes/,
  ],
])("%s is refused", (_, words, own, inputs, message) => {
  expect(() => chooseShell(words, own, inputs, here)).toThrow(message);
});

it("a shell protects no task, and lives for twelve hours unless its options say otherwise", () => {
  expect(chooseShell(["top", "-b"], {}, { service: "web" }, here)).toEqual({
    words: ["top", "-b"],
    run: undefined,
    inputs: { service: "web", run: ":", shell: "sh", timeout: "12h", "queue-timeout": "10m", protect: false },
  });
  expect(chooseShell([], { shell: "/bin/zsh" }, { task: "1", timeout: "1h" }, here)).toEqual({
    words: ["/bin/zsh"],
    run: undefined,
    inputs: { task: "1", run: ":", shell: "sh", timeout: "1h", "queue-timeout": "10m" },
  });
});

describe("the job of a shell", () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "job-"))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it.each([
    ["its handle", undefined],
    ["a file with its handle", `${writeHandle(STAGED)}\n`],
    ["the outputs of its run", JSON.stringify({ handle: writeHandle(STAGED) })],
  ])("is named by %s, which says where it is", (_, content) => {
    const path = join(folder, "left");
    if (content !== undefined) writeFileSync(path, content);
    const job = content === undefined ? writeHandle(STAGED) : path;
    const { run, inputs } = chooseShell([], { job }, {}, here);
    expect(run).toBe(HANDLE.run);
    expect(inputs).toMatchObject({
      ...{ cluster: HANDLE.cluster, task: HANDLE.task, container: HANDLE.container },
      region: HANDLE.cluster.split(":")[3],
      bucket: "shop-ci/fargate-exec/",
    });
  });
});
