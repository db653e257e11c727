import type { Clock } from "../clock.ts";
import { aborted } from "../waiting.ts";
import { SILENCE_MS } from "../payload/beat.ts";
import { END_TASK, TAKEN } from "../payload/input.ts";
import { AWAY, LEFT } from "./pieces/orders.ts";
import type { Session } from "../session/session.ts";
import { Terminal, type TerminalEvent } from "./stream/terminal.ts";

import type { Carrier, CarrierEvent, LastWord, Loss, Words } from "./carrier.ts";
import { EventQueue } from "./event-queue.ts";
import { whyNothingIsTyped } from "./refusals.ts";
import { whySilent } from "./session-end.ts";
import { SessionInput, type TypedInput } from "./session-input.ts";
import { Silence } from "./silence.ts";
import { closeUnopened, isUnopened, type SessionOpening } from "./unopened-session.ts";

/** The time for the agent to close the session after the job's status has arrived. */
export const CLOSING_MS = 800;
/**
 * The time for the agent to acknowledge the last words of a step that has to end. An agent that is cut off acknowledges nothing for 15 s,
 * and is then connected to again.
 */
export const LAST_WORDS_MS = 800;
/**
 * The longest silence before the attacher shows the job. A queued session opens when another one ends. The container ends one without a reader after
 * `SILENCE_MS`, so this one waits longer.
 */
const SILENCE_BEFORE_JOB_MS = SILENCE_MS + 60_000;
/** The longest silence of an attacher. It reports every half minute; in a busy container a little later. */
const SILENCE_OF_ATTACHER_MS = 120_000;
/** The time for the container to stop a cancelled job. The runner waits 7.5 s in all. */
export const CANCELLING_MS = 4_000;
/**
 * How long output is shown after a cancel. The job's last output matters. An older backlog may take longer than the time
 * that is left.
 */
export const SHOWN_AFTER_CANCEL_MS = 4_000;
/**
 * The time for the container to stop a job whose step has lost its credentials. KILL comes after three seconds.
 * The step has nothing else to wait for, so this may be long.
 */
const STOPPING_MS = 20_000;
/** The time for the attacher to end once the job is detached. */
export const DETACHING_MS = 3_000;
/** The time for the attacher to say what it has sent last, once the session is released. */
const RELEASING_MS = 1_000;
/** The time for the last output of a container that has ended. */
const LAST_OUTPUT_MS = 1_000;

export interface SessionCarrierOptions extends SessionOpening {
  readonly nonce: string;
  /** That of `Terminal`. */
  readonly largestPack?: number | undefined;
  readonly typed: TypedInput;
  readonly words: Words;
  readonly clock: Clock;
  /** Aborts when the step has to end soon. */
  readonly hurry: AbortSignal;
}

/** A session as a carrier: types what the container asks for when that is safe, and passes on what its terminal shows. */
export class SessionCarrier implements Carrier {
  readonly kind = "session";
  readonly session: Session;
  readonly events = new EventQueue<CarrierEvent>();
  readonly #options: SessionCarrierOptions;
  readonly #terminal: Terminal;
  readonly #input: SessionInput;
  readonly #silence: Silence;
  readonly #over = new AbortController();
  #words: Words;
  #isAttached = false;
  #state: "following" | "releasing" | "released" = "following";
  /** Output that is unread after this time is no longer to be shown. */
  #shownUntil = Infinity;
  /** True when the container has closed the session itself. */
  isClosed = false;
  isOpen = true;

  constructor(session: Session, options: SessionCarrierOptions) {
    const { clock, nonce, largestPack, words } = options;
    this.session = session;
    this.#options = options;
    this.#terminal = new Terminal(nonce, largestPack);
    this.#input = new SessionInput(session, words.confirmed);
    this.#silence = new Silence(clock, () => void session.close());
    this.#words = { ...words, stop: undefined, order: undefined, itemOrders: [] };
    void session.ended.then(({ kind }) => {
      this.isOpen = false;
      this.isClosed = kind === "closed";
    });
    this.say(words);
    this.#follow().catch((error: unknown) => this.events.fail(error));
  }

  get isReleasing(): boolean {
    return this.#state === "releasing";
  }

  say(words: Words): void {
    const { stop, order } = this.#words;
    this.#words = words;
    if (words.stop !== undefined && words.stop !== stop) this.#stop(words.stop);
    if (words.order !== undefined && words.order !== order) void this.#input.type(words.order);
    void this.#input.confirm(words.confirmed);
    void this.#input.orderItems(words.itemOrders);
  }

  finish(): void {
    this.#closeAfter(LAST_OUTPUT_MS);
  }

