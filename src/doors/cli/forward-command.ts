import { spawn } from "node:child_process";
import { constants } from "node:os";
import { systemClock as clock } from "../../clock.ts";
import { aborted } from "../../waiting.ts";
import { Failure, messageOf } from "../../errors.ts";
import { type Forward, FORMS, parseForwards } from "../../inputs/forwards.ts";
import { forwardInputNames, type InputName } from "../../inputs/names.ts";
import { portLines } from "../../session/forward/forward.ts";
import { codeOf } from "../../values.ts";
import type { InputTexts } from "./help-texts.ts";
import { DOCS } from "../program/surroundings.ts";
import { CANCELLED } from "./exit-code.ts";
import { removeOutputs, writeOutputs } from "./outputs-file.ts";
import type { Terminal } from "./terminal.ts";
import { UsageError } from "./usage-error.ts";

const PAGE = "forward.md#the-lines";

/** The inputs that are options. */
export const FORWARD_INPUTS: readonly InputName[] = forwardInputNames.filter((name) => name !== "forwards");

export const FORWARDS_HELP = `a forward: ${FORMS}; the task itself without a host, a free port without LOCAL`;

/** Where an option does something else than that of a run. A test compares the defaults. */
export const FORWARD_TEXTS = {
  timeout: "the longest time of the forward (default: 6h)",
  "queue-timeout": "the longest wait for a seat in the container (default: 20s)",
  bucket: "with the queue for a seat (default: FARGATE_EXEC_BUCKET)",
  "kms-key-id": "for the queue's objects (default: the bucket's own)",
} satisfies InputTexts;
export const FORWARD_OPTIONS = { names: FORWARD_INPUTS, texts: FORWARD_TEXTS, help: "forward --help" };

/** Reads the forwards of the command line. Throws a `UsageError`. */
export function checkForwards(texts: readonly string[]): readonly Forward[] {
  const option = texts.find((text) => text.startsWith("-"));
  if (option !== undefined)
    throw new UsageError(`-L needs a forward behind it, and ${option} stands there: ${FORMS}.`);
  if (texts.length === 0) throw new UsageError(`Give at least one forward by -L: ${FORMS}.`);
  const forwards = parseForwards(texts);
  if ("must" in forwards)
    throw new UsageError(
      `-L must be ${forwards.must}, not ${JSON.stringify(forwards.text)}.\nSee ${DOCS}${PAGE}`,
    );
  return forwards;
}

interface UsedForward {
  readonly forwards: readonly Forward[];
  readonly outputsFile: string | undefined;
  readonly quiet: boolean | undefined;
  readonly log: Pick<Terminal, "settle" | "notice">;
  readonly cancel: AbortSignal;
  /** Called with true before a command runs, and with false behind it. */
  readonly onCommand: (runs: boolean) => void;
}

/**
 * What is done with open ports: the command, or without one the wait for the end. Until they are open there is no file of outputs, not even an
 * earlier one. `signal` is what cancels the forward; the wait is ended by
 * `cancel` instead, as documented, with the exit code of an interrupt.
 */
export function useForward(
  words: readonly string[],
  { forwards, outputsFile, quiet = false, log, cancel, onCommand }: UsedForward,
): {
  readonly signal: AbortSignal;
  readonly during: (ports: readonly number[], lost: AbortSignal) => Promise<number>;
} {
  if (outputsFile !== undefined) removeOutputs(outputsFile);
  const cancelled = new AbortController();
  let waits = false;
  const onCancel = (): void => {
    if (!waits) cancelled.abort(cancel.reason);
  };
  cancel.addEventListener("abort", onCancel, { once: true });
  if (cancel.aborted) onCancel();
  const during = async (ports: readonly number[], lost: AbortSignal): Promise<number> => {
    const over = AbortSignal.any([lost, cancel]);
    if (outputsFile !== undefined) writePorts(outputsFile, ports);
    waits = words.length === 0;
    log.settle(waits ? "nobody" : "command");
    try {
      if (waits) {
        // Nothing else tells a port that this program has chosen.
        if (quiet)
          for (const [at, line] of portLines(forwards, ports).entries())
            if (forwards[at]?.local === undefined) log.notice(line);
        await aborted(over);
        return CANCELLED;
      }
      onCommand(true);
      return await runCommand(words, ports, over);
    } finally {
      onCommand(false);
      log.settle(undefined);
    }
  };
  return { signal: cancelled.signal, during };
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

/** The outputs that a forward has, for those who wait for its ports. */
function writePorts(path: string, ports: readonly number[]): void {
  try {
    writeOutputs(path, { outputs: { port: String(ports[0]), ports: JSON.stringify(ports) } });
  } catch (error) {
    throw new Failure("bad-input", {
      failed: "The file of --outputs-file can't be written.",
      seen: messageOf(error),
      advice: "Name another file. Nobody has used the ports.",
      cause: error,
    });
  }
}

function signalNumber(signal: NodeJS.Signals): number {
  return constants.signals[signal];
}
