import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { runnerEnvironment } from "../../local/runner/environment.ts";
import { parseFileCommands } from "../../local/runner/files.ts";
import { mergeInputs, readManifest } from "../../local/runner/manifest.ts";
import type { Aws, Inputs } from "./local.ts";
import { memoryOf } from "./memory.ts";
import { inTime, LONG_PATIENCE_MS } from "./until.ts";

const actionDir = resolve(import.meta.dirname, "../..");
const SAMPLED_EVERY_MS = 50;

export interface MainOptions {
  readonly onMemory?: (mebibytes: number) => void;
  readonly withPost?: boolean;
}

export interface MainRun {
  readonly exitCode: number | null;
  /** That of the post part, when it was to run. */
  readonly postExitCode?: number | null;
  readonly outputs: Readonly<Record<string, string>>;
  /** The process's peak memory in MiB. */
  readonly mostMemory: number;
  /** What it wrote to standard error. */
  readonly errors: string;
}

/**
 * Runs the action's main part alone, with its output as bytes: a runner would decode it as text. `leave` closes the pipe, as
 * a runner does that is killed. With `withPost` the post part runs after it, and its memory and errors count, too.
 */
export async function runMain(
  aws: Aws,
  inputs: Inputs,
  onBytes: (bytes: Buffer, leave: () => void) => void,
  { onMemory = () => undefined, withPost = false }: MainOptions = {},
): Promise<MainRun> {
  const root = mkdtempSync(join(tmpdir(), "runner-"));
  const given = mergeInputs(await readManifest(actionDir), inputs).inputs;
  const place = { temp: root, home: root, workspace: root, eventPath: join(root, "event.json"), actionDir };
  const files = Object.fromEntries(
    ["OUTPUT", "STATE", "STEP_SUMMARY"].map((name) => [`GITHUB_${name}`, join(root, name)]),
  );
  for (const path of Object.values(files)) writeFileSync(path, "");
  const env = {
    ...runnerEnvironment(place),
    ...aws.world.local.env,
    ...aws.keysFor(inputs),
    ...Object.fromEntries([...given].map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])),
    ...files,
  };
  const valuesOf = (name: string): Record<string, string> =>
    Object.fromEntries(parseFileCommands(readFileSync(join(root, name), "utf8")));
  try {
    const main = await runPart("index.js", env, onBytes, onMemory);
    const outputs = valuesOf("OUTPUT");
    if (!withPost) return { ...main, outputs };
    const state = Object.entries(valuesOf("STATE")).map(([name, value]) => [`STATE_${name}`, value] as const);
    const post = await runPart("post.js", { ...env, ...Object.fromEntries(state) }, onBytes, onMemory);
    return {
      ...{ exitCode: main.exitCode, postExitCode: post.exitCode, outputs },
      mostMemory: Math.max(main.mostMemory, post.mostMemory),
      errors: main.errors + post.errors,
    };
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** Runs a part of the action, a file of `dist/`, as a process. */
async function runPart(
  file: string,
  env: Readonly<Record<string, string | undefined>>,
  onBytes: (bytes: Buffer, leave: () => void) => void,
  onMemory: (mebibytes: number) => void,
): Promise<Omit<MainRun, "outputs">> {
  const child = spawn(process.execPath, [join(actionDir, "dist", file)], {
    ...{ stdio: ["ignore", "pipe", "pipe"], env },
  });
  let mostMemory = 0;
  const sampling = setInterval(() => {
    const memory = memoryOf(child.pid ?? 0);
    if (memory === undefined) return;
    mostMemory = Math.max(mostMemory, memory.most);
    onMemory(memory.now);
  }, SAMPLED_EVERY_MS);
  try {
    child.stdout.on("data", (bytes: Buffer) => onBytes(bytes, () => child.stdout.destroy()));
    let errors = "";
    child.stderr.on("data", (bytes: Buffer) => (errors += bytes.toString()));
    const [exitCode] = await inTime(`the end of ${file}`, once(child, "close") as Promise<[number | null]>, {
      patience: LONG_PATIENCE_MS,
      seen: () => errors,
    });
    return { exitCode, mostMemory, errors };
  } finally {
    clearInterval(sampling);
  }
}
