import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { split } from "../../local/agent/shlex.ts";
import { bootstrapCommand, type Delivery } from "../../src/payload/bootstrap.ts";
import {
  forwardSource,
  shellSource,
  jobParts,
  loaderParts,
  unpackerParts,
  withoutComments,
} from "../../src/payload/container-source.ts";
import { loaderText, unpackerText } from "../../src/payload/loader.ts";
import { jobText } from "../../src/payload/job-text.ts";
import { makePayload } from "../../src/payload/payload.ts";
import { stopCommand } from "../../src/payload/stop.ts";
import { inSoak } from "../helpers/every-nth.ts";
import { withNeed } from "../helpers/needs.ts";
import { JOB, S3, SESSION } from "./a-job.ts";

const SHELLCHECK = fileURLToPath(new URL("../../.venv/bin/shellcheck", import.meta.url));
const check = withNeed(it, "shellcheck", existsSync(SHELLCHECK) ? undefined : `${SHELLCHECK} is not there.`);

/** Findings that are intended. An exception for a single line stands beside that line, as a directive. */
const EXCEPTIONS: readonly (readonly [code: string, reason: string])[] = [
  ["SC2016", "All that is quoted by quote() is in single quotes so that nothing in it is expanded."],
  ["SC2034", "The settings are assigned here and read in the code that is the same for all runs."],
  // Directives are not sent, so what is sent without comments has its exceptions here.
  ["SC2123", "PATH is set to directories that do not exist, so that the shell finds no program."],
  ["SC1003", "A pattern of try.sh has a backslash before a quote, inside of quotes."],
  ["SC2010", "`ls` prints modes and owners. No name in the paths that it gets can mislead."],
  ["SC1007", "An empty value is sent without its quotes."],
  ["SC2015", "What is between `&&` and `||` is an assignment, which does not fail."],
  ["SC2046", "What `ls -d` prints is to be split into paths."],
  ["SC2086", "The fields of /proc/PID/stat are to be split."],
  ["SC2254", "The user's number is no pattern."],
  ["SC3065", "Every shell that may be /bin/sh has `test -k`."],
  ["SC3067", "Every shell that may be /bin/sh has `test -O`."],
];

/** What was found in each script that was checked with this shellcheck: a check of all that is delivered takes seconds. */
const CHECKED = fileURLToPath(new URL("../../.cache/shellcheck", import.meta.url));

function findings(script: string): readonly string[] {
  const { size, mtimeMs } = statSync(SHELLCHECK);
  const known = join(CHECKED, createHash("sha256").update(`${size} ${mtimeMs}\n${script}`).digest("hex"));
  if (!existsSync(known)) {
    const { status, stdout } = spawnSync(SHELLCHECK, ["--shell=sh", "--format=gcc", "-"], { input: script });
    // Any other status is no result.
    expect([0, 1]).toContain(status);
    mkdirSync(CHECKED, { recursive: true });
    writeFileSync(`${known}-${process.pid}`, stdout);
    renameSync(`${known}-${process.pid}`, known);
  }
  return readFileSync(known, "utf8").split("\n").filter(Boolean);
}

/** The findings that are not intended. */
function mistakes(script: string): readonly string[] {
  return findings(script).filter((line) => !EXCEPTIONS.some(([code]) => line.endsWith(`[${code}]`)));
}

/** A job with all parts. */
const WHOLE = {
  ...JOB,
  pieces: true,
  hasFence: true,
  logToContainer: true,
  items: { count: 3, pace: 1 },
  artifacts: { globs: [{ pattern: "a/**", isExclusion: false }], maxCount: 1, maxBytes: 1 },
  files: { destinations: ["", "/srv"], needsPax: false },
};
const PARTS = {
  ...{ pieces: true, detaches: false, fence: true },
  ...{ hasItems: true, hasFiles: true, hasArtifacts: true },
};

const payload = makePayload(jobText(WHOLE), { script: Buffer.alloc(0) });
/** With the comments that are not sent: they hold directives. */
const job = payload.bytes.toString().replace(withoutComments(jobParts(PARTS)), () => jobParts(PARTS));
const bootstrap = (delivery: Delivery): string =>
  split(bootstrapCommand({ runId: JOB.runId, at: 0, start: { payload, delivery } }))[2] ?? "";
