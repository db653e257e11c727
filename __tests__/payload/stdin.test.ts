import { createHash, randomBytes } from "node:crypto";
import { asRoot } from "../../local/task/isolate.ts";
import { withNeed } from "../helpers/needs.ts";
import { SHELLS } from "../helpers/shells.ts";
import { everyNth } from "../helpers/every-nth.ts";
import { watch } from "../helpers/watch.ts";

const asOthers = withNeed(it, "root", asRoot ? undefined : "only root can become another user");
const input = Buffer.concat([Buffer.from("first line\n\0\r\n.\n"), randomBytes(200_000)]);
const sum = createHash("sha256").update(input).digest("hex");

describe.each(
  everyNth(
    SHELLS.filter((shell) => shell !== "bash"),
    2,
  ),
)("standard input under %s", (sh) => {
  it.concurrent("comes byte for byte to each worker, and leaves the script as it was", async () => {
    const run = await watch({ sh, input, workers: 2, script: "sha256sum; echo last" });
    const lines = run.stdout
      .toString()
      .split("\n")
      .filter((line) => line.includes(sum));
    expect(lines.toSorted()).toEqual([`[0] ${sum}  -`, `[1] ${sum}  -`]);
    expect(run.status).toMatchObject({ reason: "exited", workers: [{ exitCode: 0 }, { exitCode: 0 }] });
  });
});

it("standard input may be read in part, and may be opened as /dev/stdin", async () => {
  const run = await watch({ input, script: "read -r line; echo $line; head -n 1 /dev/stdin" });
  expect(run.stdout.toString()).toBe("first line\nfirst line\n");
});

asOthers("standard input belongs to the user of the script", async () => {
  const run = await watch({ input, user: "nobody", script: "sha256sum </dev/stdin; id -un" });
  expect(run.stdout.toString()).toBe(`${sum}  -\nnobody\n`);
});

it("standard input may be empty, and is empty when none is given", async () => {
  const [empty, none] = await Promise.all([
    watch({ input: Buffer.alloc(0), script: "wc -c" }),
    watch({ script: "wc -c; readlink /proc/self/fd/0" }),
  ]);
  expect([empty.stdout.toString(), none.stdout.toString()]).toEqual(["0\n", "0\n/dev/null\n"]);
});
