/**
 * Makes `.venv` at the root of the repository, with the programs that the local Fargate and the checks need. The npm package names
 * another directory, which gets only those of the local Fargate. A second run finds the stamp and does nothing; a run at the same
 * time waits for the first. The npm scripts run this before the tests, the demo and `npm run local`.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { virtualEnvironment } from "./python.ts";

const ACTIONLINT = "github.com/rhysd/actionlint";

/** The programs that isolate a container's processes and serve its agent: python3, and programs of util-linux. */
const programs = ["python3", "unshare", "nsenter", "setpriv", "mount", "umount", "flock", "script"];

/** Debian's packages that replace the Python packages on a machine whose pip can't reach an index. */
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
/** The variable of a set-up that holds the lock. */
const ALONE = "FARGATE_LOCAL_SET_UP_ALONE";

function main(): void {
  const missing = programs.filter((name) => !isOnPath(name));
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

/** Runs this program again under a lock. It looks for the stamp again, since another set-up may have finished meanwhile. */
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

/** Removes the virtual environment and makes it again, with this text as its stamp. */
function install(wanted: string): void {
  const began = performance.now();
  if (existsSync(virtualEnvironment) && !existsSync(join(virtualEnvironment, "pyvenv.cfg")))
    fail(`${virtualEnvironment} is not a virtual environment of Python.`, "Remove it, if nothing needs it.");
  console.log(
    `Installing moto and other Python packages into ${virtualEnvironment}. This is done once and takes a minute …`,
  );
  rmSync(virtualEnvironment, { recursive: true, force: true });
  const why = installWithPip();
  if (why !== undefined) {
    console.log(`pip failed: ${why}\nFalling back to the distribution's packages.`);
    installWithApt(why);
  }
  buildActionlint();
  writeFileSync(stamp, `${wanted}\n`);
  console.log(`Installed in ${Math.round((performance.now() - began) / 1000)} s.`);
}

/** Returns undefined on success, else why it failed. */
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
    // Without pip: Debian has it in a package of its own, and the distribution's packages don't need it.
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

/** Builds actionlint, if Go is installed. Only the checks of workflows need it, and they say so when it is missing. */
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

function isOnPath(name: string): boolean {
  return systemPath.split(":").some((directory) => existsSync(join(directory, name)));
}

function fail(what: string, advice: string): never {
  console.error(`${what}\n${advice}`);
  process.exit(1);
}

main();
