import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { payloadFile } from "../../src/payload/container-files.ts";
import { PYTHON } from "../helpers/tools.ts";

const directory = mkdtempSync(join(tmpdir(), "gaps-"));
afterAll(() => rmSync(directory, { recursive: true }));

/** Copies numbers, in big chunks and small ones, faster than the other end of the pipe reads. Then prints what came out. */
const SLOW_READER = `
import sys
r, w = os.pipe()
os.set_blocking(r, False)
echo = Echo("/proc/self/fd/%d" % w)
out, number = b"", 0
for turn in range(2000):
    lines = []
    for _ in range(300 if turn % 4 == 0 else 1):
        number += 1
        lines.append(b"%099d\\n" % number)
    echo.take(b"".join(lines))
    if turn == 1000:
        echo.take(b"Password: " + OPEN + b"\\n")
    if turn % 2 == 0:
        out += os.read(r, 8192)
while echo.waiting:
    out += os.read(r, 65536)
    echo.flush()
print(number)
sys.stdout.flush()
os.write(1, out + os.read(r, 65536))
`;

it("a copy for the container's log that can't keep up says at each gap how many bytes are missing", () => {
  const source = ["records.py", "echo.py"].map((name) => payloadFile(name)).join("\n");
  const program = join(directory, "slow.py");
  writeFileSync(program, source + SLOW_READER);
  const printed = execFileSync(PYTHON, [program], { maxBuffer: 1024 ** 3 }).toString();
  const [total, ...lines] = printed.trimEnd().split("\n");
  const gaps: string[] = [];
  let expected = 1;
  let left = 0;
  for (const line of lines) {
    const mark = /^\[fargate-exec: (\d+) bytes of output are left out here\]$/.exec(line);
    if (mark) left += Number(mark[1]);
    else if (!line.startsWith("Password: ")) {
      // A line of the job has a hundred bytes; the prompt has ten.
      if (Number(line) !== expected + Math.floor(left / 100)) gaps.push(`${expected} to ${line}`);
      [expected, left] = [Number(line) + 1, 0];
    }
  }
  expect(gaps).toEqual([]);
  expect(expected - 1 + Math.floor(left / 100)).toBe(Number(total));
  expect(printed).toContain("left out here");
});
