import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buffer } from "node:stream/consumers";
import type { Task } from "../../local/task/task.ts";
import { PARENT_DIRECTORIES } from "../../src/payload/container-source.ts";
import { Aws, jobLog } from "../helpers/local.ts";
import { between, forEachSeedAtOnce, pick, type Random, randomOf, sampleOf } from "../helpers/seeds.ts";
import { SHELLS } from "../helpers/shells.ts";
import { inTime } from "../helpers/until.ts";
import { WatchedJob } from "../helpers/watch.ts";
import { itInSoak } from "../helpers/every-nth.ts";
import { PYTHON } from "../helpers/tools.ts";

/** A script with its inputs. */
interface ScriptCase {
  readonly script: Buffer;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The script prints them as the numbers of their bytes, which are not redacted. */
  readonly secrets: Readonly<Record<string, string>>;
}

interface CaseOptions {
  /** Whether output and script may hold bytes that are not UTF-8. */
  readonly anyBytes: boolean;
  /** Whether arguments may hold line ends or be empty. */
  readonly anyArgs: boolean;
}

/**
 * A script for `sh -e` whose streams, each by itself, are the same in every run. It covers every kind of quoting, line end,
 * length and exit. Scripts are put together as binary strings, one character a byte.
 */
function randomScript(random: Random, { anyBytes, anyArgs }: CaseOptions): ScriptCase {
  const names = Array.from({ length: between(random, 0, 4) }, (_, at) => `V${at}_${word(random)}`);
  const env = Object.fromEntries(names.map((name) => [name, text(random, true)]));
  const args = Array.from({ length: between(random, 0, 4) }, () => {
    const arg = text(random, anyArgs);
    return anyArgs || arg !== "" ? arg : "x";
  });
  // Each of its lines is redacted, so none may be a text that the script prints.
  const secrets = {
    SECRET: `${word(random)}-${word(random)} ${text(random, false)}\n${word(random)}${word(random)}$'"`,
  };
  const raw: RawText = (lines) =>
    anyBytes && random() < 0.3 ? bytes(random, lines) : binary(text(random, lines));

  const lines = ["umask; pwd", ...names.map((name) => `printf '${name}=%s\\n' "$${name}"`)];
  if (random() < 0.5) lines.push(`printf %s "$SECRET" | od -An -v -tx1`, `printf '<%s>' "$@"; echo "$#"`);
  for (let left = between(random, 1, 8); left > 0; left -= 1) {
    const line = pick(random, STATEMENTS)(random, raw);
    lines.push(random() < 0.2 ? `{ ${line}\n} >&2` : line);
  }
  if (random() < 0.3) lines.sort(() => random() - 0.5);
  lines.push(pick(random, ENDINGS)(random));
  let script = lines.join("\n") + (random() < 0.3 ? "" : "\n");
  if (random() < 0.1) script = script.replaceAll("\n", "\r\n");
  return { script: Buffer.from(script, "latin1"), args, env, secrets };
}

/** A string to be quoted, with line ends or without. */
type RawText = (lines: boolean) => string;

const STATEMENTS: readonly ((random: Random, raw: RawText) => string)[] = [
  (random, raw) => `printf '%s' ${quoteWord(random, raw(true))}`,
  (random, raw) => `echo ${quoteWord(random, raw(true))}${pick(random, ["", " >&2"])}`,
  (random) =>
    `printf '${Array.from({ length: between(random, 1, 60) }, () => octal(between(random, 0, 127))).join("")}'`,
  (_, raw) => `cat <<'END of it'\n${raw(true)}\n'"$HOME\\\nEND of it`,
  (_, raw) => `cat <<END\n${escapeText(raw(true))} $# \${1-none}\nEND`,
  (_, raw) => `# ${raw(false)}`,
  (random, raw) =>
    `: ${quoteWord(
      random,
      raw(false)
        .repeat(between(random, 20, 200))
        .slice(0, 20_000),
    )}`,
  (random, raw) =>
    `i=0; while [ $i -lt ${between(random, 1, 40)} ]; do i=$((i + 1)); echo "$i:"${quoteWord(random, raw(false))}; done`,
  (random) => `printf '%0${between(random, 1, 20_000)}d%s' 7 ${pick(random, ["", "'\n'"])}`,
  (random) => `seq ${between(random, 1, 4000)}`,
  () => `cat; read -r line || echo "no input"`,
  (random, raw) =>
    `f() { printf '%s|' "$@"; return 3; }; f ${quoteWord(random, raw(true))} '' || echo "code $?"`,
  (random) => `(exit ${between(random, 1, 255)}) || echo "$?"`,
  (random, raw) =>
    `set -x; X=${quoteWord(random, raw(true))}; : "$X" ${quoteWord(random, raw(false))}; set +x`,
  (random, raw) => `printf %s ${quoteWord(random, raw(true))} | tr a-z A-Z | od -An -v -tx1`,
  () => `for i in 1 2 3; do echo "out $i"; echo "err $i" >&2; done`,
  () => `echo "$({ echo behind; echo err >&2; } & wait)"`,
  (random, raw) =>
    `case ${quoteWord(random, raw(false))} in *[a-m]*) echo some ;; ${quoteWord(random, raw(false))}) echo same ;; *) echo none ;; esac`,
  () => `trap 'echo bye; echo bye >&2' EXIT`,
  (random, raw) => `eval ${quoteWord(random, `printf '%s\\n' ${quoteWord(random, raw(true))}`)}`,
  (_, raw) => `echo one \\\n  "two" \\\n  three\t${escapeText(raw(false)).replaceAll(/[^\w]/g, "")}`,
  (random) =>
    `test "$(printf '${octal(between(random, 1, 127))}')" = x || echo "$((${between(random, 0, 9)} * 7))"`,
];

