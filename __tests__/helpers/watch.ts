import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { systemPath } from "../../local/images/image.ts";
import type { JobStatus } from "../../src/carriers/stream/status.ts";
import { bootstrapCommand, type BootstrapOptions, type Delivery } from "../../src/payload/bootstrap.ts";
import { CANCEL, here, TAKEN, typedPayload, typedSecrets, typedStart } from "../../src/payload/input.ts";
import { type JobOptions, jobText } from "../../src/payload/job-text.ts";
import { typedDelivery } from "../../src/payload/typed-delivery.ts";
import { cutsOf, makePayload, type Payload } from "../../src/payload/payload.ts";
import { PARENT_DIRECTORIES } from "../../src/payload/container-source.ts";
import type { PackedFiles } from "../../src/payload/files/pack-files.ts";
import { extractAll, SeenJob, type SeenItem } from "./extracted.ts";
import { PYTHON } from "./tools.ts";
import { inTime, LONG_PATIENCE_MS, until } from "./until.ts";

const TERMINAL = fileURLToPath(new URL("./terminal.py", import.meta.url));
const SESSION: Delivery = { kind: "session" };

/** Changes the input of a terminal. */
export type Typing = (what: "start" | "delivery" | "payload" | "secrets", bytes: Buffer) => Buffer;
const NEWLINE = Buffer.from("\n");
const asItIs: Typing = (_, bytes) => bytes;

/** A container in which the terminal's command runs, instead of this machine itself. */
export interface EnterableContainer {
  /** The command that enters it. */
  readonly enter: readonly string[];
  /** Its root directory on this machine. */
  readonly root: string;
}

export interface WatchOptions extends Partial<Omit<JobOptions, "files" | "items">> {
  /** The list for whose items the script runs. */
  readonly items?: readonly string[];
  /** Files that are placed before the script starts. */
  readonly files?: PackedFiles;
  readonly within?: EnterableContainer;
  /** The working directory of the container's command. */
  readonly cwd?: string;
  /** What stands for the standard output of the container's PID 1. */
  readonly log?: string;
  /** The shell that stands for the container's /bin/sh. */
  readonly sh?: string;
  readonly script: string | Buffer;
  readonly secrets?: Record<string, string>;
  /** The script's standard input. */
  readonly input?: Buffer;
  /** Called with each extracted event; may cancel the job. */
  readonly onEvent?: (event: SeenItem, cancel: () => void) => void;
  readonly packAbove?: number;
  /** The most bytes of the spool that are sent at once. */
  readonly part?: number;
  /** False: the test does not confirm to the container what it has read. */
  readonly confirm?: boolean;
  /** How many seconds a session waits for its first line; 40 unless given. */
  readonly patience?: number;
  /** The watch begins late, as on a busy machine. */
  readonly lateWatch?: boolean;
  /** False: the test does not take the status. `by S3`: it says so as the word in `control` does, and not in the session. */
  readonly take?: boolean | "by S3";
  /** Variables of the container, added to a bare environment. */
  readonly containerEnv?: Record<string, string>;
  /** How many bytes may wait in the spool; without it half of what this machine's disk has free. */
  readonly spoolLimit?: number;
  /** Over the session unless given. */
  readonly delivery?: Delivery;
  /** A URL of the staged payload, for containers that have no boto3. */
  readonly address?: string;
}

export interface WatchedRun {
  readonly runId: string;
  /** The terminal's whole output. */
  readonly terminal: Buffer;
  readonly events: SeenItem[];
  readonly status: JobStatus | undefined;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** The line that sets how much may wait in the spool, for a smaller disk than that of this machine. */
const limited = (line: string, bytes: number | undefined): string =>
  bytes === undefined
    ? line
    : `${line}; fx_limit=${bytes} fx_segment=${Math.min(8 << 20, Math.floor(bytes / 16))}`;

/** Runs a payload on this machine in a real terminal, which also delivers it, and follows it to its end. */
export async function watch(options: WatchOptions): Promise<WatchedRun> {
  const job = new WatchedJob(options);
  const terminal = job.attach();
  await terminal.closed;
  return {
    runId: job.runId,
    terminal: terminal.shown,
    events: job.events,
    status: job.status,
    stdout: job.output("stdout"),
    stderr: job.output("stderr"),
  };
}

/** One job, followed through any number of terminals, of which the last one counts. */
export class WatchedJob {
  readonly runId = randomBytes(6).toString("hex");
  readonly events: SeenItem[] = [];
  extractor: SeenJob;
  readonly payload: Payload;
  readonly options: WatchOptions;
  readonly nonce = randomBytes(16).toString("hex");
  #last: WatchedTerminal | undefined;

