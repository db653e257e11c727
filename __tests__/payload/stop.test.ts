import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asRoot } from "../../local/task/isolate.ts";
import { fileURLToPath } from "node:url";
import { split } from "../../local/agent/shlex.ts";
import { bootstrapCommand, LONGEST_COMMAND } from "../../src/payload/bootstrap.ts";
import { stopCommand } from "../../src/payload/stop.ts";
import { PARENT_DIRECTORIES } from "../../src/payload/container-source.ts";
import { expectGolden } from "../helpers/golden.ts";
import { withNeed } from "../helpers/needs.ts";
import { SharedContainer } from "../helpers/shared-container.ts";
import { SHELLS } from "../helpers/shells.ts";
import { until } from "../helpers/until.ts";
import { WatchedJob } from "../helpers/watch.ts";
import { ORDERED, removeAll, UploadedJob, WAYS } from "./upload-rig.ts";
import { everyNth } from "../helpers/every-nth.ts";
import { PYTHON } from "../helpers/tools.ts";

const PATIENCE = 300_000;
const TERMINAL = fileURLToPath(new URL("../helpers/terminal.py", import.meta.url));
const jobs: WatchedJob[] = [];
afterAll(async () => {
  for (const job of jobs) job.remove();
  await removeAll();
});

function aJob(script: string, sh: string): WatchedJob {
  const job = new WatchedJob({ script, sh });
  jobs.push(job);
  return job;
}

/** A process as the container names it: by its number and its start time. */
function nameOf(pid: number): string {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/.*\) /s, "").split(" ");
  return `${pid}:${fields[19] ?? ""}`;
}

/** Whether a process has ended. It may still be a zombie. */
function hasEnded(pid: number): boolean {
  return !existsSync(`/proc/${pid}`) || readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
}

/** Runs the stop command as the agent would, but under this shell, and gives what it prints. */
async function stop(sh: string, ...options: Parameters<typeof stopCommand>): Promise<string> {
  const [program = "", ...words] = sh.split(" ");
  const child = spawn(program, [...words, "-c", split(stopCommand(...options))[2] ?? ""]);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes) => (said += String(bytes)));
  await once(child, "close");
  return said;
}

