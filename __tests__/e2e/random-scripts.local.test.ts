import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buffer } from "node:stream/consumers";
import type { Task } from "../../local/task/task.ts";
import { PARENT_DIRECTORIES } from "../../src/payload/container-source.ts";
import { Aws, jobLog } from "../helpers/local.ts";
import { randomScript, type ScriptCase } from "../helpers/random-script.ts";
import { forEachSeedAtOnce, pick, randomOf, sampleOf } from "../helpers/seeds.ts";
import { SHELLS } from "../helpers/shells.ts";
import { PYTHON, WatchedJob } from "../helpers/watch.ts";
import { inTime } from "../helpers/until.ts";

const IN_A_TERMINAL = sampleOf(500);
const THROUGH_DIST = sampleOf(100);

interface ScriptRun {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly exitCode: number | undefined;
}

/** Runs the script by `sh -e` on this machine, in a file of this path. */
async function runOnHost({ script, args, env, secrets }: ScriptCase, path: string): Promise<ScriptRun> {
  mkdirSync(dirname(path));
  try {
    writeFileSync(path, script);
    const child = spawn("sh", ["-e", path, ...args], {
      env: { PATH: process.env["PATH"], HOME: "/root", ...env, ...secrets },
      cwd: "/",
      stdio: ["ignore", "pipe", "pipe"],
    });
    const ended = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
    const [stdout, stderr, [code, signal]] = await inTime(
      "the end of the script on this machine",
      Promise.all([buffer(child.stdout), buffer(child.stderr), ended]),
    );
    return { stdout, stderr, exitCode: code ?? 128 + (signal === null ? 0 : constants.signals[signal]) };
  } finally {
    rmSync(dirname(path), { recursive: true });
  }
}

/** Fails with a readable text about the first difference. */
function expectSame(what: string, got: Buffer, wanted: Buffer): void {
  if (got.equals(wanted)) return;
  const at = got.findIndex((byte, i) => byte !== wanted[i]);
  const from = Math.max(0, (at < 0 ? got.length : at) - 40);
  const show = (bytes: Buffer): string => JSON.stringify(bytes.toString("latin1", from, from + 120));
  throw new Error(
    `${what}: ${show(got)}, not ${show(wanted)}, from byte ${from} of ${got.length}, not ${wanted.length}`,
  );
}

/** Two values of PATH, with this machine's programs: all of them, and all but python. */
let paths: readonly string[];
let directory: string;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "programs-"));
  const own = (process.env["PATH"] ?? "").split(":");
  paths = [`${dirname(PYTHON)}:${own.join(":")}`, directory];
  for (const from of own.filter((path) => existsSync(path))) {
    const programs = readdirSync(from).filter((name) => !name.startsWith("python"));
    for (const name of programs) {
      try {
        symlinkSync(join(from, name), join(directory, name));
      } catch {
        // PATH has another program of this name before it.
      }
    }
  }
});

afterAll(() => rmSync(directory, { recursive: true }));

it("random scripts arrive and run as by sh -e, with every shell and every recorder", async () => {
  await forEachSeedAtOnce(IN_A_TERMINAL, 8, async (seed) => {
    const random = randomOf(seed);
    const sh = pick(random, SHELLS);
    const PATH = pick(random, paths);
    const packAbove = pick(random, [undefined, 0, 300]);
    const script = randomScript(random, { anyBytes: true, anyArgs: true });
    const job = new WatchedJob({
      ...script,
      workingDirectory: "/",
      sh,
      containerEnv: { PATH },
      ...(packAbove !== undefined && { packAbove }),
    });
    const host = await runOnHost(script, `${PARENT_DIRECTORIES[0]}/fargate-exec-${job.runId}/script`);
    try {
      await job.attach().closed;
      expect(job.status).toMatchObject({
        kind: "ended",
        reason: "exited",
        workers: [{ exitCode: host.exitCode }],
      });
      expectSame("standard output", job.output("stdout"), host.stdout);
      expectSame("standard error", job.output("stderr"), host.stderr);
    } catch (error) {
      job.remove();
      throw error;
    }
  });
});

describe("by the whole step", () => {
  let aws: Aws;
  let tasks: readonly Task[];

  beforeAll(async () => {
    aws = await Aws.start();
    tasks = await Promise.all([aws.runningTask(), aws.runningTask()]);
  });
  afterAll(() => aws.stop());

  /** The lines of the log, sorted. The log takes a CR as a line's end. */
  const lines = (...outputs: readonly Buffer[]): string[] =>
    outputs
      .flatMap((bytes) =>
        bytes
          .toString()
          .replace(/\n$/, "")
          .split(/\r?\n|\r/),
      )
      .filter((line) => line !== "")
      .map((line) => line.replaceAll(/\/\S+\/fargate-exec-[^/]+\/script/g, "script"))
      .sort();

  it("random scripts are run as by sh -e", async () => {
    await forEachSeedAtOnce(THROUGH_DIST, 4, async (seed) => {
      const random = randomOf(-seed);
      const staged = random() < 0.5;
      const byBucket = random() < 0.5;
      // The exec agent damages bytes that are not UTF-8 in plain lines of a session.
      const { env, ...rest } = randomScript(random, { anyBytes: byBucket, anyArgs: false });
      // An image may set a locale in which programs print other quotes than on this machine.
      const script: ScriptCase = { ...rest, env: { ...env, LC_ALL: "C" } };
      const host = await runOnHost(
        script,
        `${PARENT_DIRECTORIES[0]}/fargate-exec-${process.pid}-${seed}/script`,
      );
      const result = await aws.step(
        {
          task: tasks[seed % 2]?.id ?? "",
          "script-file": "script",
          args: script.args.join("\n"),
          env: Object.keys(script.env).join("\n"),
          secrets: "SECRET",
          logs: byBucket ? "bucket" : "auto",
          ...((staged || byBucket) && { bucket: aws.world.made.bucket }),
        },
        { files: { script: script.script }, env: { ...script.env, ...script.secrets } },
      );
      expect(result.outputs["exit-code"]).toBe(String(host.exitCode));
      expect(result.outputs["stdout"]).toBe(host.stdout.toString().replace(/\r?\n$/, ""));
      expect(lines(Buffer.from(jobLog(result).join("\n")))).toEqual(lines(host.stdout, host.stderr));
    });
  });
});
