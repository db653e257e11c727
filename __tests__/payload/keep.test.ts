import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { payloadFile } from "../../src/payload/container-files.ts";
import { settings } from "../../src/payload/job-text.ts";
import { quote } from "../../src/payload/quote.ts";
import { shellProgram } from "../../src/payload/shell.ts";

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "keep-"));
  mkdirSync(join(parent, "fargate-exec-run-1"), { mode: 0o700 });
});
afterEach(() => rmSync(parent, { recursive: true }));

const ENV = { MODE: 'a job\'s "$HOME"\nmode', BOTH: "job" };

/** Leaves what a shell needs, as the attacher of a job does. Returns the marks. */
function keep({ kept = 1, directory = "/usr/lib" } = {}): string {
  const parts = ["safe.sh", "ours.sh", "keep.sh"].map((name) => payloadFile(name));
  const program = [
    ...parts,
    'fx_mark() { printf "%s\\n" "$1"; }',
    `umask 077; fx_dir=${quote(join(parent, "fargate-exec-run-1"))} fx_id=run-1 fx_lives_on=${kept || ""}`,
    `fx_for_shell=${quote(`fx_directory=${quote(directory)}`)}`,
    `fx_environment=${quote(settings(ENV))} fx_own_environment=${quote(settings({ CI: "true" }))}`,
    "fx_leave_about",
  ];
  return execFileSync("sh", ["-c", program.join("\n")], { encoding: "utf8" });
}

/** Runs the program of a shell that finds what a job has left in this directory. */
function shellBy(directory: string, { run, ...more }: { run?: string; workingDirectory?: string } = {}) {
  const words = ["sh", "-c", 'printf "<%s>" "$PWD" "$MODE" "$BOTH" "$CI"; env | grep -c ^fx_'];
  const options = {
    ...{ words, run, env: { BOTH: "mine" }, term: "xterm" },
    workingDirectory: undefined,
    ...more,
  };
  const { words: all, env } = shellProgram(options);
  const about = join(parent, directory, "shell");
  const [file = "", ...args] = all;
  return spawnSync(file, args, {
    encoding: "utf8",
    cwd: "/",
    env: { PATH: process.env["PATH"], ...env, fx_about: about },
  }).stdout;
}

const AS_JOB = '</usr/lib><a job\'s "$HOME"\nmode><mine><true>0\n';

it("a job leaves its directory and variables for a shell beside it, and for one after it in a task that is kept", () => {
  expect(keep()).toBe("");
  for (const directory of ["fargate-exec-run-1", "fargate-exec-kept"]) {
    expect(shellBy(directory)).toBe(AS_JOB);
    expect(shellBy(directory, { run: "run-1" })).toBe(AS_JOB);
    expect(statSync(join(parent, directory, "shell")).mode & 0o777).toBe(0o600);
  }
  expect(statSync(join(parent, "fargate-exec-kept")).mode & 0o777).toBe(0o700);
});

it("the last job of a kept task counts", () => {
  keep();
  keep({ directory: "/etc" });
  expect(shellBy("fargate-exec-kept")).toMatch(/^<\/etc>/);
  expect(readdirSync(join(parent, "fargate-exec-kept"))).toEqual(["shell"]);
});

it("a task that is not kept has nothing beside the job's own directory", () => {
  keep({ kept: 0 });
  expect(readdirSync(parent)).toEqual(["fargate-exec-run-1"]);
});

it("a directory that others may write to gets nothing, and a note says so", () => {
  mkdirSync(join(parent, "fargate-exec-kept"));
  execFileSync("chmod", ["777", join(parent, "fargate-exec-kept")]);
  expect(keep()).toContain("n A shell in this task will not have the job's directory and variables");
  expect(readdirSync(join(parent, "fargate-exec-kept"))).toEqual([]);
});

it("a shell for another job than the one that has left something gets nothing of it, and says so", () => {
  keep();
  const other = shellBy("fargate-exec-kept", { run: "run-2" });
  expect(other).toBe(
    "fargate-exec: The job has left no directory and no variables in this container.\n</><><mine><>0\n",
  );
  expect(shellBy("fargate-exec-none", { run: "run-1" })).toBe(other);
  expect(shellBy("fargate-exec-none")).toBe("</><><mine><>0\n");
});

it("the directory of the command line counts more than the job's, and a job's that is gone is named", () => {
  keep({ directory: "/no/such/place" });
  expect(shellBy("fargate-exec-kept")).toMatch(
    /^fargate-exec: The job's directory can't be entered: \/no\/such\/place\n<\/><a job's/,
  );
  expect(shellBy("fargate-exec-kept", { workingDirectory: "/etc" })).toMatch(/^<\/etc><a job's/);
});

it("what was left is a text of the job alone: no secret is in it", () => {
  keep();
  const text = readFileSync(join(parent, "fargate-exec-kept/shell"), "utf8");
  expect(text).toBe(`# run-1\nfx_directory=/usr/lib\n${settings(ENV)}\n${settings({ CI: "true" })}\n`);
});
