/**
 * Makes `.venv` at the root of the repository with what the local Fargate and the checks need, or the directory that the npm
 * package names, for the local Fargate alone. A second run finds the stamp and does nothing; one at the same time waits for the
 * first. Run before the tests, the demo and `npm run local`.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { virtualEnvironment } from "./python.ts";

const ACTIONLINT = "github.com/rhysd/actionlint";

/** Programs that isolate a container's processes and serve its agent: util-linux's and python3. */
const programs = ["python3", "unshare", "nsenter", "setpriv", "mount", "umount", "flock", "script"];

/** The distribution's packages of the same programs, for a machine whose pip can't reach an index. */
const debianPackages = [
  "python3-moto",
  "python3-flask-cors",
  "python3-boto3",
  "awscli",
  "dumb-init",
  "shellcheck",
];

const systemPath = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;
/** The second list is in a clone of the repository only. */
const requirements = ["requirements.txt", "checks.txt"]
  .map((name) => join(import.meta.dirname, name))
  .filter((path) => existsSync(path));
const goModule = join(import.meta.dirname, "actionlint");
const stamp = join(virtualEnvironment, "fargate-local.stamp");
/** In the environment of a set-up that no other one runs beside. */
const ALONE = "FARGATE_LOCAL_SET_UP_ALONE";

function main(): void {
  const missing = programs.filter((name) => !onPath(name));
  if (missing.length > 0) {
    fail(
      `The local Fargate needs ${missing.join(", ")}, not found on PATH.`,
      "Install python3 (3.9 or newer), util-linux and, on Debian, bsdutils.",
    );
  }
  const parts = [...requirements, join(goModule, "go.sum")].filter((file) => existsSync(file));
  const hash = createHash("sha256");
  for (const file of parts) hash.update(readFileSync(file));
  const wanted = hash.digest("hex");
  if (existsSync(stamp) && readFileSync(stamp, "utf8").trim() === wanted) return;
  if (process.env[ALONE] === undefined) runAlone();
  else install(wanted);
}

/** Runs this program under a lock, in which it looks for the stamp again. */
function runAlone(): void {
  mkdirSync(dirname(virtualEnvironment), { recursive: true });
  const program = [process.execPath, import.meta.filename];
  const { error, status } = spawnSync("flock", [`${virtualEnvironment}.lock`, ...program], {
    env: { ...process.env, PATH: systemPath, [ALONE]: "true" },
    stdio: "inherit",
  });
  if (error) throw error;
  process.exitCode = status ?? 1;
}

/** Makes the virtual environment anew, with this text as its stamp. */
function install(wanted: string): void {
  const began = performance.now();
  if (existsSync(virtualEnvironment) && !existsSync(join(virtualEnvironment, "pyvenv.cfg")))
    fail(`${virtualEnvironment} is no virtual environment of Python's.`, "Remove it, if nothing needs it.");
  console.log(
    `Installing moto and other Python packages into ${virtualEnvironment}, once: it takes a minute …`,
  );
  rmSync(virtualEnvironment, { recursive: true, force: true });
  const why = installWithPip();
  if (why !== undefined) {
    console.log(`pip could not: ${why}\nFalling back to the distribution's packages.`);
    installWithApt(why);
  }
  buildActionlint();
  writeFileSync(stamp, `${wanted}\n`);
  console.log(`Installed in ${Math.round((performance.now() - began) / 1000)} s.`);
}

/** Undefined on success, else why it failed. */
function installWithPip(): string | undefined {
  const python = join(virtualEnvironment, "bin/python3");
  const lists = requirements.flatMap((path) => ["-r", path]);
  return (
    run("python3", ["-m", "venv", virtualEnvironment]) ??
    run(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...lists])
  );
}

function installWithApt(pipSaid: string): void {
  rmSync(virtualEnvironment, { recursive: true, force: true });
  const why =
    run("apt-get", ["install", "--yes", "--quiet", "--no-install-recommends", ...debianPackages]) ??
    // Debian packages pip apart from venv, and the distribution's packages don't need it.
    run("/usr/bin/python3", ["-m", "venv", "--without-pip", "--system-site-packages", virtualEnvironment]) ??
    run(join(virtualEnvironment, "bin/python3"), ["-c", "import boto3, moto.server"]);
  if (why !== undefined) {
    fail(
      "Neither pip nor apt could install moto, the AWS emulator.",
      `pip said: ${pipSaid}\napt said: ${why}\nSee local/requirements.in for what is needed.`,
    );
  }
  for (const name of ["aws", "dumb-init", "shellcheck"]) {
    const target = join(virtualEnvironment, "bin", name);
    if (existsSync(`/usr/bin/${name}`) && !existsSync(target)) symlinkSync(`/usr/bin/${name}`, target);
  }
}

/** Only the checks of workflows need it, and say so when it is not there. */
function buildActionlint(): void {
  // The npm package has no workflows to check.
  if (!existsSync(goModule)) return;
  const program = join(virtualEnvironment, "bin/actionlint");
  const why = run("go", [
    "build",
    "-C",
    goModule,
    "-trimpath",
    "-o",
    program,
    `${ACTIONLINT}/cmd/actionlint`,
  ]);
  if (why !== undefined) console.log(`Go could not build actionlint: ${why}`);
}

/** Undefined when the program succeeded, else the last lines that it printed. */
function run(program: string, args: readonly string[]): string | undefined {
  const done = spawnSync(program, args, { encoding: "utf8", cwd: import.meta.dirname });
  if (done.error) return done.error.message;
  if (done.status === 0) return undefined;
  return `${done.stdout}${done.stderr}`.trim().split("\n").slice(-5).join("\n");
}

function onPath(name: string): boolean {
  return systemPath.split(":").some((directory) => existsSync(join(directory, name)));
}

function fail(what: string, advice: string): never {
  console.error(`${what}\n${advice}`);
  process.exit(1);
}

main();
