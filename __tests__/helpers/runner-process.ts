import { Writable } from "node:stream";
import type { World } from "../../src/aws/world.ts";
import type { RunnerProcess } from "../../src/github/process.ts";
import { realWorld } from "../../src/step/world.ts";

/** A runner's process that is none: its files, its output and its signals are in memory. */
export class MemoryProcess implements RunnerProcess {
  readonly world: World;
  readonly directory = "/nowhere";
  readonly began = 1_700_000_000_000;
  readonly files = new Map<string, string>();
  readonly exits: number[] = [];
  exitCode = 0;
  readonly stdout: Writable;
  #shown = "";
  readonly #acts: ((signal: "SIGINT" | "SIGTERM") => void)[] = [];

  /** The files of the runner that `env` names are there, and empty. */
  constructor(env: NodeJS.ProcessEnv, world: Partial<World> = {}) {
    this.world = { ...realWorld, ...world, env };
    for (const name of ["GITHUB_STATE", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"] as const)
      if (env[name] !== undefined) this.files.set(env[name], "");
    this.stdout = new Writable({
      write: (bytes: Buffer, _, done) => {
        this.#shown += bytes.toString();
        done();
      },
    });
  }

  get lines(): readonly string[] {
    return this.#shown.trimEnd().split("\n");
  }

  onSignal = (act: (signal: "SIGINT" | "SIGTERM") => void): void => void this.#acts.push(act);

  signal(name: "SIGINT" | "SIGTERM"): void {
    for (const act of this.#acts) act(name);
  }

  exit = (code: number): void => void this.exits.push(code);

  setExitCode = (code: number): void => void (this.exitCode = code);

  appendFile = (path: string, text: string): void => {
    const before = this.files.get(path);
    if (before === undefined) throw new Error(`no such file: ${path}`);
    this.files.set(path, before + text);
  };

  context = () => ({
    ...{ repo: { owner: "example", repo: "demo" }, runId: 42, runAttempt: 1 },
    serverUrl: "https://github.com",
  });

  getJson = () => Promise.resolve({ status: 200, body: '{"value":"a.b.c"}' });

  /** The values in a file that the runner reads. */
  values(path: string): Readonly<Record<string, string>> {
    const entries = [...(this.files.get(path) ?? "").matchAll(/^(\S+)<<(\S+)\n(.*?)\n\2$/gms)];
    return Object.fromEntries(entries.map(([, name = "", , value = ""]) => [name, value]));
  }
}