const directory = new URL("../../src/payload/container/", import.meta.url);
const source = (file: string): string => readFileSync(new URL(file, directory), "utf8");
/** The loader with the comments that are not sent. */
const commentedLoader = (delivery: Delivery): string =>
  loaderText({ payload, delivery, address: "https://x" }).replace(withoutComments(loaderParts()), () =>
    loaderParts(),
  );
const commentedUnpacker = unpackerText(payload, 3).replace(withoutComments(unpackerParts()), () =>
  unpackerParts(),
);
/** All that runs in one shell, as one text: a part that the shell sources or evaluates stands in the place of that command. */
const whole = (delivery: Delivery, loader = commentedLoader(delivery)): string =>
  bootstrap(delivery)
    .replace(/^eval "\$\(printf %b "\$fx_code"\)"$/m, () => loader)
    .replace(/^\. "\$fx_dir\/\$\{fx_new:-job\}"$/m, () =>
      [
        "process.sh",
        "signals.sh",
        "guard.sh",
        "safe.sh",
        "words.sh",
        "tools.sh",
        "apart.sh",
        "credentials.sh",
      ].reduce((text, part) => text.replace(source(part), () => ""), job),
    );

/** The same up to the job. */
const withoutJob = (unpacker: string): string =>
  bootstrap(SESSION)
    .replace(/^eval "\$\(printf %b "\$fx_code"\)"$/m, () => unpacker)
    .replace(/^\. "\$fx_dir\/\$\{fx_new:-job\}"$/m, ":");

const againWithTheJob: [string, string][] = [
  ["the job behind the bootstrap and the unpacker", whole(SESSION, commentedUnpacker)],
  ["the job by itself", job],
];

check.each<[string, string]>([
  ["the bootstrap, the loader and the job, from S3", whole(S3)],
  ["the bootstrap and the unpacker, over the session", withoutJob(commentedUnpacker)],
  // A check of the whole job takes five seconds of processor time.
  ...(process.env["EVERY_ROW"] === "1" ? againWithTheJob : []),
  ["the stop command", split(stopCommand(JOB.runId))[2] ?? ""],
  ["the check of the script", `${source("enter.sh")}\n${source("try.sh")}`],
  ["the launch of the script", `${source("enter.sh")}\n${source("launch.sh")}`],
  ["the command of a forward", `fx_sha="" fx_start="" fx_id="" fx_dirs=""\n${forwardSource()}`],
  ["the command of a shell", `fx_sha="" fx_start="" fx_run="" fx_dirs="" fx_plain=""\n${shellSource()}`],
  ["the launch of a shell", `${source("enter.sh")}\n${source("shell_launch.sh")}`],
  ["the placing of files without python3", `${source("safe.sh")}\n${source("place.sh")}`],
  [
    "the packing of artifacts without python3",
    `fx_match_awk=""\n${source("enter.sh")}\n${source("artifacts_tar.sh")}`,
  ],
])("shellcheck finds nothing in %s", (_, script) => {
  expect(mistakes(script)).toEqual([]);
});

check("a finding of shellcheck is noticed", () => {
  expect(mistakes("x=`echo y`; [ $x == y ]\n").join()).toMatch(/SC2006.*SC3014/);
});

inSoak(check)("every exception is needed", () => {
  const all = [...findings(whole(S3)), ...findings(job)].join("\n");
  for (const [code] of EXCEPTIONS) expect(all).toContain(code);
});

const files = readdirSync(directory).filter((name) => name.endsWith(".sh"));

it.each(files)("%s says at its top what it is, and holds no exception without its reason", (file) => {
  const text = source(file);
  expect(text).toMatch(/^# \S/);
  for (const [directive] of text.matchAll(/shellcheck disable=.*/g))
    expect(directive).toMatch(/disable=SC\d+ # \S+/);
});

it("every part of the job is delivered", () => {
  const parts = files.filter(
    (file) =>
      ![
        "artifacts_tar.sh",
        "bootstrap.sh",
        "enter.sh",
        "forward.sh",
        "launch.sh",
        "loader.sh",
        "ours.sh",
        "place.sh",
        "shell.sh",
        "shell_launch.sh",
        "stop.sh",
        "try.sh",
        "unpack.sh",
        "verify.sh",
      ].includes(file),
  );
  for (const part of parts) expect(job).toContain(source(part));
});
