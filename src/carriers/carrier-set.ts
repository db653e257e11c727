import type { Session } from "../session/session.ts";
import { tellWaiting } from "../waiting.ts";
import type { Carrier, CarrierEvent, LastWord, Loss, Words } from "./carrier.ts";
import { EventQueue } from "./event-queue.ts";
import type { FollowJobOptions } from "./follow-options.ts";
import type { PiecesCarrier } from "./pieces-carrier.ts";
import { SessionCarrier } from "./session-carrier.ts";
import type { StepEvent } from "./step-event.ts";
import { UploadOrders } from "./upload-orders.ts";

/** What can be a job's main carrier. */
export type MainCarrier = SessionCarrier | PiecesCarrier;

/** An event, and the carrier that it is from. */
type Post = readonly [Carrier | undefined, CarrierEvent | StepEvent];

/** The carriers of one job, what they are told, and the queue of all that happens to the job. */
export class CarrierSet {
  /** Brings the output. */
  main: MainCarrier | undefined;
  /** The last session. When S3 is the main carrier it is released, and open as long as its attacher stays. */
  session: SessionCarrier | undefined;
  readonly inbox = new EventQueue<Post>();
  readonly #options: FollowJobOptions;
  readonly #orders: UploadOrders | undefined;
  /** The pieces of the last order, until the session is released for them. */
  #ordered: PiecesCarrier | undefined;
  #ordersInVain = 0;
  /**
   * The pieces of the last order, also when that seemed to be in vain: the container may have obeyed it, and upload beside its session. Undefined
   * once the session is released for them.
   */
  #lastOrdered: PiecesCarrier | undefined;
  /** Whether a session goes on where pieces were the main carrier. The container may upload more of them until it has read that in `control`. */
  #hasLeftPieces = false;
  /** Aborts when the session is the main carrier no longer. */
  #sessionOver = new AbortController();
  /** Aborts when the released session is over. */
  #releasedOver = new AbortController();
  #words: Words;
  #stopTelling = (): void => undefined;

