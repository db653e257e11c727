import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { StepBudget } from "../../src/run/step-budget.ts";
import { ScriptFiles } from "../../src/run/job/script-files.ts";
import { Unsettled } from "../../src/run/job/unsettled.ts";
import { has, withNeed } from "../helpers/needs.ts";
import { asRoot } from "../../local/task/isolate.ts";
import { SHELLS } from "../helpers/shells.ts";
import { findProgram, withoutPython } from "../helpers/tools.ts";
import { everyNth } from "../helpers/every-nth.ts";
import { watch, type WatchOptions } from "../helpers/watch.ts";

const asOthers = withNeed(it, "root", asRoot ? undefined : "only root can become another user");
const ALL = Array.from({ length: 255 }, (_, i) => i + 1);
/** Every byte but NUL; then U+FFFD, the beginning of a mark and a line without an end. */
const BYTES = Buffer.from([...ALL, ...Buffer.from("\ufffd\x1b]7733;r\x07a=b\r\n\nlast")]);
const octal = (bytes: Buffer): string =>
  [...bytes].map((b) => `\\${b.toString(8).padStart(3, "0")}`).join("");

async function run(options: WatchOptions) {
  const { memory } = new StepBudget();
  const files = new ScriptFiles(memory);
  const unsettled = new Unsettled(memory, { files });
  const job = await watch({
    ...options,
    onEvent: (event, cancel) => {
      switch (event.kind) {
        case "file-command":
        case "file-left-out":
        case "confirmed":
        case "gap":
          unsettled.take(event);
      }
      options.onEvent?.(event, cancel);
    },
  });
  if (job.status !== undefined) unsettled.settle();
  return { job, ...files.written() };
}

const file = (text: string, worker = 0) => ({ worker, text, leftOut: undefined });

/** The tests that hold for python3 and for every awk as the reader of the files. */
function sharedTests(options: () => Partial<WatchOptions>): void {
  it.concurrent("come byte for byte, behind the output, plain and packed", async () => {
    for (const packAbove of [undefined, 0]) {
      const script = `echo out; printf '${octal(BYTES)}' >>"$GITHUB_OUTPUT"; printf '# T\\n' >"$GITHUB_STEP_SUMMARY"; exit 3`;
      const { job, output, summary } = await run({
        ...options(),
        script,
        ...(packAbove === 0 && { packAbove }),
      });
      expect(output).toEqual([file(BYTES.toString("utf8"))]);
      expect(summary).toEqual([file("# T\n")]);
      expect(job.stdout.toString()).toBe("out\n");
      expect(job.status).toMatchObject({ reason: "exited", workers: [{ exitCode: 3 }] });
    }
  });

  it.concurrent("are each worker's own, are redacted, and come after a timeout, too", async () => {
    const script = `printf 'key=abcd%s\\n' efgh >"$GITHUB_OUTPUT"; echo "me=$FARGATE_EXEC_WORKER" >>"$GITHUB_OUTPUT"; sleep 60`;
    const { job, output, summary } = await run({
      ...options(),
      ...{ script, workers: 3, timeoutSeconds: 2, secrets: { KEY: "abcdefgh" } },
    });
    expect(job.status).toMatchObject({ reason: "timed-out" });
    expect(output).toEqual([0, 1, 2].map((worker) => file(`key=***\nme=${worker}\n`, worker)));
    expect(summary).toEqual([]);
    expect(job.terminal.includes("abcdefgh")).toBe(false);
  });

  it.concurrent("are left out as a whole when they are too large together, or no files", async () => {
    const script = `
      case $FARGATE_EXEC_WORKER in
        0) head -c 1000000 /dev/zero | tr '\\0' x >"$GITHUB_OUTPUT"; echo fits >"$GITHUB_STEP_SUMMARY" ;;
        1) head -c 48577 /dev/zero | tr '\\0' y >"$GITHUB_OUTPUT"; /bin/ln -sf /etc/passwd "$GITHUB_STEP_SUMMARY" ;;
        2) head -c 48576 /dev/zero | tr '\\0' z >"$GITHUB_OUTPUT"; rm "$GITHUB_STEP_SUMMARY"; mkfifo "$GITHUB_STEP_SUMMARY" ;;
        3) rm "$GITHUB_OUTPUT" "$GITHUB_STEP_SUMMARY"; mkdir "$GITHUB_OUTPUT" ;;
      esac`;
    const { job, output, summary } = await run({ ...options(), script, workers: 4 });
    expect(job.status).toMatchObject({ reason: "exited", workers: Array(4).fill({ exitCode: 0 }) });
    expect(output.map(({ worker, text, leftOut }) => [worker, text.length, text[0], leftOut])).toEqual([
      [0, 1_000_000, "x", undefined],
      [1, 0, undefined, 48_577],
      [2, 48_576, "z", undefined],
      [3, 0, undefined, expect.any(Number)],
    ]);
    expect(summary).toEqual([file("fits\n"), { worker: 1, text: "", leftOut: expect.any(Number) as number }]);
  });
}