const ENDINGS: readonly ((random: Random) => string)[] = [
  () => ":",
  () => "printf 'no end'",
  (random) => `exit ${between(random, 0, 255)}`,
  (random) => `exit ${between(random, 0, 255)}\nif 'this is never read`,
  (random) => `(exit ${between(random, 0, 255)})\necho "still here"`,
  () => "false\necho never",
  () => "no-such-command 'x y'\necho never",
  () => "echo before; fi\necho never",
  () => "echo 'without an end",
  () => `set -u; echo "$THERE_IS_NO_SUCH_THING"`,
  () => "exec sh -c 'echo \"$0\" >&2; exit 9' other",
  () => "exec /no/such/program",
  (random) => `kill -s ${pick(random, ["TERM", "KILL", "INT", "HUP", "USR1"])} $$; echo never`,
];

/** One shell word for these bytes. */
function quoteWord(random: Random, value: string): string {
  return random() < 0.5
    ? `'${value.replaceAll("'", "'\\''")}'`
    : `"${escapeText(value).replaceAll('"', '\\"')}"`;
}

/** The text as it is written between double quotes, or in a here-document, where quotes have no meaning. */
function escapeText(value: string): string {
  return value.replaceAll(/[\\$`]/g, "\\$&");
}

const PIECES: readonly ((random: Random) => string)[] = [
  (random) => String.fromCharCode(between(random, 32, 126)),
  (random) => pick(random, "'\"`$\\!*?[]{}()<>|&;#~%^= \t\r".split("")),
  (random) =>
    pick(random, [
      "größe",
      "日本語",
      "🚀",
      "e\u0301",
      "\u202e",
      "\u00a0",
      "\ufffd",
      "\u0085",
      "\u2028",
      "\ufeff",
    ]),
  (random) => String.fromCharCode(pick(random, [1, 3, 4, 7, 8, 11, 12, 17, 19, 26, 27, 28, 127])),
  (random) =>
    pick(random, [
      "\x1b]7733;",
      "\x1b[31m",
      "$(",
      "${",
      "{{",
      "}}",
      "$$",
      "%s",
      "\\n",
      "--",
      "::error::",
      "EOF",
      ".",
      "taken",
    ]),
  word,
];

/** Any characters but NUL, mostly few. */
function text(random: Random, lines: boolean): string {
  const length = random() < 0.05 ? between(random, 500, 5_000) : between(random, 0, 12);
  const pieces = lines ? [...PIECES, () => "\n"] : PIECES;
  const made = Array.from({ length }, () => pick(random, pieces)(random)).join("");
  return lines ? made : made.replaceAll("\r", "");
}

function bytes(random: Random, lines: boolean): string {
  const made = Array.from({ length: between(random, 0, 40) }, () =>
    String.fromCharCode(between(random, 1, 255)),
  );
  return made.filter((char) => lines || !"\r\n".includes(char)).join("");
}

function binary(value: string): string {
  return Buffer.from(value, "utf8").toString("latin1");
}

function octal(byte: number): string {
  return `\\${byte.toString(8).padStart(3, "0")}`;
}

function word(random: Random): string {
  return Math.floor(random() * 2 ** 32).toString(36);
}

const IN_A_TERMINAL = sampleOf(400);
const THROUGH_DIST = sampleOf(80);

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

itInSoak("random scripts arrive and run as by sh -e, with every shell and every recorder", async () => {
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
