import type { Clock } from "../clock.ts";
import type { Extracted, Extractor, MissingPayload } from "../output/extract.ts";
import type { JobStatus } from "../output/status.ts";
import { CANCEL, HERE, HERE_EVERY_MS, TAKEN } from "../payload/input.ts";
import type { Session, SessionEnd } from "./session.ts";

/** For the agent to close the session once the job's status has been taken. */
const CLOSING_MS = 800;
/** A queued session opens when another one ends, and an abandoned watcher gives its place up after 90 s. */
const SILENCE_MS = 150_000;
/** For the container to stop a job that is cancelled; the runner itself waits 7.5 s. */
const CANCELLING_MS = 4_000;

export type Followed =
  | { readonly kind: "status"; readonly status: JobStatus }
  /** The container started no job, or knows none, and says why. */
  | { readonly kind: "refused"; readonly code: string; readonly text: string }
  /** The session ended without the job's status. */
  | { readonly kind: "ended"; readonly end: SessionEnd; readonly attached: boolean }
  /** The log never held the status. */
  | { readonly kind: "missing"; readonly attached: boolean }
  /** The log lost bytes on its way. */
  | { readonly kind: "gap"; readonly expected: number; readonly got: number };

export interface FollowOptions {
  readonly extractor: Extractor;
  /** What is typed, each when the container asks for it: nothing before echo is off. */
  readonly typed: {
    readonly start: (missing: MissingPayload | undefined) => Promise<Uint8Array>;
    readonly payload: () => Uint8Array;
    readonly secrets: () => Uint8Array;
  };
  readonly onAttached: () => void;
  readonly onNote: (text: string) => void;
  readonly onText: (text: Extract<Extracted, { kind: "text" | "header" }>) => void;
  /** Resolves when there is room for more text; until then no more is read. */
  readonly room?: (() => Promise<void>) | undefined;
  readonly clock: Clock;
  /** Aborted: the job is told to stop, and gets a moment to say how that went. */
  readonly cancel: AbortSignal;
}

/**
 * Watches the job through one session: types the input when it is safe to, passes on the output, and ends with the
 * job's status or with what came instead. Leaves the session in every case, and never rejects.
 */
export async function followJob(session: Session, options: FollowOptions): Promise<Followed> {
  const { extractor, clock, cancel } = options;
  let attached = false;
  let outcome: Followed | undefined;
  const over = new AbortController();

  const onCancel = (): void => {
    session.send(CANCEL).catch(ended);
    clock.sleep(CANCELLING_MS, over.signal).then(() => session.close(), ended);
  };
  cancel.addEventListener("abort", onCancel, { once: true });
  if (cancel.aborted) onCancel();
  void sayHere(session, clock, over.signal);
  let silent = true;
  void clock.sleep(SILENCE_MS, over.signal).then(() => (silent ? session.close() : undefined), ended);

  for await (const bytes of session.output) {
    silent = false;
    for (const extracted of extractor.read(bytes)) {
      switch (extracted.kind) {
        case "ready":
          void options.typed
            .start(extracted.missing)
            .then((bytes) => session.send(bytes))
            .catch(ended);
          break;
        case "payload-wanted":
          session.send(options.typed.payload()).catch(ended);
          break;
        case "secrets-wanted":
          session.send(options.typed.secrets()).catch(ended);
          break;
        case "attached":
          attached = true;
          options.onAttached();
          break;
        case "text":
        case "header":
          options.onText(extracted);
          break;
        case "note":
          options.onNote(extracted.text);
          break;
        case "echo":
          outcome = { kind: "refused", code: "echo", text: "its terminal's echo can't be turned off" };
          break;
        case "status":
        case "refused":
        case "gap":
          outcome = extracted;
          break;
      }
    }
    if (outcome !== undefined) break;
    await options.room?.();
  }

  // Also why there is no status any more: then the container has nothing to keep.
  const taken = outcome?.kind === "status" || (outcome?.kind === "refused" && attached);
  if (taken) await session.send(TAKEN).catch(ended);
  if (outcome !== undefined) {
    await Promise.race([session.ended, clock.sleep(CLOSING_MS, over.signal)]);
    await session.close();
  }
  cancel.removeEventListener("abort", onCancel);
  over.abort();
  if (outcome !== undefined) return outcome;
  const end = await session.ended;
  const why = `the exec agent opened no session within ${SILENCE_MS / 1000} s`;
  return {
    kind: "ended",
    end: silent && end.kind === "left" && !cancel.aborted ? { kind: "lost", why } : end,
    attached,
  };
}

/** Tells the watcher in the container that it still has a reader. */
async function sayHere(session: Session, clock: Clock, signal: AbortSignal): Promise<void> {
  try {
    for (;;) {
      await clock.sleep(HERE_EVERY_MS, signal);
      await session.send(HERE);
    }
  } catch {
    // The session is over.
  }
}

/** Reads the job's output and status from the log of a session that is over. Ends as soon as it has the status. */
export async function followTranscript(
  bytes: AsyncIterable<Uint8Array>,
  { extractor, onText, room }: Pick<FollowOptions, "extractor" | "onText" | "room">,
): Promise<Followed> {
  let attached = false;
  for await (const piece of bytes) {
    for (const extracted of extractor.read(piece)) {
      if (extracted.kind === "attached") attached = true;
      if (extracted.kind === "text" || extracted.kind === "header") onText(extracted);
      if (extracted.kind === "status" || extracted.kind === "refused" || extracted.kind === "gap")
        return extracted;
    }
    await room?.();
  }
  return { kind: "missing", attached };
}

/** A session that ends under what we say to it tells so by its end; here there is nothing to add. */
function ended(): void {
  return undefined;
}