it("the stop command is the text of its golden file, is short, and has nothing that the agent would replace", () => {
  const text = stopCommand("0123456789ab");
  expectGolden("stop.txt", `${text}\n`);
  expect(Buffer.byteLength(text)).toBeLessThan(LONGEST_COMMAND);
  expect(text).not.toMatch(/\{\{|\$\$/);
  expect(split(text)).toHaveLength(3);
});

// For the payload, plain bash is the same as bash in its POSIX mode.
const shells = SHELLS.filter((shell) => shell !== "bash");

describe.each(everyNth(shells, 3, 2))("under %s", (sh) => {
  it.concurrent(
    "a job is told to stop, and its trap still runs",
    async () => {
      const job = aJob(`trap 'echo tidied; exit 0' TERM; echo begun; while :; do sleep 0.1; done`, sh);
      const terminal = job.attach();
      await terminal.says("text");
      expect(await stop(sh, job.runId)).toBe("");
      await terminal.closed;
      await until(() => job.directory === undefined && job.processes.length === 0);
      expect(job.output("stdout").toString()).toBe("begun\ntidied\n");
      expect(job.status).toMatchObject({ reason: "cancelled" });
    },
    PATIENCE,
  );

  it.concurrent(
    "a job that was killed, without a process that notices, leaves no script behind",
    async () => {
      const job = aJob("echo begun; while :; do sleep 0.1; done", sh);
      const terminal = job.attach();
      await terminal.says("text");
      await terminal.kill();
      process.kill(parseInt(readFileSync(`${job.directory ?? ""}/pid`, "utf8")), "SIGKILL");
      expect(await stop(sh, job.runId, { sessionEnded: true })).toBe("");
      await until(() => job.directory === undefined && job.processes.length === 0);
    },
    PATIENCE,
  );

  it.concurrent(
    "a job that has not started never does",
    async () => {
      const job = aJob("echo begun", sh);
      // The secrets are the end of what is typed.
      const terminal = job.attach(0, (_, bytes) => bytes.subarray(0, -10));
      await job.has("job");
      expect(await stop(sh, job.runId, { sessionEnded: true })).toBe("");
      await terminal.closed;
      await until(() => job.directory === undefined && job.processes.length === 0);
      expect(job.output("stdout").toString()).toBe("");
    },
    PATIENCE,
  );

  it.concurrent(
    "a job whose directory is not there yet is waited for",
    async () => {
      const job = aJob("echo begun; sleep 20", sh);
      const stopped = stop(sh, job.runId);
      const terminal = job.attach();
      await stopped;
      await terminal.closed;
      expect(job.directory).toBeUndefined();
    },
    PATIENCE,
  );

  it.concurrent("a bootstrap that writes its name into its directory late is ended, too", async () => {
    const runId = randomBytes(6).toString("hex");
    const directory = `${PARENT_DIRECTORIES[0]}/fargate-exec-${runId}`;
    const maker = spawn("sh", ["-c", "sleep 20; :"], { stdio: "ignore" });
    mkdirSync(directory, { mode: 0o700 });
    try {
      const stopped = stop(sh, runId, { sessionEnded: true });
      await until(() => existsSync(`${directory}/started`));
      writeFileSync(`${directory}/maker`, `${nameOf(maker.pid ?? 0)}\n`);
      await Promise.all([stopped, once(maker, "close")]);
      expect(maker.signalCode).toBe("SIGKILL");
      expect(existsSync(directory)).toBe(false);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });

  it.concurrent("the agent's session worker is told to end the session", async () => {
    const runId = randomBytes(6).toString("hex");
    const directory = `${PARENT_DIRECTORIES[0]}/fargate-exec-${runId}`;
    const programs = mkdtempSync(join(tmpdir(), "agent-"));
    copyFileSync("/bin/dash", join(programs, "ssm-session-worker"));
    const command = "trap 'exit 7' TERM; sleep 60 & echo $!; wait; wait";
    const worker = spawn(join(programs, "ssm-session-worker"), ["-c", command]);
    const closed = once(worker, "exit");
    mkdirSync(directory, { mode: 0o700 });
    try {
      const [bytes] = (await once(worker.stdout, "data")) as [Buffer];
      writeFileSync(`${directory}/maker`, `${nameOf(Number(bytes))}\n`);
      expect(await stop(sh, runId, { sessionEnded: true })).toBe("");
      expect(await closed).toEqual([7, null]);
      await until(() => hasEnded(Number(bytes)));
    } finally {
      worker.kill("SIGKILL");
      for (const made of [directory, programs]) rmSync(made, { recursive: true, force: true });
    }
  });

  it.concurrent(
    "a process that has reused the number of one of the job's processes gets no signal",
    async () => {
      const runId = randomBytes(6).toString("hex");
      const directory = `${PARENT_DIRECTORIES[0]}/fargate-exec-${runId}`;
      // A leader of a process group, as the job and each of its workers is.
      const other = spawn("sleep", ["60"], { stdio: "ignore", detached: true });
      const closed = once(other, "close");
      const [number = "", start = ""] = nameOf(other.pid ?? 0).split(":");
      mkdirSync(directory, { mode: 0o700 });
      // The job's process with this number began a tick earlier.
      for (const name of ["pid", "0.pid", "maker", "attacher"])
        writeFileSync(`${directory}/${name}`, `${number}:${Number(start) - 1}\n`);
      try {
        expect(await stop(sh, runId, { sessionEnded: true })).toBe("");
        // The command has read all of these files.
        expect(existsSync(directory)).toBe(false);
        expect(other.kill("SIGINT")).toBe(true);
        await closed;
        expect(other.signalCode).toBe("SIGINT");
      } finally {
        other.kill("SIGKILL");
        rmSync(directory, { recursive: true, force: true });
      }
    },
    PATIENCE,
  );

  it.concurrent("without a job the command ends after a second, and does nothing", async () => {
    expect(await stop(sh, "0123456789ab", { sessionEnded: true })).toBe("");
  });
});

withNeed(
  it,
  "root",
  asRoot ? undefined : "only root can make a container",
)("a bootstrap that is slow to write its name ends when the job was stopped meanwhile", async () => {
  const container = await SharedContainer.start("dash");
  try {
    // After it has made the directory, the bootstrap looks at it with this program.
    const slow = `case "$2" in */fargate-exec-*) [ ! -d "$2" ] || ! mkdir /tmp/slow || sleep 2 ;; esac 2>/dev/null`;
    container.run("mv /usr/bin/ls /usr/bin/real-ls");
    writeFileSync(`${container.root}/usr/bin/ls`, `#!/bin/sh\n${slow}\nexec real-ls "$@"\n`, { mode: 0o755 });
    const { runId, payload } = new WatchedJob({ script: "echo never" });
    const command = bootstrapCommand({
      runId,
      at: 0,
      start: { payload, delivery: { kind: "session" } },
    });
    // Nothing is typed, as when the runner was killed.
    const words = [...container.enter, "/bin/sh", "-c", split(command)[2] ?? ""];
    const terminal = spawn(PYTHON, ["-I", "-S", TERMINAL, ...words], { env: { PATH: "/usr/bin:/bin" } });
    const closed = once(terminal, "close");
    await until(() => container.exists("/tmp/slow"));
    container.run(`(${split(stopCommand(runId, { sessionEnded: true }))[2] ?? ""}\n) || :`);
    await closed;
  } finally {
    await container.stop();
  }
});

it.each(WAYS)(
  "a job that the command stops has its end brought by S3, also when S3 refuses the last pieces at first, by $way",
  async ({ options }) => {
    const script = `trap 'echo last words; exit 3' TERM; ${ORDERED}; echo begun; sleep 30 & wait`;
    const uploaded = await UploadedJob.make({ ...options(), script });
    await uploaded.followBriefly();
    await until(() => uploaded.spool().includes("begun"));
    let refused = 0;
    uploaded.bucket.fault = (method) =>
      method === "POST" && (refused += 1) <= 2 ? { status: 503, code: "SlowDown" } : undefined;
    const stopped = stop("sh", uploaded.job.runId, { sessionEnded: true });
    const pieces = await uploaded.ended();
    expect(uploaded.spool().toString()).toContain("last words");
    expect(pieces.at(-1)?.body.toString()).toMatch(/^cancelled 0=3:/);
    await uploaded.take();
    await stopped;
    await until(() => uploaded.job.directory === undefined);
  },
  PATIENCE,
);
