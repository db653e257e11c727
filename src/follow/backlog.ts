import type { Clock } from "../clock.ts";
import type { Session } from "../session/session.ts";

/** From the cancel on: what the job says to that is of interest, what it has printed before has to come to an end. */
const SHOWN_AFTER_CANCEL_MS = 4_000;

/** Aborted some time after the cancel: a backlog of output may be longer than the time that is left. */
export function enoughShown(cancel: AbortSignal, clock: Clock, over: AbortSignal): AbortSignal {
  const enough = new AbortController();
  const onCancel = (): void => {
    clock.sleep(SHOWN_AFTER_CANCEL_MS, over).then(
      () => enough.abort(),
      () => undefined, // the job is over
    );
  };
  cancel.addEventListener("abort", onCancel, { once: true, signal: over });
  return enough.signal;
}

/** The session, left with what is still unread of its output. */
export function leftAt(enough: AbortSignal, session: Session): Session {
  async function* output(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const bytes of session.output) {
      if (enough.aborted) return session.close();
      yield bytes;
    }
  }
  return {
    sessionId: session.sessionId,
    output: output(),
    ended: session.ended,
    get heard() {
      return session.heard;
    },
    send: (bytes) => session.send(bytes),
    resize: (cols, rows) => session.resize(cols, rows),
    close: () => session.close(),
  };
}
