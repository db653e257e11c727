import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { split } from "../../local/agent/shlex.ts";
import { bootstrapCommand, type Delivery, LONGEST_COMMAND } from "../../src/payload/bootstrap.ts";
import { jobText } from "../../src/payload/job-text.ts";
import { makePayload } from "../../src/payload/payload.ts";
import { expectGolden } from "../helpers/golden.ts";
import { pythonWith } from "../helpers/python-with.ts";
import { runShell, SHELLS } from "../helpers/shells.ts";
import { everyNth } from "../helpers/every-nth.ts";
import { watch, WatchedJob, type WatchOptions } from "../helpers/watch.ts";
import { JOB, S3, SESSION } from "./a-job.ts";

const payload = makePayload(jobText(JOB), { script: Buffer.from("echo script-text\n") });
const command = (delivery: Delivery, more: Partial<Parameters<typeof bootstrapCommand>[0]> = {}): string =>
  bootstrapCommand({ runId: JOB.runId, at: 0, start: { payload, delivery }, ...more });

describe("the command", () => {
  it.each<[string, Delivery]>([
    ["bootstrap-s3.txt", S3],
    ["bootstrap-session.txt", SESSION],
  ])("is the text of its golden file: %s", (name, delivery) => {
    // Each change of the payload's source changes these two.
    expectGolden(
      name,
      `${command(delivery)
        .replaceAll(payload.sha256, "<sha256>")
        .replace(/fx_head=\d+/, "fx_head=<at>")}\n`,
    );
  });

  it.each<[string, Delivery]>([
    ["S3", S3],
    ["the session", SESSION],
    // The longest that the inputs allow.
    [
      "S3 by the longest names",
      {
        kind: "s3",
        bucket: "b".repeat(63),
        key: `${"p".repeat(64)}/${JOB.runId}/payload`,
        region: "ap-southeast-99",
      },
    ],
  ])("is three words, is short, and has nothing that the agent would replace: by %s", (_, delivery) => {
    const text = command(delivery);
    expect(Buffer.byteLength(text)).toBeLessThan(LONGEST_COMMAND);
    expect(Buffer.byteLength(command(delivery, { at: Number.MAX_SAFE_INTEGER }))).toBeLessThan(
      LONGEST_COMMAND,
    );
    expect(text).not.toContain("{{");
    expect(text).not.toContain("$$");
    expect(text).toMatch(/^[\n -~]*$/);
    const words = split(text);
    expect(words).toHaveLength(3);
    expect(words.slice(0, 2)).toEqual(["/bin/sh", "-c"]);
    const posix = execFileSync("python3", [
      "-c",
      "import shlex, sys; print(*shlex.split(sys.argv[1]), sep='\\0', end='')",
      text,
    ]);
    expect(posix.toString().split("\0")).toEqual(words);
    for (const shell of SHELLS) runShell(shell, `set -n; ${words[2] ?? ""}`);
  });

  it("holds nothing of the script or its environment", () => {
    for (const delivery of [S3, SESSION])
      expect(command(delivery)).not.toMatch(/script-text|value of A|one argument/);
  });

  it("says at which byte the output goes on", () => {
    expect(command(SESSION, { at: 1234 })).toContain("fx_at=1234 ");
  });
});

/** Stands for boto3: "downloads" a local file, and says how it was asked. */
const BOTO3 = `
import os, types
session = types.SimpleNamespace(Config=dict)
class Body:
    def read(self):
        return open(os.environ["FAKE_OBJECT"], "rb").read()
class Client:
    def get_object(self, **asked):
        if "FAKE_DENIED" in os.environ:
            raise OSError("Unable to locate credentials")
        open(os.environ["FAKE_OBJECT"] + ".asked", "a").write(repr(sorted(asked.items())) + "\\n")
        return {"Body": Body()}
def client(service, region, config):
    return Client()
`;

describe("delivery by boto3", () => {
  const directory = mkdtempSync(join(tmpdir(), "fake-boto3-"));
  const object = join(directory, "object");
  const [boto3 = "", without = ""] = [BOTO3, `raise ModuleNotFoundError("No module named 'boto3'")`].map(
    (source) => pythonWith("boto3", source, directory),
  );
  afterAll(() => rmSync(directory, { recursive: true }));

  const options: WatchOptions = {
    script: "echo delivered; exit 3",
    delivery: { kind: "s3", bucket: "example-ci", key: "it's/a key", region: "eu-west-1" },
    containerEnv: { PATH: boto3, FAKE_OBJECT: object },
  };

  it.each(everyNth(SHELLS, 3))("runs the staged payload, under %s", async (sh) => {
    const job = new WatchedJob({ ...options, sh });
    writeFileSync(object, job.payload.bytes);
    const terminal = job.attach();
    await terminal.closed;
    expect(job.output("stdout").toString()).toBe("delivered\n");
    expect(job.status).toMatchObject({ workers: [{ exitCode: 3 }] });
    // The payload was fetched, so nothing had to be typed.
    expect(job.events[0]).toEqual({ kind: "ready", missing: undefined });
  });

  it.concurrent("reports that there are no credentials", async () => {
    const containerEnv = { PATH: boto3, FAKE_OBJECT: object, FAKE_DENIED: "1" };
    const run = await watch({ ...options, containerEnv });
    expect(run.events[0]).toMatchObject({ missing: { why: "OSError: Unable to locate credentials" } });
  });

  it("does not run an object with another checksum, and says why the payload had to be typed", async () => {
    writeFileSync(object, "something else");
    const run = await watch(options);
    expect(run.events[0]).toMatchObject({
      kind: "ready",
      missing: { why: "AssertionError: checksum mismatch" },
    });
    expect(run.stdout.toString()).toBe("delivered\n");
  });

  it("reports that the image has no boto3", async () => {
    const run = await watch({ ...options, containerEnv: { PATH: without } });
    const missing = { why: "ModuleNotFoundError: No module named 'boto3'" };
    expect(run.events[0]).toEqual({ kind: "ready", missing });
  });
});

/** The command of a shell by its absolute path, which needs no PATH. */
function withAbsolutePath(shell: string): string {
  const [program = "", ...words] = shell.split(" ");
  return [execFileSync("which", [program]).toString().trim(), ...words].join(" ");
}

/** True for a busybox that was built to find its own programs without a PATH. */
function hasOwnStty(shell: string): boolean {
  try {
    return (
      runShell(withAbsolutePath(shell), "stty --help", [], { env: { PATH: "/nonexistent" } }).length >= 0
    );
  } catch {
    return false;
  }
}

it.each(SHELLS.filter((shell) => !hasOwnStty(shell)))(
  "the command reports that echo can't be turned off, and nothing is typed, under %s",
  async (shell) => {
    const empty = mkdtempSync(join(tmpdir(), "no-programs-"));
    const run = await watch({ sh: withAbsolutePath(shell), script: "exit 0", containerEnv: { PATH: empty } });
    rmSync(empty, { recursive: true });
    expect(run.events).toEqual([{ kind: "echo" }]);
  },
);

it("echo is off before anything is typed", async () => {
  const run = await watch({ script: "exit 0", secrets: { TOKEN: "hunter22" } });
  expect(run.status).toBeDefined();
  expect(run.terminal.toString()).not.toMatch(/hunter22|fx_secret|fx_workers/);
});
