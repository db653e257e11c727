import { execFileSync, spawn, type ChildProcess, type ChildProcessByStdio } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import type { Readable, Writable } from "node:stream";
import type { Aws, Inputs } from "./local.ts";
import { inTime, LONG_PATIENCE_MS } from "./until.ts";

const root = resolve(import.meta.dirname, "../..");

/** The npm package in a folder that has nothing else. */
export interface InstalledPackage {
  readonly folder: string;
  /** The program that npm has put there. */
  readonly program: string;
  remove(): void;
}

/** What is published, built, packed and installed from its tarball, or doors to the sources in the same places. */
export type PackageParts = "whole" | "doors";

/** What the package is made of. */
const SOURCES = ["src", "local", "scripts", "docs/cli.md", "LICENSE", "package.json", "package-lock.json"];
const CONFIGURATIONS = ["tsconfig.json", "tsconfig.build.json", "tsconfig.package.json"];

/** The files of the repository at a path, or below it. */
function filesAt(path: string): readonly string[] {
  if (!statSync(join(root, path)).isDirectory()) return [path];
  return readdirSync(join(root, path), { recursive: true, withFileTypes: true })
    .filter((found) => found.isFile() && !found.parentPath.includes("__pycache__"))
    .map((found) => relative(root, join(found.parentPath, found.name)))
    .sort();
}

/** The built package. Its build takes up to 40 s of processor time, so `.cache` keeps it until something that it is made of changes. */
function buildPackage(): string {
  const hash = createHash("sha256");
  for (const path of [...SOURCES, ...CONFIGURATIONS].flatMap(filesAt))
    hash.update(`${path}\n`).update(readFileSync(join(root, path)));
  const directory = join(root, ".cache/npm-package");
  const kept = join(directory, hash.digest("hex"));
  if (existsSync(kept)) return kept;
  rmSync(directory, { recursive: true, force: true });
  const making = join(directory, `making-${process.pid}`);
  execFileSync(process.execPath, ["scripts/package.ts", making], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
  });
  renameSync(making, kept);
  return kept;
}

/** Installs without a network: the package needs no other package. */
function installTarball(base: string, folder: string): void {
  const npm = (...words: string[]): string => execFileSync("npm", words, { cwd: base, encoding: "utf8" });
  const [tarball = ""] = npm("pack", "--silent", buildPackage()).trim().split("\n");
  npm("install", "--silent", "--offline", "--no-audit", "--no-fund", "--prefix", folder, `./${tarball}`);
}

function installDoors(folder: string, program: string): void {
  const installed = join(folder, "node_modules/fargate-exec");
  for (const directory of [installed, dirname(program)]) mkdirSync(directory, { recursive: true });
  const door = (name: string): string => join(root, "src/doors", name);
  symlinkSync(door("module.ts"), join(installed, "module.ts"));
  const manifest = { name: "fargate-exec", version: "0.0.0", type: "module", exports: "./module.ts" };
  writeFileSync(join(installed, "package.json"), JSON.stringify(manifest));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ dependencies: { "fargate-exec": "0.0.0" } }));
  // Node takes half a second to strip the types anew.
  const cache = `NODE_COMPILE_CACHE='${join(root, ".cache/compiled")}'`;
  writeFileSync(program, `#!/bin/sh\n${cache} exec '${process.execPath}' '${door("bin.ts")}' "$@"\n`, {
    mode: 0o755,
  });
}

/** `npm run soak tables` and `npm run soak cli` have the whole package. */
export function installPackage(parts: PackageParts): InstalledPackage {
  const base = mkdtempSync(join(tmpdir(), "package-"));
  const folder = join(base, "folder");
  const program = join(folder, "node_modules/.bin/fargate-exec");
  if (parts === "whole") installTarball(base, folder);
  else installDoors(folder, program);
  return { folder, program, remove: () => rmSync(base, { recursive: true }) };
}

export interface CliRequest {
  /** `run` unless given. The inputs become options of `run`, `cp`, `forward`, and `shell` without a handle. */
  readonly command?: "run" | "attach" | "logs" | "cp" | "forward" | "shell";
  /** The options as inputs; the cluster is the seed's unless given. What the user of the step may do follows from them. */
  readonly inputs: Inputs;
  /** What follows the options. */
  readonly words?: readonly string[];
  /** What runs the command line; the installed program unless given. */
  readonly program?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** Standard input stays open, for what `onOutput` types. */
  readonly keepsStdin?: boolean;
  readonly onOutput?: (soFar: CliOutput, child: ChildProcess) => void;
}

export interface CliOutput {
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface CliEnd extends CliOutput {
  readonly exitCode: number | null;
}

/** Runs `fargate-exec` as a user with exactly the rights that these inputs need, and no variable of this process. */
export async function runCli(aws: Aws, installed: InstalledPackage, request: CliRequest): Promise<CliEnd> {
  const { words = [], program = [installed.program], env = {}, stdin = "", onOutput } = request;
  const { command = "run" } = request;
  const inputs = { cluster: aws.world.made.cluster, ...request.inputs };
  const byHandle = command === "attach" || command === "logs" || words.includes("--job");
  const given = byHandle ? [] : Object.entries(inputs);
  const options = given.map(([name, value]) => `--${name}=${value}`);
  const [file = "", ...first] = program;
  const child = spawn(file, [...first, command, ...options, ...words], {
    cwd: installed.folder,
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: installed.folder,
      ...aws.world.local.env,
      ...aws.keysFor(inputs),
      ...env,
    },
  });
  const end = runToEnd(child, (soFar) => onOutput?.(soFar, child));
  // A program that takes its standard input from elsewhere leaves this pipe without a reader.
  child.stdin.on("error", () => undefined);
  if (request.keepsStdin === true) child.stdin.write(stdin);
  else child.stdin.end(stdin);
  checkWords((await end).stderr);
  return await end;
}

/** The command line has no workflow, so none of its own lines may speak of one. */
function checkWords(stderr: string): void {
  const own = stderr.split("\n").filter((line) => line.startsWith("fargate-exec: "));
  const wrong = own.filter((line) => /workflow(?!-commands)|action\.yml|configure-aws/.test(line));
  if (wrong.length > 0) throw new Error(`The command line speaks of workflows: ${wrong.join("\n")}`);
}

/** What a process prints, and its exit code. */
export async function runToEnd(
  child: ChildProcessByStdio<Writable | null, Readable, Readable>,
  onOutput: (soFar: CliOutput) => void = () => undefined,
): Promise<CliEnd> {
  let output: CliOutput = { stdout: Buffer.alloc(0), stderr: "" };
  const onChange = (more: Partial<CliOutput>): void => {
    output = { ...output, ...more };
    onOutput(output);
  };
  child.stdout.on("data", (bytes: Buffer) => onChange({ stdout: Buffer.concat([output.stdout, bytes]) }));
  child.stderr.on("data", (bytes: Buffer) => onChange({ stderr: output.stderr + bytes.toString() }));
  const [exitCode] = await inTime(
    "the end of the program",
    once(child, "close") as Promise<[number | null]>,
    {
      patience: LONG_PATIENCE_MS,
      seen: () => output.stderr,
    },
  );
  return { ...output, exitCode };
}

/** Runs a module in the folder of the package. */
export async function runModule(
  { folder }: InstalledPackage,
  source: string,
  env: Readonly<Record<string, string>>,
): Promise<CliEnd> {
  const path = join(folder, "program.mjs");
  writeFileSync(path, source);
  // Not `spawnSync`: the local Fargate is in this process.
  const child = spawn(process.execPath, [path], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  return await runToEnd(child);
}
