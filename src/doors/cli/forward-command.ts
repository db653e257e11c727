import { spawn } from "node:child_process";
import { constants } from "node:os";
import { systemClock as clock } from "../../clock.ts";
import { FORMS, parseForwards } from "../../inputs/forwards.ts";
import { forwardInputNames, type InputName } from "../../inputs/names.ts";
import { codeOf } from "../../values.ts";
import type { InputTexts } from "./help-texts.ts";
import { DOCS } from "../program/surroundings.ts";
import { UsageError } from "./usage-error.ts";

const PAGE = "forward.md#the-lines";

/** The inputs that are options. */
export const FORWARD_INPUTS: readonly InputName[] = forwardInputNames.filter((name) => name !== "forwards");

export const FORWARDS_HELP = `a forward: ${FORMS}; the task itself without a host, a free port without LOCAL`;

/** Where an option does something else than that of a run. A test compares the defaults. */
export const FORWARD_TEXTS = {
  timeout: "the longest time of the forward (default: 6h)",
  "queue-timeout": "the longest wait for a place in the container (default: 20s)",
  bucket: "with the queue for a place (default: FARGATE_EXEC_BUCKET)",
  "kms-key-id": "for the queue's objects (default: the bucket's own)",
} satisfies InputTexts;
export const FORWARD_OPTIONS = { names: FORWARD_INPUTS, texts: FORWARD_TEXTS, help: "forward --help" };

/** Checks the forwards of the command line. Throws a `UsageError`. */
export function checkForwards(texts: readonly string[]): void {
  if (texts.length === 0) throw new UsageError(`Give at least one forward by -L: ${FORMS}.`);
  const forwards = parseForwards(texts);
  if ("must" in forwards)
    throw new UsageError(
      `-L must be ${forwards.must}, not ${JSON.stringify(forwards.text)}.\nSee ${DOCS}${PAGE}`,
    );
}

/** The exit codes of a shell for a command that is not there, and for one that can't be run (POSIX, "Exit Status for Commands"). */
const NOT_FOUND = 127;
const NOT_RUNNABLE = 126;
/** The time that a command has to end when the forward is lost, before it is killed. */
const GRACE_MS = 5_000;

/**
 * Runs a command while the forward is up, with the terminal of this process. Resolves with its exit code, 128 and the number of the
 * signal for one that was killed, 127 or 126 for one that can't be run. It gets the ports as `FARGATE_EXEC_PORT` and `FARGATE_EXEC_PORTS`.
 */
export async function runCommand(
  [program = "", ...args]: readonly string[],
  ports: readonly number[],
  over: AbortSignal,
): Promise<number> {
  const env = {
    ...process.env,
    FARGATE_EXEC_PORT: String(ports[0]),
    FARGATE_EXEC_PORTS: JSON.stringify(ports),
  };
  const child = spawn(program, args, { stdio: "inherit", env });
  const ended = new AbortController();
  const stop = (): void => {
    child.kill("SIGTERM");
    clock.sleep(GRACE_MS, ended.signal).then(
      () => child.kill("SIGKILL"),
      () => undefined, // it has ended
    );
  };
  over.addEventListener("abort", stop, { once: true });
  try {
    return await new Promise((resolve) => {
      child.once("error", (error) => {
        process.stderr.write(`fargate-exec: the command can't be run: ${error.message}\n`);
        resolve(codeOf(error) === "ENOENT" ? NOT_FOUND : NOT_RUNNABLE);
      });
      child.once("exit", (code, signal) =>
        resolve(code ?? 128 + (signal === null ? 0 : signalNumber(signal))),
      );
    });
  } finally {
    ended.abort();
    over.removeEventListener("abort", stop);
  }
}

/** Waits until the signal aborts. */
export async function untilOver(over: AbortSignal): Promise<number> {
  await new Promise<void>((resolve) => {
    if (over.aborted) resolve();
    over.addEventListener("abort", () => resolve(), { once: true });
  });
  return 0;
}

function signalNumber(signal: NodeJS.Signals): number {
  return constants.signals[signal];
}
