import { failureOfEnd } from "../carriers/failures.ts";
import { shellCommand, type ShellOptions } from "../payload/shell.ts";
import { NO_OUTPUT, type Result } from "../report/result.ts";
import type { LocalTerminal } from "../session/shell/local-terminal.ts";
import { carryShell } from "../session/shell/shell.ts";
import { RelayTasks } from "./relay-tasks.ts";
import type { RelayUse } from "./job/relay-sessions.ts";
import { cancelledAs } from "./step/cancelled.ts";
import { runStep } from "./step/run-step.ts";
import type { OpenStep } from "./step/step.ts";
import type { Surroundings } from "./step/surroundings.ts";

export interface ShellRun extends Pick<ShellOptions, "words" | "run"> {
  readonly terminal: LocalTerminal;
  /** Called with true before the shell has the terminal, and with false behind it. */
  readonly onTerminal: (isTaken: boolean) => void;
}

const KEYS = "~. leaves, ~? says more.";
const OF_SESSION =
  "It ends with its session: a cut ends it, and when this process is killed it stays for up to 20 minutes.";
/** The exit code of a shell that the user has left. */
const LEFT = 130;

/** Opens a shell in a container. Its exit code is the result's. Never rejects: a failure is a result. */
export async function runShell(run: ShellRun, surroundings: Surroundings): Promise<Result> {
  return await runStep((step) => cancelledAs("shell", perform(run, step)), surroundings);
}

/** A log that the cluster asks for is to have what the shell shows. A relay's bytes are sealed, so the session is the terminal then. */
const shellUse = (run: ShellRun): RelayUse => ({
  doing: "Opening a shell in",
  command: (exec) => shellCommand(run, { isPlain: exec?.logging === "OVERRIDE" }),
  logged:
    "The sessions of this container may be logged: sealed bytes where a relay keeps the shell's terminal, else what it shows.",
  stays: true,
});

/** The phases between valid inputs and the end of the shell. */
async function perform(run: ShellRun, step: OpenStep): Promise<Result> {
  const { inputs, clock, log, cancel } = step;
  const tasks = await RelayTasks.find(step, shellUse(run));
  try {
    const end = await carryShell({
      ...{ clock, log, cancel, terminal: run.terminal },
      shell: {
        ...{ words: run.words, run: run.run, workingDirectory: inputs.workingDirectory },
        env: { ...inputs.env, ...inputs.secrets },
      },
      open: (request) => tasks.open(request),
      onTerminal: (way) => {
        const { container, taskId } = tasks.target;
        const where = `The shell is in container '${container}' of task ${taskId}, and takes a seat there until it ends.`;
        if (way !== undefined)
          log.fold([where, ...(way === "session" ? [OF_SESSION] : []), KEYS].join(" "), "");
        run.onTerminal(way !== undefined);
      },
      isLogged: () => tasks.isLogged,
      whyEnded: (ended) =>
        failureOfEnd({ kind: "ended", end: ended, attached: false }, tasks.target, tasks.last ?? ""),
      seconds: Math.ceil(inputs.timeout / 1000),
    });
    const task = {
      ...{ target: tasks.target, startedAt: undefined, described: undefined, times: undefined },
      ...{ publicIp: undefined, sessionId: tasks.last, log: undefined },
      ...NO_OUTPUT,
    };
    const exitCode = end.kind === "exited" ? end.code : LEFT;
    // The shell has been opened, whatever it ends with.
    return { kind: "status", outcome: "succeeded", exitCode, workers: [], task };
  } finally {
    await tasks.end();
  }
}
