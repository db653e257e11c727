import { keepWarnings } from "../../log.ts";
import { type ShellOptions, shellProgram } from "../../payload/shell.ts";
import type { OpenedSession, SessionRequest } from "../forward/session-request.ts";
import type { Session } from "../session.ts";
import type { SessionEnd } from "../end.ts";
import { echoStays, shellLost } from "./failures.ts";
import type { LocalTerminal } from "./local-terminal.ts";
import { carryPlainShell } from "./plain-shell.ts";
import { carryRelayedShell, type RelayedShellOptions } from "./relayed-shell.ts";
import { openingOf } from "./shell-session.ts";
import { type OnTerminal, UserTerminal } from "./user-terminal.ts";

export interface CarriedShell extends Omit<RelayedShellOptions, "program"> {
  readonly shell: Omit<ShellOptions, "term">;
  readonly terminal: LocalTerminal;
  readonly onTerminal: OnTerminal;
  /** Why there is no shell when the first session has ended like this. */
  readonly whyEnded: (end: SessionEnd) => Error;
}

/** How a shell has ended for this program: with its exit code, or left by `~.`. */
export type ShellEnd = { readonly kind: "exited"; readonly code: number } | { readonly kind: "left" };

/** The session's terminal is the shell's. */
class PlainSession extends Error {
  readonly session: Session;

  constructor(session: Session) {
    super("the session's terminal is the shell's");
    this.session = session;
  }
}

/**
 * Carries a shell between the user's terminal and the container, and gives the terminal back as it was. A relay keeps the shell's terminal
 * where the first session says so; else the session's own terminal is the shell's. Rejects with a `Failure` when the shell is lost.
 */
export async function carryShell(options: CarriedShell): Promise<ShellEnd> {
  const { terminal: local, clock, log, cancel, onTerminal, whyEnded } = options;
  const terminal = new UserTerminal(local, onTerminal);
  const shell = { ...options.shell, term: local.type };
  try {
    return { kind: "exited", code: await carryRelayed() };
  } catch (error) {
    if (terminal.left.aborted && error === terminal.left.reason) return { kind: "left" };
    throw error;
  }

  async function carryRelayed(): Promise<number> {
    try {
      const program = shellProgram(shell);
      return await carryRelayedShell(terminal, {
        ...options,
        log: keepWarnings(log),
        program,
        open: openRelayed,
      });
    } catch (error) {
      if (!(error instanceof PlainSession)) throw error;
      return await carryPlainShell(error.session, terminal, { shell, clock, cancel });
    }
  }

  async function openRelayed(request: SessionRequest): Promise<OpenedSession> {
    const opened = await options.open(request);
    const { opening, session } = await openingOf(opened.session, clock);
    const { lost } = request;
    if (opening === "echo") throw echoStays();
    if (opening === "plain" && lost !== undefined) throw shellLost("The container has no python3 any more");
    if (opening === "plain") throw new PlainSession(session);
    if (opening === undefined && lost === undefined) throw whyEnded(await session.ended);
    return { ...opened, session };
  }
}