const shells = SHELLS.filter((shell) => shell !== "bash");

describe.each(everyNth(shells, 3, 2))("the files of a job under %s", (sh) => {
  sharedTests(() => ({ sh }));
});

describe.each(
  everyNth(
    (["mawk", "gawk", "busybox"] as const).filter((awk) =>
      has(awk, findProgram(awk) === "" ? `${awk} is not on PATH.` : undefined),
    ),
    3,
  ),
)("the files of a job without python3, with the awk of %s,", (awk) => {
  let path: string;
  beforeAll(() => {
    path = withoutPython(awk, tmpdir());
  });
  afterAll(() => rmSync(path, { recursive: true }));
  sharedTests(() => ({ containerEnv: { PATH: path } }));
});

asOthers("the files belong to the user of the script", async () => {
  const script = `id -un >"$GITHUB_STEP_SUMMARY"; echo a=b >>"$GITHUB_OUTPUT"; rm -f "$GITHUB_OUTPUT" 2>/dev/null || echo kept`;
  const { job, output, summary } = await run({ script, user: "nobody" });
  expect([output, summary, job.stdout.toString()]).toEqual([[file("a=b\n")], [file("nobody\n")], "kept\n"]);
});

it("a job that prints what looks like the records of such a file sets nothing", async () => {
  const script = `printf '\\033]7733;r\\007outcome=x\\n\\033]7733;r0\\007a=b\\n' | tee /dev/stderr`;
  const { job, output } = await run({ script });
  expect(output).toEqual([]);
  expect(job.stdout.toString()).toBe("\x1b]7733;r\x07outcome=x\n\x1b]7733;r0\x07a=b\n");
});

it("no GITHUB_ENV and no GITHUB_PATH are there, and no variable of the inputs moves the files", async () => {
  const script = `echo "<\${GITHUB_ENV-}\${GITHUB_PATH-}>"; echo a=b >"$GITHUB_OUTPUT"`;
  const { job, output } = await run({ script, env: { GITHUB_OUTPUT: "/dev/null" } });
  expect([output, job.stdout.toString()]).toEqual([[file("a=b\n")], "<>\n"]);
});

it.each(["python3", "an awk"])(
  "with one pipe for both streams their order is exact, recorded by %s",
  async (recorder) => {
    const path = recorder === "python3" ? undefined : withoutPython("mawk", tmpdir());
    try {
      const script = `i=0; while [ $i -lt 200 ]; do echo "$i"; i=$((i + 1)); echo "$i" >&2; i=$((i + 1)); done`;
      const { job } = await run({
        ...{ script, mergesStderr: true },
        ...(path !== undefined && { containerEnv: { PATH: path } }),
      });
      expect(job.stdout.toString()).toBe(Array.from({ length: 200 }, (_, i) => `${i}\n`).join(""));
      expect(job.stderr.length).toBe(0);
    } finally {
      if (path !== undefined) rmSync(path, { recursive: true });
    }
  },
);

it("the seconds of a worker have decimals", async () => {
  const { job } = await run({ script: "sleep 0.3" });
  const seconds = job.status?.kind === "ended" ? job.status.workers[0]?.seconds : undefined;
  expect(seconds).toBeGreaterThanOrEqual(0.29);
  expect(seconds).toBeLessThan(60);
});