  async close(word?: LastWord): Promise<void> {
    switch (word) {
      case "left":
        this.#state = "releasing";
        void this.#input.type(LEFT);
        this.#after(RELEASING_MS, () => this.#release());
        return;
      case "away":
        await this.#input.type(AWAY);
        return;
      case "detach":
        await this.#untilHeard(this.#input.detach());
        await this.#untilEnded(this.#state === "released" ? CLOSING_MS : DETACHING_MS);
        break;
      case "taken":
        // The container then deletes the job's files. A refusal after the attach means that it has lost the status, so it has nothing to keep.
        if (this.#isAttached && this.#words.endsTask) void this.#input.type(END_TASK);
        if (this.#isAttached) await this.#untilHeard(this.#input.type(TAKEN));
        await this.#untilEnded(CLOSING_MS);
        break;
      default:
        if (this.#endsTask) await this.#untilHeard(this.#input.type(END_TASK));
    }
    await this.#closeSession();
  }

  /** Tells an attacher that has stayed to end its session, and closes that. Another session of this job is to follow. */
  async giveWay(): Promise<void> {
    if (this.#endsTask) void this.#input.type(END_TASK);
    await this.#untilHeard(this.#input.type(AWAY));
    await this.#untilEnded(CLOSING_MS);
    await this.#closeSession();
  }

  async #closeSession(): Promise<void> {
    this.#over.abort();
    this.#silence.stop();
    await this.session.close();
  }

  /** Whether an attacher that has stayed in its session is to end the task. */
  get #endsTask(): boolean {
    return this.#state === "released" && this.#words.endsTask;
  }

  async #follow(): Promise<void> {
    const { clock, typed, first, opening } = this.#options;
    const { signal } = this.#over;
    void this.#input.keepBeating(clock, signal);
    // `closeUnopened` has a limit of its own for a first session that does not open. The silence may not end before that.
    this.#silence.expect(first ? Math.max(SILENCE_BEFORE_JOB_MS, opening + 1_000) : SILENCE_BEFORE_JOB_MS);
    closeUnopened(this.session, this.#options, signal).catch(() => undefined); // the session is over
    void this.#input.prepare(typed, clock, signal);
    await this.#read();
    this.#silence.stop();
    const end = await this.session.ended;
    this.#over.abort();
    // What the attacher has sent is all that there is. The other carrier goes on there.
    if (this.#state === "releasing") this.#release();
    void this.events.put({ kind: "lost", why: this.#whyLost(end) });
  }

  async #read(): Promise<void> {
    for await (const bytes of this.session.output) {
      if (this.#options.clock.now() >= this.#shownUntil) {
        await this.session.close();
        return;
      }
      this.#silence.end();
      for (const event of this.#terminal.read(bytes)) await this.#pass(event);
      this.#silence.expect(this.#isAttached ? SILENCE_OF_ATTACHER_MS : SILENCE_BEFORE_JOB_MS);
    }
  }

  /** Answers what the container asks for, and passes on the rest. */
  async #pass(event: TerminalEvent): Promise<void> {
    const { typed } = this.#options;
    switch (event.kind) {
      case "ready":
        void this.#input.start(typed.start(event.missing), event.missing);
        return;
      case "payload-wanted":
        void this.#input.type(typed.payload());
        return;
      case "secrets-wanted":
        void this.#input.finish(typed.secrets());
        return;
      case "echo":
        await this.events.put({ kind: "refused", code: "echo", text: whyNothingIsTyped(event.replaceable) });
        return;
      case "attached":
        this.#isAttached = true;
        void this.#input.attached();
        await this.events.put(event);
        return;
      default:
        await this.events.put(event);
        // All that the attacher has sent is certain, and the other carrier goes on there.
        if (event.kind === "confirmed" && this.#state === "releasing") this.#release();
    }
  }

  #release(): void {
    if (this.#state !== "releasing") return;
    this.#state = "released";
    this.#terminal.release();
    void this.events.put({ kind: "released" });
  }

  #stop(why: "cancelled" | "expired"): void {
    const { clock } = this.#options;
    void this.#input.cancel();
    if (why === "cancelled") this.#shownUntil = clock.now() + SHOWN_AFTER_CANCEL_MS;
    // A session whose job has not begun is closed at once at a cancel: the job would start before it could obey.
    const cancelling = this.#input.hasBegun ? CANCELLING_MS : 0;
    this.#closeAfter(why === "expired" ? STOPPING_MS : cancelling);
  }

  #closeAfter(ms: number): void {
    this.#after(ms, () => void this.close());
  }

  /** Acts after this time, unless the session is over. */
  #after(ms: number, act: () => void): void {
    this.#options.clock.sleep(ms, this.#over.signal).then(act, () => undefined);
  }

  /** Waits until the agent has what is being typed: for `LAST_WORDS_MS` at most once the step has to hurry, also when that begins during the wait. */
  async #untilHeard(typing: Promise<void>): Promise<void> {
    const { clock, hurry } = this.#options;
    const heard = new AbortController();
    const late = async (): Promise<void> => {
      await aborted(AbortSignal.any([hurry, heard.signal]));
      await clock.sleep(LAST_WORDS_MS, heard.signal).catch(() => undefined);
    };
    await Promise.race([typing, late()]);
    heard.abort();
  }

  async #untilEnded(ms: number): Promise<void> {
    const late = this.#options.clock.sleep(ms, this.#over.signal).catch(() => undefined);
    await Promise.race([this.session.ended, late]);
  }

  #whyLost(end: Extract<Loss, { kind: "cut" }>["end"]): Loss {
    const isOurs = end.kind === "closed-here" && this.#words.stop !== "cancelled";
    if (isOurs && isUnopened(this.session, this.#options)) return { kind: "unopened" };
    const attached = this.#isAttached;
    const silence = this.#silence.lasted;
    if (!isOurs || silence === undefined) return { kind: "cut", end, attached };
    return { kind: "cut", end: { kind: "lost", why: whySilent(silence, this.session.received) }, attached };
  }
}
