import type { Clock } from "../../clock.ts";
import { type ShellOptions, typedShell } from "../../payload/shell.ts";
import type { Session } from "../session.ts";
import { PlainMarks } from "./plain-marks.ts";
import { endedWithSession } from "./failures.ts";
import type { Typist, UserTerminal } from "./user-terminal.ts";

const NONCE_BYTES = 16;
/** Bytes that the agent has not acknowledged. More would wait before a Ctrl-C. */
const MOST_IN_FLIGHT = 8_192;
/** As much as a message to the agent has. */
const PIECE = 1_024;

export interface PlainShellOptions {
  readonly shell: ShellOptions;
  readonly clock: Clock;
  readonly cancel: AbortSignal;
}

/**
 * A shell on the terminal of its session, which has said that it waits for the shell. It ends with the session. Resolves with the shell's
 * exit code. Rejects with the reason when the user leaves or the step is cancelled.
 */
export async function carryPlainShell(
  session: Session,
  terminal: UserTerminal,
  { shell, clock, cancel }: PlainShellOptions,
): Promise<number> {
  const nonce = clock.random.bytes(NONCE_BYTES).toString("hex");
  const ends = AbortSignal.any([cancel, terminal.left]);
  let hasExited = false;
  try {
    ends.throwIfAborted();
    const left = new Promise<never>((_, reject) =>
      ends.addEventListener("abort", () => reject(ends.reason as Error), { once: true }),
    );
    const typist = new PlainTypist(session, terminal);
    typist.resize();
    // A session that has ended is told by its output.
    session.send(typedShell(shell, nonce)).catch(() => undefined);
    const code = await Promise.race([showUntilExit(session, terminal, { nonce, typist }), left]);
    hasExited = true;
    return code;
  } finally {
    await terminal.close({ hasExited });
    await session.close();
  }
}

async function showUntilExit(
  session: Session,
  terminal: UserTerminal,
  { nonce, typist }: { readonly nonce: string; readonly typist: Typist },
): Promise<number> {
  const marks = new PlainMarks(nonce);
  for await (const bytes of session.output) {
    const { shown, hasBegun, code } = marks.take(bytes);
    // Earlier keys would come to a terminal that takes no lines yet.
    if (hasBegun) terminal.open(typist, "session");
    await terminal.show(shown);
    if (code !== undefined) return code;
  }
  const end = await session.ended;
  throw endedWithSession(
    end.kind === "lost"
      ? end.why
      : `It was closed${end.kind === "closed" && end.text ? `: ${end.text}` : ""}`,
  );
}

class PlainTypist implements Typist {
  readonly #session: Session;
  readonly #terminal: UserTerminal;
  #inFlight = 0;

  constructor(session: Session, terminal: UserTerminal) {
    this.#session = session;
    this.#terminal = terminal;
  }

  resize(): void {
    const { rows, cols } = this.#terminal.size;
    this.#session.resize(cols, rows);
  }

  ready(): void {
    while (this.#inFlight < MOST_IN_FLIGHT) {
      const bytes = this.#terminal.pull(PIECE);
      if (bytes === undefined) return;
      this.#inFlight += bytes.length;
      this.#session.send(bytes).then(
        () => {
          this.#inFlight -= bytes.length;
          this.ready();
        },
        () => undefined, // the session has ended, which its output tells
      );
    }
  }
}
