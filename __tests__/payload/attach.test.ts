import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { join } from "node:path";
import { CANCEL } from "../../src/payload/input.ts";
import { systemPath } from "../../local/images/image.ts";
import { pythonWith } from "../helpers/python-with.ts";
import { shareOf, SHELLS } from "../helpers/shells.ts";
import { withoutPython } from "../helpers/tools.ts";
import { everyNth } from "../helpers/every-nth.ts";
import { LONG_PATIENCE_MS, until } from "../helpers/until.ts";
import {
  processesOf,
  type Typing,
  WatchedJob,
  type WatchedTerminal,
  type WatchOptions,
} from "../helpers/watch.ts";

const SOME = SHELLS.filter((shell) => /dash|busybox/.test(shell));
/** Milliseconds for a test on a busy machine. */
const PATIENCE = 300_000;
const directory = mkdtempSync(join(tmpdir(), "attach-"));
const jobs: WatchedJob[] = [];

afterAll(() => {
  for (const job of jobs) job.remove();
  rmSync(directory, { recursive: true });
});

/** A job that adds a line to a file of its own each time it is started. */
function aJob(script: string, more: Partial<WatchOptions> = {}): WatchedJob & { starts: () => number } {
  const ran = join(directory, `ran-${jobs.length}-${Math.random()}`);
  const job = new WatchedJob({ script: `echo x >>${ran}\n${script}`, ...more });
  jobs.push(job);
  const starts = (): number => (existsSync(ran) ? readFileSync(ran, "utf8").length / 2 : 0);
  return Object.assign(job, { starts });
}

async function untilNothingIsLeft(job: WatchedJob): Promise<void> {
  const left = () => JSON.stringify([job.directory, job.processes]);
  await until(() => job.directory === undefined && job.processes.length === 0, left, LONG_PATIENCE_MS);
}

function refusal(terminal: WatchedTerminal): unknown {
  return terminal.events.find(({ kind }) => kind === "refused");
}

/** A PATH whose `sleep` replaces its argument: `seconds` maps the given seconds to those that it sleeps. */
function withSleep(name: string, seconds: Readonly<Record<string, string>>): Record<string, string> {
  const path = join(directory, name);
  mkdirSync(path, { recursive: true });
  const cases = Object.entries(seconds).map(([from, to]) => `${from}) set -- ${to} ;;`);
  const sleep = execFileSync("which", ["sleep"]).toString().trim();
  writeFileSync(join(path, "sleep"), `#!/bin/sh\ncase $1 in ${cases.join(" ")} esac\nexec ${sleep} "$@"\n`, {
    mode: 0o755,
  });
  return { PATH: `${path}:${systemPath}` };
}

/** Types `here` every 50 ms. Returns the function that ends that. */
function keepReading(terminal: WatchedTerminal): () => void {
  const here = setInterval(() => terminal.type(Buffer.from("here\n")), 50);
  return () => clearInterval(here);
}

const NUMBERS = Array.from({ length: 1_000 }, (_, i) => `${i + 1}\n`).join("");
const COUNT =
  "i=0; while [ $i -lt 1000 ]; do i=$((i + 1)); echo $i; [ $((i % 100)) -gt 0 ] || sleep 0.02; done; exit 7";

describe.each(SOME)("under %s", (sh) => {
  it.concurrent.each(everyNth(shareOf(sh, SOME, [0, 16, 70, 75, 400, 1_500, 4_000]), 3, 1))(
    "a terminal that is cut at byte %d loses and doubles nothing",
    async (bytes) => {
      const job = aJob(COUNT, { sh });
      const first = job.attach();
      await first.shows(bytes);
      await first.kill();
      await job.attach().closed;
      expect(job.output("stdout").toString()).toBe(NUMBERS);
      expect(job.status).toMatchObject({ reason: "exited", workers: [{ exitCode: 7 }] });
      expect(job.starts()).toBe(1);
      await untilNothingIsLeft(job);
    },
    PATIENCE,
  );
});