  constructor(options: WatchOptions) {
    this.options = options;
    this.extractor = new SeenJob(this.nonce, options.workers ?? 1, { hasLock: options.hasFence === true });
    const { items } = options;
    const parts = {
      script: Buffer.from(options.script),
      input: options.input,
      items: items && Buffer.from(items.map((item) => `${item}\n`).join("")),
      files: options.files?.bytes,
    };
    this.payload = makePayload(
      jobText({
        runId: this.runId,
        workers: 1,
        timeoutSeconds: 60,
        hasFence: false,
        // This machine stands for the container of every test.
        waitSeconds: 0,
        ...{ pieces: false, logToContainer: false, detaches: false, isHeldForJob: false },
        cuts: cutsOf(parts),
        shell: "sh -e {0}",
        args: [],
        workingDirectory: undefined,
        mergesStderr: false,
        user: undefined,
        env: {},
        ownEnv: { FARGATE_EXEC_RUN: this.runId },
        clusterName: "demo",
        taskArn: "arn:aws:ecs:eu-west-1:123456789012:task/demo/0123456789abcdef0123456789abcdef",
        container: "app",
        runUrl: undefined,
        ...options,
        items: items && { count: items.length, pace: 1 },
      })
        .replace("fx_echo=/proc/1/fd/1", (all) =>
          options.log === undefined ? all : `fx_echo=${options.log}`,
        )
        .replace(/^ *fx_limit_spool$/m, (all) => limited(all, options.spoolLimit)),
      parts,
    );
  }

  /**
   * A new terminal that goes on at this byte of the spool, by default where the last one was. `typing` changes what is typed
   * into it.
   */
  attach(at: number = this.extractor.offset, typing: Typing = asItIs): WatchedTerminal {
    const { payload, options } = this;
    const { delivery = SESSION } = options;
    return this.#open({ at, start: { payload, delivery } }, typing);
  }

  /** A new terminal of a step that has no payload, because another step has started the job, and has left it at this byte. */
  attachOnly(at = 0): WatchedTerminal {
    this.extractor = new SeenJob(this.nonce, this.options.workers ?? 1, { from: at });
    return this.#open({ at, start: undefined }, asItIs);
  }

  #open(from: Pick<BootstrapOptions, "at" | "start">, typing: Typing): WatchedTerminal {
    if (this.#last !== undefined) this.extractor.restart();
    this.#last = new WatchedTerminal(this, from, typing);
    return this.#last;
  }

  /** The events of the last terminal. */
  take(from: WatchedTerminal, bytes: Buffer): SeenItem[] {
    if (from !== this.#last) return [];
    const events = extractAll(this.extractor, bytes);
    this.events.push(...events);
    return events;
  }

  get status(): JobStatus | undefined {
    return this.events.flatMap((event) => (event.kind === "status" ? [event.status] : [])).at(-1);
  }

  output(stream: "stdout" | "stderr"): Buffer {
    return Buffer.concat(
      this.events.flatMap((e) =>
        e.kind === "text" && e.stream === stream ? (e.ends ? [e.bytes, NEWLINE] : [e.bytes]) : [],
      ),
    );
  }

  /** The job directory, if there is one. */
  get directory(): string | undefined {
    const root = this.options.within?.root ?? "";
    return PARENT_DIRECTORIES.map((place) => `${root}${place}/fargate-exec-${this.runId}`).find((path) =>
      existsSync(path),
    );
  }

  /** Resolves when the job directory holds such a file. */
  async has(file: string): Promise<void> {
    await until(() => existsSync(`${this.directory ?? ""}/${file}`));
  }

  /** The processes of this run. */
  get processes(): number[] {
    return processesOf(this.runId);
  }

  /** Removes what a test has left: processes and files of this run only. */
  remove(): void {
    for (const pid of this.processes) if (pid !== process.pid) tryKill(pid);
    if (this.directory !== undefined) rmSync(this.directory, { recursive: true, force: true });
  }
}

/** A terminal with the bootstrap in it. It types the action's input. */
export class WatchedTerminal {
  readonly #child: ChildProcess;
  readonly #job: WatchedJob;
  readonly #typing: Typing;
  readonly #shown: Buffer[] = [];
  readonly events: SeenItem[] = [];
  readonly #closed: Promise<void>;
  isClosed = false;