  /** A cancel that comes before `over` aborts is told to all carriers at once, whatever event is being handled. */
  constructor(options: FollowJobOptions, over: AbortSignal) {
    const { folders, sessions, spool, credentialsEnd, clock, log, cancel } = options;
    const stop = (): Promise<boolean> => sessions.stop();
    this.#options = options;
    this.#orders = folders && new UploadOrders({ folders, spool, credentialsEnd, stop, clock, log });
    this.#words = {
      confirmed: spool.confirmed,
      stop: undefined,
      endsTask: false,
      order: undefined,
      itemOrders: [],
    };
    if (cancel.aborted) this.stop("cancelled");
    else cancel.addEventListener("abort", () => this.stop("cancelled"), { once: true, signal: over });
  }

  put(event: StepEvent): void {
    void this.inbox.put([undefined, event]);
  }

  /** Tells all carriers what holds from now on. */
  say(more: Partial<Words>): void {
    this.#words = { ...this.#words, ...more };
    this.main?.say(this.#words);
    if (this.session !== this.main) this.session?.say(this.#words);
    this.#ordered?.say(this.#words);
  }

  /** Tells that the job has to stop. A cancel is more urgent than credentials that have ended. */
  stop(why: "cancelled" | "expired", endsTask = this.#words.endsTask): void {
    this.say({ stop: this.#words.stop === "cancelled" ? "cancelled" : why, endsTask });
  }

  useSession(session: Session, first: boolean): void {
    const { sessions, nonce, spool, typed, clock, log, cancel, detachNow } = this.#options;
    const { largestPack } = spool;
    const hurry = detachNow === undefined ? cancel : AbortSignal.any([cancel, detachNow]);
    this.#hasLeftPieces ||= this.main?.kind === "pieces";
    this.#sessionOver = new AbortController();
    this.session = new SessionCarrier(session, {
      ...{ nonce, largestPack, typed, words: this.#words, clock, hurry, first, opening: sessions.opening() },
      moreTime: () => sessions.moreTime(session.sessionId),
      canNeverOpen: () => sessions.canNeverOpen(),
    });
    this.main = this.session;
    this.#stopTelling = tellWaiting(() => whatStarts(session), { clock, log });
    this.#pull(this.session);
  }

  /** The session has shown the job. The container is ordered to upload its output as soon as that is due. */
  noteShown(): void {
    this.#stopTelling();
    this.#ordersInVain = 0;
    this.#askForOrder();
  }

  /** The session is the main carrier no longer. */
  leaveSession(): void {
    this.#stopTelling();
    this.#sessionOver.abort();
    void this.#ordered?.close();
    this.#ordered = undefined;
    this.#words = { ...this.#words, order: undefined };
  }

  /**
   * Until when the container may upload what its session carries, in milliseconds since the epoch; undefined when it was not ordered to. 0 after pieces
   * that were left for a session: the next step reads those that are there, waits for no more, and deletes them.
   */
  get writableUntil(): number | undefined {
    return this.#lastOrdered?.writableUntil ?? (this.#hasLeftPieces ? 0 : undefined);
  }

  isOrdered(carrier: Carrier | undefined): boolean {
    return carrier !== undefined && carrier === this.#ordered;
  }

  /** Gives the container an order, unless its session is over. */
  order({ order, over }: Extract<StepEvent, { kind: "ordered" }>): void {
    if (over.aborted) void order?.carrier.close();
    else if (order !== undefined) {
      this.#ordered = order.carrier;
      this.#lastOrdered = order.carrier;
      this.#pull(order.carrier);
      this.say({ order: order.lines });
    }
  }

  /** The ordered pieces don't come. Another order may have more luck. */
  orderAgain(why: Loss): void {
    void this.#ordered?.close();
    this.#ordered = undefined;
    const { log } = this.#options;
    const seen = why.kind === "stalled" ? why.seen : why.kind;
    log[this.#ordersInVain === 0 ? "info" : "debug"](
      `The output does not come by S3 (${seen}). The session goes on with it.`,
    );
    this.#ordersInVain += 1;
    this.#askForOrder();
  }

  /** S3 works in the container, so the session is released. */
  releaseSession(): void {
    this.#orders?.noteHandover();
    void this.session?.close("left");
  }

  /** The session is released: the ordered pieces go on. */
  useOrdered(): PiecesCarrier | undefined {
    const pieces = this.#ordered;
    if (pieces === undefined) return undefined;
    this.#ordered = undefined;
    this.#lastOrdered = undefined;
    this.leaveSession();
    this.#usePieces(pieces);
    this.#releasedOver = new AbortController();
    this.#options.sessions.untilWanted(this.#releasedOver.signal).then(
      () => this.put({ kind: "wanted" }),
      () => undefined, // the session is over, or the job
    );
    return pieces;
  }

  /** Uses pieces that another step has ordered. Undefined when none can be read. */
  async resume(store: Parameters<UploadOrders["resume"]>[0]): Promise<PiecesCarrier | undefined> {
    const pieces = await this.#orders?.resume(store, this.#words);
    if (pieces === undefined) return undefined;
    this.#pull(pieces);
    this.#usePieces(pieces);
    return pieces;
  }

  #usePieces(pieces: PiecesCarrier): void {
    const { log, spool, folders } = this.#options;
    this.main = pieces;
    pieces.say(this.#words);
    pieces.takeOver();
    log[folders?.areAskedFor === true ? "info" : "debug"](
      `The output comes by S3 from byte ${spool.offset} on.`,
    );
  }

  /** Closes the released session, and gives its seat back. */
  async closeReleased(word?: LastWord): Promise<void> {
    this.#releasedOver.abort();
    if (this.session?.isOpen !== true) return;
    await this.session.close(word);
    this.#options.sessions.releaseSeat();
  }

  /** Ends a released session that would be in the way of the next one, and gives its seat back. */
  async giveWay(): Promise<void> {
    this.#releasedOver.abort();
    if (this.session?.isOpen !== true) return;
    await this.session.giveWay();
    this.#options.sessions.releaseSeat();
  }

  /** The released session is over by itself. One that was lost may still be open, and would be in the way of the next one in its seat. */
  async noteReleasedOver(why: Loss): Promise<void> {
    this.#releasedOver.abort();
    const { sessions } = this.#options;
    if (this.session !== undefined && why.kind === "cut" && why.end.kind === "lost")
      await sessions.terminate(this.session.session.sessionId);
    sessions.releaseSeat();
  }

  /** Ends what is still open. Left open, a session would keep its seat in the container, and this process alive. */
  async close(): Promise<void> {
    this.leaveSession();
    this.#releasedOver.abort();
    await Promise.all([this.main, this.session].map(async (carrier) => carrier?.close()));
  }

  /** A cancelled job gets no order: its session brings the end sooner than S3 would. */
  #askForOrder(): void {
    const signal = AbortSignal.any([this.#sessionOver.signal, this.#options.cancel]);
    void this.#orders
      ?.next(this.#ordersInVain, this.#words, signal)
      .then((order) => this.put({ kind: "ordered", order, over: signal }));
  }

  /** Passes on what a carrier brings. It is asked for more when what it has brought was handled and has left the runner. */
  #pull(carrier: Carrier): void {
    const pull = async (): Promise<void> => {
      for await (const event of carrier.events) {
        await this.inbox.put([carrier, event]);
        if (event.kind === "lost") return;
        await this.#options.drained?.();
      }
    };
    pull().catch((error: unknown) => this.inbox.fail(error));
  }
}

/** What has to come before a session shows the job. */
function whatStarts({ heard, sessionId }: Session): string {
  return heard
    ? "the container to fetch the script and to start it"
    : `the exec agent to open session ${sessionId}`;
}
