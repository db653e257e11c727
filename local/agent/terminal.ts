import type { ContainerHandle } from "./container-handle.ts";
import type { Command, ExitReport, PtyEvents } from "./pty.ts";

/** The terminal on which an agent runs the command of a session. */
export interface Terminal {
  /** Resolves when the terminal has taken all bytes; rejects when it can't take them. */
  write(bytes: Uint8Array): Promise<unknown>;
  resize(columns: number, rows: number): void;
  pause(): void;
  resume(): void;
  /** Resolves when the main process has ended. Rejects when the task stops. */
  wait(): Promise<ExitReport>;
  /** Kills the main process and closes the terminal. */
  kill(): Promise<ExitReport>;
  /** Called when the agent dies: closes the terminal without a message. */
  abandon(): Promise<void>;
}

/** Resolves when the command runs. Rejects with a `StartError`, or with another error when the task has stopped. */
export type StartTerminal = (
  container: ContainerHandle,
  command: Command,
  events: PtyEvents,
) => Promise<Terminal>;