it(
  "nothing is lost, doubled or run again by many cuts",
  async () => {
    const job = aJob(COUNT, { packAbove: 500 });
    for (let cut = 0; job.status === undefined && cut < 40; cut += 1) {
      const terminal = job.attach();
      if (cut < 20) {
        await terminal.shows(cut * 40);
        await terminal.kill();
      } else await terminal.closed;
    }
    expect(job.output("stdout").toString()).toBe(NUMBERS);
    expect(job.starts()).toBe(1);
  },
  PATIENCE,
);

it(
  "a job whose first attacher was cut before the secrets came is started by the next",
  async () => {
    const job = aJob(`printf %s "$TOKEN" | cksum`, { secrets: { TOKEN: "hunter22" } });
    // The secrets are the end of what is typed.
    const first = job.attach(0, (_, bytes) => bytes.subarray(0, -10));
    await job.has("job");
    // The process of the job waits for them, and ends without them.
    const prepared = (): number[] => processesOf(`fargate-exec-${job.runId}/recorder.py`);
    await until(() => prepared().length === 1);
    await first.kill();
    await until(() => prepared().length === 0 && processesOf(`fargate-exec-${job.runId}/job`).length === 0);
    expect(existsSync(`${job.directory ?? ""}/started`)).toBe(false);
    const second = job.attach();
    await second.closed;
    expect(job.status).toMatchObject({ reason: "exited", workers: [{ exitCode: 0 }] });
    expect(job.output("stdout").toString()).toBe(execFileSync("cksum", { input: "hunter22" }).toString());
    expect(job.starts()).toBe(1);
  },
  PATIENCE,
);

it.each(everyNth(SOME, 2))(
  "a cancel that comes when the job has ended takes neither its output nor its status away, under %s",
  async (sh) => {
    const job = aJob("seq 300000; exit 3", { sh });
    const first = job.attach();
    await job.has("started");
    await first.kill();
    await job.has("status");
    const second = job.attach();
    await second.says("attached");
    second.type(CANCEL);
    await second.closed;
    expect(job.status).toMatchObject({ reason: "exited", workers: [{ exitCode: 3 }] });
    expect(job.output("stdout").toString().endsWith("\n300000\n")).toBe(true);
    await untilNothingIsLeft(job);
  },
  PATIENCE,
);

it(
  "a step that attaches to the job of another step never starts it",
  async () => {
    const job = aJob("exit 3");
    const first = job.attach(0, (_, bytes) => bytes.subarray(0, -10));
    await job.has("job");
    await first.kill();
    // As while the directory is being removed.
    const second = job.attachOnly();
    await second.says("attached");
    rmSync(job.directory ?? "", { recursive: true });
    await second.closed;
    expect(refusal(second)).toMatchObject({ code: "gone" });
    expect(job.starts()).toBe(0);
    await untilNothingIsLeft(job);
  },
  PATIENCE,
);

it(
  "a download that was cut is made again",
  async () => {
    const fifo = join(directory, "fifo");
    execFileSync("mkfifo", [fifo]);
    const module = `import os\nif os.path.exists("${fifo}"): open("${fifo}").read()\nraise ImportError("none here")\n`;
    const job = aJob("echo delivered", {
      delivery: { kind: "s3", bucket: "example-ci", key: "k", region: "eu-west-1" },
      containerEnv: { PATH: pythonWith("boto3", module, directory) },
    });
    const first = job.attach();
    await job.has("err");
    expect(job.directory).toBeDefined();
    const [maker = ""] = readFileSync(`${job.directory ?? ""}/maker`, "utf8").split(":");
    await first.kill();
    await until(() => !existsSync(`/proc/${maker}`));
    rmSync(fifo);
    await job.attach().closed;
    expect(job.output("stdout").toString()).toBe("delivered\n");
    expect(job.starts()).toBe(1);
  },
  PATIENCE,
);

it(
  "the old attacher gives its seat up to the new one",
  async () => {
    const job = aJob("echo begun; sleep 1; echo ended");
    const first = job.attach();
    await first.says("text");
    const second = job.attach();
    await first.closed;
    expect(second.isClosed).toBe(false);
    await second.closed;
    expect(job.output("stdout").toString()).toBe("begun\nended\n");
    expect(job.starts()).toBe(1);
  },
  PATIENCE,
);

