import { asFailure } from "../../errors.ts";
import type { RunError } from "../program/run-options.ts";
import { DOCS } from "../program/surroundings.ts";
import { harmlessText } from "../../report/show/sanitise.ts";
import { systemClock as clock } from "../../clock.ts";
import { OWN_FAILURE } from "./exit-code.ts";
import type { Terminal } from "./terminal.ts";

/** How long the run may take to undo what it has begun, after a mistake of this program. */
const UNDOING_MS = 60_000;

/** A mistake of this program that nothing awaits: in a timer, in an event, in a promise. */
export interface Faults {
  /** Aborts at the first one. */
  readonly signal: AbortSignal;
}

/**
 * Shows the first mistake that nothing awaits. Node.js would end the process at once, and leave what the run has begun. The run is cancelled
 * instead, and this process ends when that is undone, or after a minute.
 */
export function watchFaults(
  log: Pick<Terminal, "error" | "debug" | "leave">,
  undoingMs = UNDOING_MS,
): Faults {
  const controller = new AbortController();
  process.on("uncaughtException", (error: unknown) => {
    if (error instanceof Error && error.stack !== undefined) log.debug(error.stack);
    if (controller.signal.aborted) return;
    log.error(faultOf(error));
    process.exitCode = OWN_FAILURE;
    controller.abort(new Error("fargate-exec itself went wrong"));
    clock.every(undoingMs, () => {
      log.leave();
      process.exit(OWN_FAILURE);
    });
  });
  return { signal: controller.signal };
}

/** What is shown of a mistake of this program. */
export function faultOf(error: unknown): Omit<RunError, "parts"> {
  const failure = asFailure(error);
  const { code } = failure;
  return { code, message: harmlessText(failure.messageFor("program")), page: `${DOCS}errors.md#${code}` };
}
