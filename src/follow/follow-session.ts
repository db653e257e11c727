import type { Clock } from "../clock.ts";
import { END_TASK, TAKEN } from "../payload/input.ts";
import { LEFT } from "../pieces/orders.ts";
import type { SessionEnd } from "../session/end.ts";
import type { Session } from "../session/session.ts";
import type { Extractor } from "../stream/extract.ts";
import { type ExtractedItem, isOutput, type OutputItem } from "../stream/items.ts";
import type { NoteReader } from "../stream/notes.ts";
import type { CarrierEnd, DetachedJob } from "./job-end.ts";
import { type Handover, type ReleasedSession, releaseSession } from "./released-session.ts";
import { whyNothingIsTyped } from "./refusals.ts";
import { whySilent } from "./session-end.ts";
import { SessionInput, type TypedInput } from "./session-input.ts";
import { Silence } from "./silence.ts";
import { closeUnopened, isUnopened, type SessionOpening, type UnopenedSession } from "./unopened-session.ts";

/** The time for the agent to close the session after the job's status has arrived. */
export const CLOSING_MS = 800;
/**
 * The longest silence before the attacher shows the job. A queued session opens when another one ends, and an
 * abandoned attacher ends after 90 s.
 */
const SILENCE_MS = 150_000;
/** The longest silence of an attacher. It reports every half minute; in a busy container a little later. */
const SILENCE_OF_ATTACHER_MS = 120_000;
/** The time for the container to stop a cancelled job. The runner waits 7.5 s in all. */
export const CANCELLING_MS = 4_000;
/**
 * The time for the container to stop a job whose step has lost its credentials. KILL comes after three seconds, and
 * nothing else waits.
 */
const STOPPING_MS = 20_000;
/** The time for the attacher to end once the job is detached. */
const DETACHING_MS = 3_000;
/** The time for the attacher to say what it has sent last, once the session is released. */
const RELEASING_MS = 1_000;

/** What the sessions of a job share while it is followed. */
export interface FollowContext {
  readonly extractor: Extractor;
  readonly typed: TypedInput;
  readonly onNote: (text: string) => void;
  readonly onShown: (shown: OutputItem) => void;
  /** Back-pressure: no more output is read until this resolves. */
  readonly drained?: (() => Promise<void>) | undefined;
  readonly clock: Clock;
  /** Aborts when the job has to stop. The job then has four seconds to report its end. */
  readonly cancel: AbortSignal;
}

export interface FollowSessionOptions extends FollowContext, SessionOpening {
  /** Called when the attacher shows the job. */
  readonly onAttached: () => void;
  /** Called when the job's status has arrived, before the session is closed. */
  readonly onStatus?: (() => void) | undefined;
  /** Aborts when the output that is still unread is no longer to be shown. */
  readonly enough?: AbortSignal | undefined;
  /**
   * `stop` aborts when the job has to stop because the credentials ended. The job then has 20 s to report its end.
   */
  readonly expiry?: { readonly stop: AbortSignal; readonly mustEndTask: boolean } | undefined;
  /** Another carrier. The session is released once that carrier is proven to work. */
  readonly handover?: Handover | undefined;
  /** Aborts when the job is to be detached. */
  readonly detach?: AbortSignal | undefined;
}

/**
 * Follows the job through one session: types the input when that is safe, passes on the output, and resolves with the
 * job's status or with the end that came instead. Closes the session, unless it is released. Rejects only for a mistake of this action.
 */
export async function followSession(
  session: Session,
  options: FollowSessionOptions,
): Promise<CarrierEnd | UnopenedSession | ReleasedSession | DetachedJob> {
  return await new SessionFollower(session, options).follow();
}

class SessionFollower {
  readonly #session: Session;
  readonly #options: FollowSessionOptions;
  readonly #input: SessionInput;
  readonly #silence: Silence;
  readonly #over = new AbortController();
  #attached = false;
  #outcome: CarrierEnd | undefined;
  /** True once another carrier is proven to work. */
  #isReleasing = false;
  /** True once the job is to be detached. */
  #isDetaching = false;
  /** Reads the notes that still come by the session after another carrier has taken over. */
  #notes: NoteReader | undefined;
  #onReleased: () => void = () => undefined;
  #released: ReleasedSession | undefined;