  constructor(job: WatchedJob, from: Pick<BootstrapOptions, "at" | "start">, typing: Typing) {
    const { options, runId } = job;
    this.#job = job;
    this.#typing = typing;
    const { patience, lateWatch = false } = options;
    const command = bootstrapCommand({ runId, ...from })
      .replace(/(?<= fx_due=)\d+/, (usual) => String(patience ?? usual))
      .replace(/(?<=^\{\n)(?=cd "\$fx_dir"\|\|cd \/proc)/m, lateWatch ? "sleep 0.5; " : "");
    // The shell splits the command as the agent would, then becomes the shell under test.
    const unwrap = `eval "set -- \${1#/bin/sh -c }"; exec ${options.sh ?? "sh"} -c "$1"`;
    const words = [...(options.within?.enter ?? []), "/bin/sh", "-c", unwrap, "sh", command];
    this.#child = spawn(PYTHON, ["-I", "-S", TERMINAL, ...words], {
      ...(options.cwd !== undefined && { cwd: options.cwd }),
      stdio: ["pipe", "pipe", "inherit"],
      env: { PATH: systemPath, HOME: "/root", ...options.containerEnv },
    });
    this.#child.stdout?.on("data", (bytes: Buffer) => this.#read(bytes));
    // A write to a terminal that has just ended fails, and its end is reported elsewhere.
    this.#child.stdin?.on("error", () => undefined);
    this.#closed = new Promise((resolve) =>
      this.#child.on("close", () => {
        this.isClosed = true;
        resolve();
      }),
    );
  }

  /** Resolves when the terminal is gone: no process has it open any more. */
  get closed(): Promise<void> {
    const seen = (): string => this.shown.subarray(-1_000).toString();
    return inTime("the end of the terminal", this.#closed, { patience: LONG_PATIENCE_MS, seen });
  }

  get shown(): Buffer {
    return Buffer.concat(this.#shown);
  }

  type(bytes: Uint8Array): void {
    this.#child.stdin?.write(bytes);
  }

  /** Resolves when the container has said this. */
  async says(kind: SeenItem["kind"]): Promise<void> {
    await until(() => this.events.some((event) => event.kind === kind));
  }

  /** Resolves when this many bytes were shown, or the terminal is gone. */
  async shows(bytes: number): Promise<void> {
    await until(() => this.isClosed || this.#shown.reduce((sum, { length }) => sum + length, 0) >= bytes);
  }

  /** Cuts it: the other end of the terminal is suddenly gone. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.closed;
  }

  #read(bytes: Buffer): void {
    this.#shown.push(bytes);
    const { options, nonce, payload } = this.#job;
    for (const event of this.#job.take(this, bytes)) {
      this.events.push(event);
      const { address, delivery = SESSION, packAbove, part = 1 << 20, secrets = {} } = options;
      if (event.kind === "ready") {
        const opening = { nonce, part, packAbove };
        if (event.missing) {
          const typed = typedDelivery(opening, { payload, delivery, address }, event.missing.why, secrets);
          this.type(this.#typing("delivery", typed));
        } else this.type(this.#typing("start", typedStart(opening, secrets)));
      }
      if (event.kind === "secrets-wanted") this.type(this.#typing("secrets", typedSecrets(secrets)));
      if (/^(attached|confirmed)$/.test(event.kind) && options.confirm !== false)
        this.type(here(this.#job.extractor.confirmed));
      if (event.kind === "payload-wanted") this.type(this.#typing("payload", typedPayload(payload)));
      if (event.kind === "status") {
        if (options.take === "by S3") writeFileSync(`${this.#job.directory ?? ""}/taken`, "\n");
        else if (options.take !== false) this.type(TAKEN);
        else this.#child.kill();
      }
      options.onEvent?.(event, () => this.type(CANCEL));
    }
  }
}

/** The ids of all processes whose command, or environment, holds these words. */
export function processesOf(words: string, where: "cmdline" | "environ" = "cmdline"): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => readFile(`/proc/${pid}/${where}`).includes(words))
    .map(Number);
}

function readFile(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // gone meanwhile
  }
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // gone meanwhile
  }
}
