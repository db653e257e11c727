import type { Clock } from "../../clock.ts";
import type { Session } from "../session.ts";

/** What a shell's session says first: whether a relay is to keep the terminal, or that the session's terminal is the shell's. */
export type ShellOpening = "relay" | "plain" | "echo" | undefined;

const MARK = /\]7733;(ready|gone|python|plain|echo)\P{Cc}*\p{Cc}\r?\n/u;
const OPENINGS: Readonly<Record<string, ShellOpening>> = { plain: "plain", echo: "echo" };
/** What may stand before a mark: a warning of the shell. */
const MOST_BEFORE = 65_536;
/** The time from a session's begin to its mark. */
const OPENING_MS = 30_000;

/**
 * Waits for the first mark of a session. Returns it, and the session, whose output still has the mark when a relay is to read it. Undefined
 * when the session has ended, or has said nothing for long.
 */
export async function openingOf(
  session: Session,
  clock: Clock,
): Promise<{ readonly opening: ShellOpening; readonly session: Session }> {
  const output = session.output[Symbol.asyncIterator]();
  const seen: Buffer[] = [];
  const over = new AbortController();
  clock.sleep(OPENING_MS, over.signal).then(
    () => session.close(),
    () => undefined, // the mark has come
  );
  try {
    for (let length = 0; length < MOST_BEFORE;) {
      const next = await output.next();
      if (next.done === true) break;
      seen.push(Buffer.from(next.value));
      length += next.value.length;
      const all = Buffer.concat(seen);
      const mark = MARK.exec(all.toString("latin1"));
      if (mark === null) continue;
      const opening = OPENINGS[mark[1] ?? ""] ?? "relay";
      const rest = opening === "relay" ? all : all.subarray(mark.index + mark[0].length);
      return { opening, session: withOutput(session, [rest], output) };
    }
    return { opening: undefined, session: withOutput(session, seen, output) };
  } finally {
    over.abort();
  }
}

/** The session with these bytes in front of the rest of its output. */
function withOutput(session: Session, first: readonly Buffer[], rest: AsyncIterator<Uint8Array>): Session {
  async function* output(): AsyncGenerator<Uint8Array, void, undefined> {
    yield* first;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  }
  return {
    sessionId: session.sessionId,
    output: output(),
    ended: session.ended,
    get received() {
      return session.received;
    },
    get heard() {
      return session.heard;
    },
    get isSetUp() {
      return session.isSetUp;
    },
    get cuts() {
      return session.cuts;
    },
    send: (bytes) => session.send(bytes),
    resize: (cols, rows) => session.resize(cols, rows),
    close: () => session.close(),
  };
}
