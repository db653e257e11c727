import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asFailure, Failure } from "../../errors.ts";
import { BACKGROUND, type ForwardOrder, type ForwardState, STATE, STAY } from "./forward-order.ts";
import { type EndError, JournalReader, replay } from "./journal.ts";
import { identityOf } from "./process-identity.ts";
import type { RunnerProcess } from "./process.ts";
import { explainedStep, Runner } from "./runner.ts";
import { cancelOnSignals } from "./signals.ts";

const LOOK_MS = 50;
/**
 * The variables that the process of a forward starts with. Anybody may read them who may signal it, so they hold no secret: it gets all others
 * by a pipe. The first one names the job, whose end the process must not outlive (actions/runner, `JobExtension`). The others
 * are read before any code of ours runs.
 */
const AT_START = [
  "RUNNER_TRACKING_ID",
  ...["NODE_OPTIONS", "NODE_EXTRA_CA_CERTS", "NODE_COMPILE_CACHE", "SSL_CERT_FILE", "SSL_CERT_DIR"],
  ...["LD_LIBRARY_PATH", "SystemRoot"],
];

/**
 * The main step of `forward/`: starts a process that carries the forwards, and ends once a connection has reached each far end. The process
 * stays until the post step, its `timeout`, or the end of the runner. When there is no forward, nothing of it is left.
 */
export async function startForward(process: RunnerProcess, script: string): Promise<void> {
  const runner = new Runner(process);
  try {
    await follow(process, runner, script);
  } catch (error) {
    const { title, text } = errorOf(asFailure(error), process.world.env);
    runner.fail(title, text);
  }
}

/** Shows what the process says, until it has its ports or has ended. */
async function follow(process: RunnerProcess, runner: Runner, script: string): Promise<void> {
  const { screen } = runner;
  const { clock, env } = process.world;
  const { cancel } = cancelOnSignals(process, runner.unread);
  const directory = mkdtempSync(join(env["RUNNER_TEMP"] ?? tmpdir(), "fargate-exec-forward-"));
  const keep = (state: Omit<ForwardState, "directory">): void =>
    runner.keepState(STATE, JSON.stringify({ directory, ...state } satisfies ForwardState));
  keep({ shown: 0 });
  const background = new Background(script, { env, directory });
  const kept = { process: background.identity };
  keep({ ...kept, shown: 0 });
  cancel.addEventListener("abort", () => background.release());
  if (cancel.aborted) background.release();
  screen.open({ workflowCommands: false });
  const journal = new JournalReader(directory);
  for (;;) {
    // What it has written before its end is read after that was seen.
    const { hasEnded } = background;
    for (const record of journal.read()) {
      if (record.kind === "log") replay(record, screen);
      if (record.kind === "end") {
        await background.ended;
        keep({ shown: journal.at });
        if (record.error === undefined) throw background.lost();
        runner.fail(record.error.title, record.error.text);
        return;
      }
      if (record.kind !== "ready" || cancel.aborted) continue;
      await background.stay();
      const [port] = record.ports;
      runner.setOutputs({ port: String(port), ports: JSON.stringify(record.ports) });
      keep({ ...kept, shown: journal.at });
      screen.phase();
      screen.close();
      return;
    }
    if (hasEnded) {
      keep({ shown: journal.at });
      throw background.lost();
    }
    await clock.sleep(LOOK_MS);
  }
}

function errorOf(failure: Failure, env: NodeJS.ProcessEnv): EndError {
  const { page, reader } = explainedStep(env, undefined);
  return {
    title: `fargate-exec: ${failure.code}`,
    text: `${failure.messageFor(reader)}\nSee ${page}#${failure.code}`,
  };
}

/** The process that carries the forwards. */
class Background {
  readonly ended: Promise<void>;
  hasEnded = false;
  readonly #child: ChildProcess;
  #how = "";

  constructor(script: string, order: Omit<ForwardOrder, "worker">) {
    const { env } = order;
    this.#child = spawn(process.execPath, [script, BACKGROUND], {
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
      env: Object.fromEntries(
        AT_START.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])),
      ),
      windowsHide: true,
    });
    // When it dies, its end says so.
    this.#child.stdin?.on("error", () => undefined);
    this.ended = new Promise((resolve) => {
      const onEnd = (how: string): void => {
        this.#how = how;
        this.hasEnded = true;
        resolve();
      };
      this.#child.once("error", (error) => onEnd(error.message));
      this.#child.once("exit", (code, signal) => onEnd(signal ?? `exit code ${code}`));
    });
    // The parent of a step in a container is outside of it.
    const worker = process.ppid > 1 ? identityOf(process.ppid) : undefined;
    this.#child.stdin?.write(`${JSON.stringify({ ...order, worker } satisfies ForwardOrder)}\n`);
  }

  get identity(): ForwardState["process"] {
    const { pid } = this.#child;
    return pid === undefined ? undefined : identityOf(pid);
  }

  /** Lets the process outlive this one. */
  async stay(): Promise<void> {
    await new Promise<void>((resolve) => this.#child.stdin?.end(`${STAY}\n`, () => resolve()));
    this.#child.unref();
  }

  /** Ends the process, which undoes what it has made. */
  release(): void {
    this.#child.stdin?.destroy();
  }

  lost(): Failure {
    return new Failure("internal-error", {
      failed: "The process of the forward ended before its ports were open.",
      seen: `Its end: ${this.#how || "not known"}.`,
      advice: "Run the job again. If it repeats, look at the memory of the runner, and open an issue.",
    });
  }
}
