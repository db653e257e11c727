import { execFileSync, spawn, type ChildProcess, type ChildProcessByStdio } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import type { Readable, Writable } from "node:stream";
import type { Aws, Inputs } from "./local.ts";
import { inTime, LONG_PATIENCE_MS } from "./until.ts";

const root = resolve(import.meta.dirname, "../..");

/** The npm package, built, packed, and installed from its tarball into a folder that has nothing else. */
export interface InstalledPackage {
  readonly folder: string;
  /** The program that npm has put there. */
  readonly program: string;
  remove(): void;
}

/** All that is published, or without the types and the local Fargate. */
export type PackageParts = "whole" | "bundle only";

/** What the package is made of; `local` is only in the whole one. */
const SOURCES = ["src", "scripts", "docs/cli.md", "LICENSE", "package.json", "package-lock.json"];
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
function buildPackage(parts: PackageParts): string {
  const hash = createHash("sha256");
  const sources = [...SOURCES, ...CONFIGURATIONS, ...(parts === "whole" ? ["local"] : [])];
  for (const path of sources.flatMap(filesAt))
    hash.update(`${path}\n`).update(readFileSync(join(root, path)));
  const directory = join(root, ".cache/npm-package", parts.replace(" ", "-"));
  const kept = join(directory, hash.digest("hex"));
  if (existsSync(kept)) return kept;
  rmSync(directory, { recursive: true, force: true });
  const making = join(directory, `making-${process.pid}`);
  const options = parts === "bundle only" ? ["--bundle-only"] : [];
  execFileSync(process.execPath, ["scripts/package.ts", ...options, making], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
  });
  renameSync(making, kept);
  return kept;
}

/** Installs without a network: the package needs no other package. */
export function installPackage(parts: PackageParts): InstalledPackage {
  const base = mkdtempSync(join(tmpdir(), "package-"));
  const [built, folder] = [buildPackage(parts), join(base, "folder")];
  const npm = (...words: string[]): string => execFileSync("npm", words, { cwd: base, encoding: "utf8" });
  const [tarball = ""] = npm("pack", "--silent", built).trim().split("\n");
  npm("install", "--silent", "--offline", "--no-audit", "--no-fund", "--prefix", folder, `./${tarball}`);
  return {
    folder,
    program: join(folder, "node_modules/.bin/fargate-exec"),
    remove: () => rmSync(base, { recursive: true }),
  };
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