it(
  "an attacher that has lost its reader gives its seat up by itself",
  async () => {
    const mayEnd = join(directory, "may-end");
    const job = aJob(`while ! [ -e ${mayEnd} ]; do sleep 0.1; done; exit 3`, { silenceSeconds: 3 });
    const first = job.attach();
    await first.says("attached");
    // Its terminal is still there, but no reader types `here` any more.
    Object.assign(job.options, { confirm: false });
    await first.closed;
    expect(first.events.some(({ kind }) => kind === "status")).toBe(false);
    const second = job.attach();
    await second.says("attached");
    const stop = keepReading(second);
    writeFileSync(mayEnd, "");
    await second.closed;
    stop();
    expect(job.status).toMatchObject({ workers: [{ exitCode: 3 }] });
    expect(job.starts()).toBe(1);
  },
  PATIENCE,
);

it(
  "an attacher ends its session so many seconds after the last line of its reader, and no earlier after its own begin",
  async () => {
    const job = aJob("exec sleep 600", { silenceSeconds: 5 });
    const first = job.attach();
    await first.says("attached");
    Object.assign(job.options, { confirm: false });
    await sleep(3_000);
    first.type(Buffer.from("here\n"));
    const typed = performance.now();
    await first.closed;
    expect(performance.now() - typed).toBeGreaterThan(3_900);
    // The last beat is older than that by now.
    const began = performance.now();
    await job.attach().closed;
    expect(performance.now() - began).toBeGreaterThan(3_900);
  },
  PATIENCE,
);

it(
  "an attacher whose reader is there keeps its seat",
  async () => {
    const job = aJob("sleep 4; echo done", { silenceSeconds: 2 });
    const first = job.attach();
    await first.says("attached");
    const stop = keepReading(first);
    await first.closed;
    stop();
    expect(job.output("stdout").toString()).toBe("done\n");
    expect(job.status).toBeDefined();
  },
  PATIENCE,
);

it("a job ends without waiting for a sleep of its guard or of a helper to end", async () => {
  const job = aJob("echo done", { containerEnv: withSleep("long-second", { "1": "600" }) });
  await job.attach().closed;
  expect(job.output("stdout").toString()).toBe("done\n");
  await untilNothingIsLeft(job);
}, 60_000);

it(
  "the status waits for a session that reads it",
  async () => {
    const cut = join(mkdtempSync(join(directory, "cut-")), "cut");
    const job = aJob(`while ! [ -e ${cut} ]; do sleep 0.1; done; echo last words; exit 5`);
    const first = job.attach();
    await first.says("header");
    await first.kill();
    writeFileSync(cut, "");
    await job.has("status");
    await job.attach().closed;
    expect(job.output("stdout").toString()).toBe("last words\n");
    expect(job.status).toMatchObject({ workers: [{ exitCode: 5 }] });
    await untilNothingIsLeft(job);
  },
  PATIENCE,
);

it(
  "ten minutes after the job's end nothing is left, and the next attacher is told so",
  async () => {
    const containerEnv = withSleep("short-1", { "1": "0" });
    const cut = join(mkdtempSync(join(directory, "cut-")), "cut");
    const job = aJob(`while ! [ -e ${cut} ]; do sleep 0.1; done`, { containerEnv });
    const first = job.attach();
    await first.says("header");
    await first.kill();
    writeFileSync(cut, "");
    await untilNothingIsLeft(job);
    const second = job.attach(200);
    await second.closed;
    expect(refusal(second)).toMatchObject({ code: "gone" });
    expect(job.starts()).toBe(1);
    expect(job.directory).toBeUndefined();
  },
  PATIENCE,
);

/** Each row is 1,200 calls of `sleep`. */
const halves: readonly [string, (bytes: Buffer) => Buffer][] = [
  ["payload", (bytes) => bytes.subarray(0, bytes.length / 2)],
  ["secrets", (bytes) => bytes.subarray(0, -10)],
];

