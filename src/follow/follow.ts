import type { Clock } from "../clock.ts";
import type { Extractor, Shown } from "../stream/extract.ts";
import type { MissingPayload } from "../stream/marks.ts";
import { CANCEL, END_TASK, here, HERE_EVERY_MS, TAKEN } from "../payload/input.ts";
import type { Session } from "../session/session.ts";
import type { CarrierEnd } from "./job-end.ts";
import { Silence } from "./silence.ts";

/** For the agent to close the session once the job's status has been taken. */
export const CLOSING_MS = 800;
/** For the agent to open the first session in a container that others may block; one second is the agent's own sleep. */
export const OPENING_MS = 20_000;
/** A queued session opens when another one ends, and an abandoned watcher gives its place up after 90 s. */
const SILENCE_MS = 150_000;
/** Once it shows the job the container says every half minute that it is there; when it is busy, a bit later. */
const SILENCE_OF_WATCHER_MS = 120_000;
/** For the container to stop a job that is cancelled; the runner itself waits 7.5 s. */
export const CANCELLING_MS = 4_000;
/** For it to stop one whose step has no credentials any more: nobody waits but we, and KILL comes after ten seconds. */
const STOPPING_MS = 20_000;

/** What was read is told to the container, which need not keep it, after so much of it. */
const CONFIRMED_BYTES = 1024 * 1024;

/** The agent has not opened the job's first session, so that nothing was started in it. */
export interface Unopened {
  readonly kind: "unopened";
}

export interface FollowOptions {
  /** No session of this job was ever opened, so that none of ours can keep this one waiting. */
  readonly first: boolean;
  /** How long the agent may take to open that session, in milliseconds from now on. */
  readonly opening: () => number;
  readonly extractor: Extractor;
  /** What is typed, each when the container asks for it: nothing before echo is off. */
  readonly typed: {
    readonly start: (missing: MissingPayload | undefined) => Promise<Uint8Array>;
    readonly payload: () => Uint8Array;
    readonly secrets: () => Uint8Array;
  };
  readonly onAttached: () => void;
  readonly onNote: (text: string) => void;
  readonly onShown: (shown: Shown) => void;
  /** Asked when the agent has not opened the first session: for how many milliseconds more it is waited for. */
  readonly moreTime?: (() => Promise<number>) | undefined;
  /** Resolves when enough of the text has been read that more may be shown. Until then no more is read: back-pressure. */
  readonly drained?: (() => Promise<void>) | undefined;
  readonly clock: Clock;
  /** Aborted: the job is told to stop, and gets a moment to say how that went. */
  readonly cancel: AbortSignal;
  /** Aborted: what is still unread of the output is not shown any more. */
  readonly enough?: AbortSignal | undefined;
  /** Where it is aborted, the job is told to stop likewise, but has the time that it needs for it. */
  readonly expiry?: { readonly stop: AbortSignal; readonly endsTask: boolean } | undefined;
}

/**
 * Watches the job through one session: types the input when it is safe to, passes on the output, and ends with the
 * job's status or with what came instead. Leaves the session in every case, and never rejects.
 */