  constructor(session: Session, options: FollowSessionOptions) {
    this.#session = session;
    this.#options = options;
    this.#input = new SessionInput(session, options.extractor);
    this.#silence = new Silence(options.clock, () => void session.close());
  }

  async follow(): Promise<CarrierEnd | UnopenedSession | ReleasedSession | DetachedJob> {
    try {
      return await this.#follow();
    } catch (error) {
      // A mistake of this action. Left open, the session would keep its place in the container, and this process alive.
      this.#over.abort();
      await this.#session.close();
      throw error;
    }
  }

  async #follow(): Promise<CarrierEnd | UnopenedSession | ReleasedSession | DetachedJob> {
    const { clock, cancel, expiry, detach } = this.#options;
    // A session whose job has not begun is closed at once: the job would start before it could obey.
    this.#stopOnAbort(cancel, () => (this.#input.hasBegun ? CANCELLING_MS : 0));
    this.#stopOnAbort(expiry?.stop, () => STOPPING_MS);
    this.#onAbort(detach, () => void this.#detach());
    void this.#input.keepSayingHere(clock, this.#over.signal);
    this.#boundOpening();
    void this.#input.prepare(this.#options.typed, clock, this.#over.signal);
    const released = new Promise<void>((resolve) => (this.#onReleased = resolve));
    const reading = this.#readOutput().finally(() => this.#silence.stop());
    await Promise.race([reading, released]);
    if (this.#isReleasing && this.#outcome === undefined) {
      this.#release();
      const parts = { session: this.#session, input: this.#input, over: this.#over };
      const mustEndTask = (): boolean => this.#mustEndTask;
      this.#released = releaseSession({ ...parts, reading, clock, closingMs: CLOSING_MS, mustEndTask });
      return this.#released;
    }
    if (this.#outcome !== undefined) await this.#acknowledge(this.#outcome);
    this.#over.abort();
    if (this.#isDetaching && this.#outcome === undefined)
      return { kind: "detached", writableUntil: undefined };
    return this.#outcome ?? this.#withoutOutcome(await this.#session.ended);
  }

  /** Releases the session when the other carrier is proven to work. */
  async #handOver(handover: Handover): Promise<void> {
    const { clock } = this.#options;
    const isProven = await handover.prove((lines) => this.#input.type(lines), this.#over.signal);
    if (!isProven || this.#over.signal.aborted) return;
    this.#isReleasing = true;
    void this.#input.type(LEFT);
    clock.sleep(RELEASING_MS, this.#over.signal).then(
      () => this.#release(),
      () => undefined, // the session is over
    );
  }

  #release(): void {
    if (this.#outcome !== undefined) return;
    this.#notes ??= this.#options.extractor.releaseSession();
    this.#onReleased();
  }

  /**
   * Tells the job to stop when the signal aborts, or has aborted. Closes the session when the stop takes longer than the
   * time that `within` returns then.
   */
  #stopOnAbort(signal: AbortSignal | undefined, within: () => number): void {
    this.#onAbort(signal, () => {
      void this.#input.cancel();
      this.#options.clock.sleep(within(), this.#over.signal).then(
        () => (this.#released ?? this.#session).close(),
        () => undefined, // it has stopped in time
      );
    });
  }

  #onAbort(signal: AbortSignal | undefined, act: () => void): void {
    if (signal?.aborted) act();
    else signal?.addEventListener("abort", act, { once: true, signal: this.#over.signal });
  }

  /** Detaches from the job. The attacher ends by itself; if it doesn't, the session is closed. */
  async #detach(): Promise<void> {
    this.#isDetaching = true;
    await this.#input.detach();
    try {
      await this.#options.clock.sleep(DETACHING_MS, this.#over.signal);
      await this.#session.close();
    } catch {
      // The session has ended.
    }
  }

  /**
   * Closes a session that the agent does not open. The limit is shorter for the first session than for later ones.
   */
  #boundOpening(): void {
    const { first, opening } = this.#options;
    this.#silence.expect(first ? Math.max(SILENCE_MS, opening + 1_000) : SILENCE_MS);
    closeUnopened(this.#session, this.#options, this.#over.signal).catch(() => undefined); // the session is over
  }

  async #readOutput(): Promise<void> {
    const { enough, drained } = this.#options;
    for await (const bytes of this.#session.output) {
      if (enough?.aborted) {
        await this.#session.close();
        return;
      }
      this.#silence.end();
      if (this.#notes === undefined) this.#readItems(bytes);
      else for (const note of this.#notes.read(bytes)) this.#options.onNote(note);
      if (this.#outcome !== undefined) return;
      await drained?.();
      this.#silence.expect(this.#attached ? SILENCE_OF_ATTACHER_MS : SILENCE_MS);
    }
  }

  #readItems(bytes: Uint8Array): void {
    for (const extracted of this.#options.extractor.read(bytes)) {
      this.#handle(extracted);
      // All that the attacher has sent is certain, and the other carrier goes on there.
      if (this.#isReleasing && extracted.kind === "confirmed") {
        this.#release();
        return;
      }
    }
  }

  #handle(extracted: ExtractedItem): void {
    const { typed, onNote, onShown, clock } = this.#options;
    if (isOutput(extracted)) onShown(extracted);
    switch (extracted.kind) {
      case "ready":
        void this.#input.start(typed.start(extracted.missing), extracted.missing);
        break;
      case "payload-wanted":
        void this.#input.type(typed.payload());
        break;
      case "secrets-wanted":
        void this.#input.finish(typed.secrets());
        break;
      case "attached":
        this.#onAttached();
        break;
      case "sign-wanted":
        void this.#input.signWanted(clock.now());
        break;
      case "confirmed":
        void this.#input.confirmed();
        break;
      case "note":
        onNote(extracted.text);
        break;
      case "echo":
        this.#outcome = { kind: "refused", code: "echo", text: whyNothingIsTyped(extracted.replaceable) };
        break;
      case "gap":
        this.#outcome = extracted;
        break;
      case "status":
        this.#outcome = extracted;
        this.#options.onStatus?.();
        break;
      case "refused":
        this.#outcome = extracted;
        break;
    }
  }

  #onAttached(): void {
    const { onAttached, handover } = this.#options;
    this.#attached = true;
    onAttached();
    void this.#input.attached();
    if (handover !== undefined) void this.#handOver(handover);
  }

  /** Whether the task has to be told to end, because no call can stop it any more. */
  get #mustEndTask(): boolean {
    const { expiry } = this.#options;
    return expiry?.stop.aborted === true && expiry.mustEndTask;
  }

  /** Tells the attacher that the status has arrived, so that the container can delete the job's files. */
  async #acknowledge(outcome: CarrierEnd): Promise<void> {
    const { clock } = this.#options;
    // A refusal after the attach means that the container has lost the status, so it has nothing to keep either.
    const isTaken = outcome.kind === "status" || (outcome.kind === "refused" && this.#attached);
    if (isTaken && this.#mustEndTask) void this.#input.type(END_TASK);
    if (isTaken) await this.#input.type(TAKEN);
    await Promise.race([this.#session.ended, clock.sleep(CLOSING_MS, this.#over.signal)]);
    await this.#session.close();
  }

  #withoutOutcome(end: SessionEnd): CarrierEnd | UnopenedSession {
    const isOurs = end.kind === "closed-here" && !this.#options.cancel.aborted;
    if (isOurs && isUnopened(this.#session, this.#options)) return { kind: "unopened" };
    const silence = this.#silence.lasted;
    if (!isOurs || silence === undefined) return { kind: "ended", end, attached: this.#attached };
    const lost = { kind: "lost", why: whySilent(silence, this.#session.received) } as const;
    return { kind: "ended", end: lost, attached: this.#attached };
  }
}