it.each(everyNth(halves, 2))(
  "ten minutes after a client has typed half of the %s and is gone, nothing is left of what was to be a job",
  async (_, half) => {
    const typing: Typing = (__, bytes) => half(bytes);
    // Only the watch sleeps, until the first line comes.
    const path = mkdtempSync(join(directory, "no-sleep-"));
    const sleep = execFileSync("which", ["sleep"]).toString().trim();
    writeFileSync(join(path, "sleep"), `#!/bin/sh\n[ "$1" != 40 ] || exec ${sleep} 40\n`, { mode: 0o755 });
    const containerEnv = { PATH: `${path}:${systemPath}` };
    const terminals = [true, false].map((stays) => {
      const job = aJob("exit 0", { containerEnv, secrets: { TOKEN: "hunter22" } });
      return { stays, job, terminal: job.attach(0, typing) };
    });
    for (const { stays, job, terminal } of terminals) {
      if (!stays) {
        await terminal.says("note");
        await terminal.kill();
      }
      await untilNothingIsLeft(job);
      await terminal.closed;
      expect(job.starts()).toBe(0);
    }
  },
  PATIENCE,
);

it(
  "an attacher that resumes where there is no job starts none",
  async () => {
    const job = aJob("exit 0");
    const terminal = job.attach(200);
    await terminal.closed;
    expect(refusal(terminal)).toMatchObject({ code: "gone" });
    expect(job.starts()).toBe(0);
    await untilNothingIsLeft(job);
  },
  PATIENCE,
);

it.concurrent(
  "an attacher waits for its reader to take the status, however often it was woken before",
  async () => {
    // When awk records, the attacher reads no wakes while the job runs.
    const containerEnv = { PATH: withoutPython("mawk", directory) };
    const job = aJob(`printf '\\n\\n\\n\\n\\n\\n\\n\\n\\n' 1<>"\${0%/*}/news"`, { containerEnv });
    await job.attach().closed;
    await untilNothingIsLeft(job);
  },
  PATIENCE,
);

// The path of the script ($0) begins with the job directory.
const KILL_THE_JOB = 'kill -KILL "$(cut -d : -f 1 "${0%/*}/pid")"';
// The job learns from the file 0.pid which worker it has to end.
const TIDIES = `trap 'echo >"$TIDIED"; exit 0' TERM`;
const KILL_THE_WAITER = 'until [ -e "${0%/*}/0.pid" ]; do sleep 0.01; done; kill -KILL $PPID';

it(
  "a job that was killed is reported as lost, with the output that it had printed",
  async () => {
    const job = aJob(`echo begun; sleep 0.3; ${KILL_THE_JOB}; sleep 0.1`);
    const terminal = job.attach();
    await terminal.says("refused");
    expect(job.output("stdout").toString()).toBe("begun\n");
    expect(refusal(terminal)).toMatchObject({ code: "lost" });
    terminal.type(Buffer.from("taken\n"));
    await terminal.closed;
    expect(job.directory).toBeUndefined();
  },
  PATIENCE,
);

const killed = [
  ["the job", TIDIES, KILL_THE_JOB],
  ["the job, and TERM is ignored,", "trap '' TERM", KILL_THE_JOB],
  ["the process that waits for its worker", TIDIES, KILL_THE_WAITER],
  ["the process that waits for its worker, and TERM is ignored,", "trap '' TERM", KILL_THE_WAITER],
] as const;

it.concurrent.each(everyNth(killed, 3))(
  "nothing goes on when %s was killed, and a script that tidies up at TERM has the time to",
  async (_, trap, kill) => {
    const tidied = join(mkdtempSync(join(directory, "tidied-")), "tidied");
    const job = aJob(`TIDIED='${tidied}'; sleep 97 & ${trap}; ${kill}; while :; do sleep 0.1; done`);
    const terminal = job.attach();
    await until(() => terminal.events.some(({ kind }) => kind === "refused" || kind === "status"));
    terminal.type(Buffer.from("taken\n"));
    await terminal.closed;
    await untilNothingIsLeft(job);
    expect(processesOf(`FARGATE_EXEC_RUN=${job.runId}`, "environ")).toEqual([]);
    expect(existsSync(tidied)).toBe(trap === TIDIES);
  },
  PATIENCE,
);
