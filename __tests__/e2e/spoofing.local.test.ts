import type { Task } from "../../local/task/task.ts";
import { MARK } from "../../src/carriers/stream/marks.ts";
import { Aws, HEADER, jobLog } from "../helpers/local.ts";
import { itInSoak } from "../helpers/every-nth.ts";

let aws: Aws;
let task: Task;

beforeAll(async () => {
  aws = await Aws.start();
  task = await aws.runningTask();
});

afterAll(() => aws.stop());

/**
 * A script that prints everything it can find out: the files of its own directory, and the command line and environment of every
 * process that it may read. It also prints marks of every kind with every text that may be the nonce, its run's id included.
 */
const known = String.raw`#!/usr/bin/env python3
import glob, os, sys

out = sys.stdout.buffer
MARK, BEL = b"\033]7733;", b"\007"

def show(path):
    try:
        out.write(open(path, "rb").read(2_000_000) + b"\n")
    except OSError as error:
        out.write(b"unreadable %s\n" % path.encode())

out.write(b"begun\n")
found = [os.path.dirname(sys.argv[0])]
for directory in found:
    for name in sorted(os.listdir(directory)):
        path = os.path.join(directory, name)
        # Neither this script's own output nor a pipe, which has no end.
        if os.path.isfile(path) and not name.startswith("out."):
            show(path)
out.write(b"files shown\n")
for pid in filter(str.isdigit, os.listdir("/proc")):
    for what in ("cmdline", "environ"):
        show("/proc/%s/%s" % (pid, what))
out.write(b"processes shown\n")

run = os.environ["FARGATE_EXEC_RUN"].encode()
words = {run, b"0" * 32, b"f" * 32, b"$fx_nonce", b"", b"NONCE", run * 2}
# Every text that looks like a nonce in what can be read.
import re
for path in glob.glob("/proc/[0-9]*/cmdline") + glob.glob("/proc/[0-9]*/environ") + glob.glob(found[0] + "/*"):
    try:
        if os.path.isfile(path):
            words.update(re.findall(rb"[0-9a-f]{32}", open(path, "rb").read(2_000_000)))
    except OSError:
        pass
bodies = [b"@0", b"@99999999", b"~", b"# 0 5", b"%", b"n a note", b"p", b"s", b". 0 exited 0=0:0", b"! gone it is",
          b". %d exited 0=0:0" % (1 << 40)]
for word in sorted(words):
    for body in bodies:
        out.write(MARK + word + b";" + body + BEL + b"\n")
        # Cut in the middle, and continued in the next write.
        out.write(MARK + word + b";" + body[:1])
        out.flush()
        out.write(body[1:] + BEL + b"\r\n")
for tag in (b"h", b"e", b"o0", b"e1", b"+", b"=", b"?", b"ready", b"ready1 no", b"echo", b"=" * 5000):
    out.write(MARK + tag + BEL + b"x\n" + tag + BEL + MARK + b"\n" + MARK + tag + BEL)
    out.write(MARK + MARK + tag + BEL + BEL + b"\n")
out.write(b"\n".join(MARK[:n] for n in range(1, len(MARK) + 1)) + b"\n")
out.write(b"marks shown\n")
out.flush()
sys.exit(41)
`;

const shown = (lines: readonly string[], line: string): number =>
  lines.filter((each) => each === line).length;

it("a script that prints all it can find out changes neither its status nor its output", async () => {
  const result = await aws.step(
    { task: task.id, run: known, secrets: "TOKEN" },
    { env: { TOKEN: "hunter22-and-more" }, secrets: ["hunter22-and-more"] },
  );
  const lines = jobLog(result);
  expect(result.outputs).toMatchObject({ "exit-code": "41", outcome: "failed" });
  expect(result.annotations).toEqual([
    expect.objectContaining({
      title: "fargate-exec: failed",
      message: expect.stringContaining("The script failed. Exit code 41.") as string,
    }),
  ]);
  for (const line of ["begun", "files shown", "processes shown", "marks shown"])
    expect([line, shown(lines, line)]).toEqual([line, 1]);
  // The output holds the job's shell and the script's own marks, and was shown unchanged.
  const stdout = result.outputs["stdout"] ?? "";
  expect(stdout).toContain("fx_show_job() {");
  for (const word of ["0".repeat(32), "NONCE", ""]) {
    expect(stdout).toContain(
      `${MARK}${word};. 0 exited 0=0:0\u0007\n${MARK}${word};. 0 exited 0=0:0\u0007\r\n`,
    );
    expect(stdout).toContain(`${MARK}${word};! gone it is\u0007`);
  }
  expect(stdout).toContain(`${MARK}ready\u0007x\nready\u0007${MARK}\n`);
  expect(stdout.endsWith(`${MARK.slice(0, -1)}\n${MARK}\nmarks shown`)).toBe(true);
  // None of this shows the secret.
  expect(lines.join("\n")).not.toContain("hunter22");
});

const noise = String.raw`#!/usr/bin/env python3
import hashlib, random, sys
random.seed(7)
pieces = [b"\033]7733;", b"\033]7733", b"\033", b"\007", b";", b"\n", b"\r\n", b"\r", b"~", b"%", b"@0", b"# 0 1", b". 3 exited 0=0:0",
          b"\xef\xbf\xbd", b"\x00", b"0123456789abcdef" * 2, b"e", b"o", b"h", b"+", b"=", b"?", b"ready", b"echo", b"x" * 70]
size, sums = 0, hashlib.sha256()
while size < 2_000_000:
    data = b"".join(random.choices(pieces, k=2000))
    sys.stdout.buffer.write(data)
    sums.update(data)
    size += len(data)
tail = b"\nEND OF NOISE\n"
sys.stdout.buffer.write(tail)
sys.stdout.flush()
print("sha256", sums.hexdigest(), size, file=sys.stderr)
sys.exit(42)
`;

itInSoak("2 MB that look like marks change neither status nor output", async () => {
  const result = await aws.step({ task: task.id, run: noise });
  expect(result.outputs).toMatchObject({ "exit-code": "42", outcome: "failed" });
  const own = result.rawLog.slice(result.rawLog.findIndex((line) => HEADER.test(line)) + 1);
  expect(shown(own, "END OF NOISE")).toBe(1);
  expect(own.filter((line) => line.startsWith("sha256 "))).toHaveLength(1);
  expect(result.outputs["stdout"]?.endsWith("\nEND OF NOISE")).toBe(true);
  expect(Buffer.byteLength(result.outputs["stdout"] ?? "")).toBeGreaterThan(1_000_000);
});
