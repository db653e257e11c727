import type { TerminalSize } from "../forward/streams.ts";

/** The terminal of this machine, as a shell needs it. */
export interface LocalTerminal {
  /** Its type, the variable TERM. */
  readonly type: string;
  readonly size: TerminalSize;
  /** Gives the keys to `on` from now on: the terminal is raw. */
  open(on: TerminalEvents): void;
  /** Whether keys are read. What is typed or pasted meanwhile waits in the terminal. */
  read(isRead: boolean): void;
  /** Shows bytes behind those of earlier calls. Resolves once the terminal has them, and does not reject. */
  write(bytes: Uint8Array): Promise<void>;
  /** The terminal is as it was before `open`. */
  close(): void;
}

export interface TerminalEvents {
  typed(bytes: Uint8Array): void;
  /** The window may have another size, or shows something else. */
  resized(): void;
  /** There is no terminal any more. */
  gone(): void;
}