export async function followJob(session: Session, options: FollowOptions): Promise<CarrierEnd | Unopened> {
  const { extractor, clock, cancel } = options;
  let attached = false;
  let outcome: CarrierEnd | undefined;
  const over = new AbortController();

  const stopWithin = (ms: number): void => {
    session.send(CANCEL).catch(ended);
    clock.sleep(ms, over.signal).then(() => session.close(), ended);
  };
  whenAborted(cancel, over.signal, () => stopWithin(CANCELLING_MS));
  whenAborted(options.expiry?.stop, over.signal, () => stopWithin(STOPPING_MS));
  let confirmed = extractor.confirmed;
  // A session may be queued for minutes, and what is typed meanwhile would be read in the place of the start.
  let begun = false;
  const sayHere = async (): Promise<void> => {
    if (begun) await session.send(here((confirmed = extractor.confirmed)));
  };
  void everySoOften(sayHere, clock, over.signal);
  const silence = new Silence(clock, () => void session.close());
  const opening = options.opening();
  silence.expect(options.first ? Math.max(SILENCE_MS, opening + 1_000) : SILENCE_MS);
  let heard = false;
  const unopened = (): boolean => options.first && !session.heard;
  const leaveUnopened = async (): Promise<void> => {
    for (let ms = opening; ms > 0; ms = (await options.moreTime?.()) ?? 0) {
      await clock.sleep(ms, over.signal);
      if (!unopened()) return;
    }
    await session.close();
  };
  leaveUnopened().catch(ended);

  for await (const bytes of session.output) {
    if (options.enough?.aborted) {
      await session.close();
      break;
    }
    silence.end();
    heard = true;
    for (const extracted of extractor.read(bytes)) {
      switch (extracted.kind) {
        case "ready":
          void options.typed
            .start(extracted.missing)
            .then((bytes) => {
              begun = true;
              return session.send(bytes);
            })
            .catch(ended);
          break;
        case "payload-wanted":
          session.send(options.typed.payload()).catch(ended);
          break;
        case "secrets-wanted":
          session.send(options.typed.secrets()).catch(ended);
          break;
        case "attached":
          attached = begun = true;
          options.onAttached();
          // A session before this one may have ended before it told so.
          if (extractor.confirmed > 0) sayHere().catch(ended);
          break;
        case "text":
        case "header":
          options.onShown(extracted);
          break;
        case "confirmed":
          options.onShown(extracted);
          if (extractor.confirmed - confirmed >= CONFIRMED_BYTES) sayHere().catch(ended);
          break;
        case "note":
          options.onNote(extracted.text);
          break;
        case "echo":
          outcome = { kind: "refused", code: "echo", text: "its terminal's echo can't be turned off" };
          break;
        case "gap":
          options.onShown(extracted);
          outcome = extracted;
          break;
        case "status":
        case "refused":
          outcome = extracted;
          break;
      }
    }
    if (outcome !== undefined) break;
    await options.drained?.();
    silence.expect(attached ? SILENCE_OF_WATCHER_MS : SILENCE_MS);
  }
  silence.stop();

  // Also why there is no status any more: then the container has nothing to keep.
  const taken = outcome?.kind === "status" || (outcome?.kind === "refused" && attached);
  if (taken && options.expiry?.stop.aborted && options.expiry.endsTask) session.send(END_TASK).catch(ended);
  if (taken) await session.send(TAKEN).catch(ended);
  if (outcome !== undefined) {
    await Promise.race([session.ended, clock.sleep(CLOSING_MS, over.signal)]);
    await session.close();
  }
  over.abort();
  if (outcome !== undefined) return outcome;
  const end = await session.ended;
  if (unopened() && end.kind === "detached" && !cancel.aborted) return { kind: "unopened" };
  if (silence.lasted === undefined || end.kind !== "detached" || cancel.aborted)
    return { kind: "ended", end, attached };
  const seconds = silence.lasted / 1000;
  const why = heard
    ? `nothing came for ${seconds} s, though the container says more often that it is there`
    : `the exec agent opened no session within ${seconds} s`;
  return { kind: "ended", end: { kind: "lost", why }, attached };
}

/** Calls `act` once: at once where `signal` is aborted already, and never after `over`. */
function whenAborted(signal: AbortSignal | undefined, over: AbortSignal, act: () => void): void {
  if (signal?.aborted) act();
  else signal?.addEventListener("abort", act, { once: true, signal: over });
}

/** Tells the watcher in the container that it still has a reader. */
async function everySoOften(say: () => Promise<void>, clock: Clock, signal: AbortSignal): Promise<void> {
  try {
    for (;;) {
      await clock.sleep(HERE_EVERY_MS, signal);
      await say();
    }
  } catch {
    // The session is over.
  }
}

/** Reads the job's output and status from the log of a session that is over. Ends as soon as it has the status. */
export async function followTranscript(
  bytes: AsyncIterable<Uint8Array>,
  { extractor, onShown, drained }: Pick<FollowOptions, "extractor" | "onShown" | "drained">,
): Promise<CarrierEnd> {
  let attached = false;
  for await (const piece of bytes) {
    for (const extracted of extractor.read(piece)) {
      switch (extracted.kind) {
        case "attached":
          attached = true;
          break;
        case "text":
        case "header":
        case "confirmed":
          onShown(extracted);
          break;
        case "gap":
          onShown(extracted);
          return extracted;
        case "status":
        case "refused":
          return extracted;
      }
    }
    await drained?.();
  }
  return { kind: "missing", attached };
}

/** A session that ends under what we say to it tells so by its end; here there is nothing to add. */
function ended(): void {
  return undefined;
}
