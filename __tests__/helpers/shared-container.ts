import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { init } from "../../local/python.ts";
import { isolate } from "../../local/task/isolate.ts";
import { findProgram } from "./tools.ts";
import { inTime, until } from "./until.ts";
import { WatchedJob, type EnterableContainer } from "./watch.ts";

const ATTACKER = readFileSync(fileURLToPath(new URL("./attacker.py", import.meta.url)), "utf8");
const PYTHON = "/usr/bin/python3";
/** The application's user. */
const OTHER = 1000;
const AS_OTHER = ["setpriv", `--reuid=${OTHER}`, `--regid=${OTHER}`, "--clear-groups", "--"];

/** A container of this machine's programs, with a chosen shell as /bin/sh and another user's process in it. */
export class SharedContainer implements EnterableContainer {
  readonly enter: readonly string[];
  readonly root: string;
  readonly #pid: number;
  readonly #exited: Promise<number>;
  #ended = false;
  #attacker: ChildProcess | undefined;

  private constructor(pid: number, exited: Promise<number>) {
    this.#pid = pid;
    this.#exited = exited;
    void exited.then(() => (this.#ended = true));
    this.root = `/proc/${pid}/root`;
    const namespaces = ["--mount", "--pid", "--ipc", "--uts"];
    this.enter = [findProgram("nsenter"), "--target", String(pid), ...namespaces, "--root", "--wdns=/", "--"];
  }

  /**
   * Every user may write to the `open` directories, which are sticky. With `env` PID 1 belongs to the other user, and
   * has these variables. With `reaping` PID 1 is an init instead.
   */
  static async start(
    sh: string,
    open: readonly string[] = [],
    env?: Readonly<Record<string, string>>,
    { reaping = false }: { readonly reaping?: boolean } = {},
  ): Promise<SharedContainer> {
    const [shell = ""] = sh.split(" ");
    const program = execFileSync("which", [shell]).toString().trim();
    const opened = open.map((directory) => `chmod 1777 ${directory}; `).join("");
    const setUp = `ln -sf ${program} /usr/bin/sh; ln -sf ${program} /bin/sh; ${opened}exec ${env ? AS_OTHER.join(" ") : ""} sleep 3600`;
    const { pid, exited } = await isolate({
      command: ["/bin/dash", "-c", setUp],
      env: { PATH: "/usr/bin:/bin", ...env },
      workdir: "/",
      user: undefined,
      hostname: "shared",
      ip: "127.16.0.9",
      init: reaping ? init : undefined,
    });
    const container = new SharedContainer(pid, exited);
    const command = (): string => (reaping ? container.read("/proc/1/task/1/children").trim() : "1");
    const isSetUp = (): boolean => container.read(`/proc/${command()}/cmdline`).startsWith("sleep");
    await until(isSetUp, () => container.read(`/proc/${command()}/cmdline`));
    return container;
  }

  /** Starts the other user's process. */
  async attack(directories: readonly string[]): Promise<void> {
    const [program = "", ...words] = [
      ...this.enter,
      ...AS_OTHER,
      PYTHON,
      "-I",
      "-S",
      "-c",
      ATTACKER,
      ...directories,
    ];
    this.#attacker = spawn(program, words, { stdio: ["ignore", "pipe", "inherit"] });
    const { stdout } = this.#attacker;
    if (stdout) await inTime("the first word of the other user's process", once(stdout, "data"));
  }

  /** Makes what the other user's process would make, without a race. */
  plant(directory: string): void {
    const path = `${this.root}${directory}`;
    mkdirSync(path, { mode: 0o777 });
    for (const name of ["job", "new", "payload"]) writeFileSync(`${path}/${name}`, "id -u >>/tmp/evidence\n");
    for (const name of ["pid", "0.pid", "maker", "attacher"]) writeFileSync(`${path}/${name}`, "1\n");
    for (const name of readdirSync(path)) chownSync(`${path}/${name}`, OTHER, OTHER);
    chownSync(path, OTHER, OTHER);
  }

  /** An executable file of the other user, in a directory of that user's. */
  give(file: string, content: string): void {
    const path = `${this.root}${file}`;
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content, { mode: 0o755 });
    for (const each of [path, dirname(path)]) chownSync(each, OTHER, OTHER);
  }

  /** Runs a script in it as root, beside the job. */
  run(script: string): void {
    const [program, ...words] = [...this.enter, "/bin/sh", "-ec", script];
    execFileSync(program, words, { env: { PATH: "/usr/bin:/bin" } });
  }

  /** Whether its first process still runs. */
  get isAlive(): boolean {
    return !this.#ended;
  }

  /** The trace that a planted file leaves when it is run. */
  get evidence(): string {
    return this.read("/tmp/evidence");
  }

  /** The number of starts in which the other user's process has planted something. */
  get planted(): number {
    return this.read("/tmp/seen")
      .split("\n")
      .filter((line) => / [1-9]\d*$/.test(line)).length;
  }

  read(path: string): string {
    try {
      return readFileSync(`${this.root}${path}`, "utf8");
    } catch {
      return "";
    }
  }

  exists(path: string): boolean {
    return existsSync(`${this.root}${path}`);
  }

  async stop(): Promise<void> {
    this.#attacker?.kill("SIGKILL");
    if (this.isAlive) process.kill(this.#pid, "SIGKILL");
    await inTime("the end of the container", this.#exited);
  }
}

/** Starts jobs in turn, each with an exit code of its own, and returns what was wrong with any of them. */
export async function startMany(container: SharedContainer, count: number): Promise<string[]> {
  const wrong: string[] = [];
  for (let number = 0; number < count; number += 1) {
    const code = (number * 37 + 1) % 256;
    const job = new WatchedJob({
      within: container,
      sh: "/bin/sh",
      containerEnv: { PATH: "/usr/bin:/bin" },
      script: `echo mine; exit ${code}`,
    });
    await job.attach().closed;
    const status = job.status?.kind === "ended" ? job.status.workers.map(({ exitCode }) => exitCode) : [];
    if (status[0] !== code || job.output("stdout").toString() !== "mine\n")
      wrong.push(`start ${number}: ${JSON.stringify(job.events)}`);
  }
  return wrong;
}
