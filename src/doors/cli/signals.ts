import { systemClock as clock } from "../../clock.ts";
import { CANCELLED } from "./exit-code.ts";

/**
 * One Ctrl-C may arrive twice: the terminal sends SIGINT to this process and to npm, and npm passes its own on. A second
 * signal within this time comes from the same key press.
 */
const SAME_KEY_MS = 400;

/**
 * Aborts at the first SIGINT, SIGTERM or SIGHUP. At a second one it calls `leave`, and ends this process at once. While a command has the
 * terminal, SIGINT is that command's alone.
 */
export function cancelOnSignals(leave: () => void, hasCommand = (): boolean => false): AbortSignal {
  const controller = new AbortController();
  let firstAt: number | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (signal === "SIGINT" && hasCommand()) return;
    const now = clock.now();
    if (firstAt === undefined) {
      firstAt = now;
      controller.abort(new Error(`${signal} was received`));
    } else if (Math.abs(now - firstAt) > SAME_KEY_MS) {
      leave();
      process.exit(CANCELLED);
    }
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, onSignal);
  return controller.signal;
}
