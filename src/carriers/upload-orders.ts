import type { Clock } from "../clock.ts";
import { asFailure } from "../errors.ts";
import type { Log } from "../log.ts";
import { type FolderAccess, typedOrder } from "./pieces/orders.ts";
import type { PieceStore } from "./pieces/store.ts";
import type { Spool } from "./stream/spool.ts";
import type { Words } from "./carrier.ts";
import { PiecesCarrier, type PiecesCarrierOptions } from "./pieces-carrier.ts";

/** The most times that the output goes over to S3. After that the session keeps it. */
const MOST_HANDOVERS = 4;
/** The most orders of one job, those in vain included. */
const MOST_ORDERS = 10;
/** The pause between two orders of one session. It doubles with each order in vain. */
const ORDER_AGAIN_MS = 60_000;
/** The container is ordered to use S3 when the job has lasted for this time, or has printed this many bytes. */
const LASTS_MS = 2_000;
const MUCH = 256 * 1024;
/** The pause between two looks at how long the job has lasted and what it has printed. */
const LOOK_MS = 100;
/** S3 is no longer used when the credentials end in less than this time. An open session needs no credentials. */
export const BEFORE_END_MS = 120_000;

/** Whether S3 is to carry the output, and from when on. `when the job lasts` spares a short job the calls to S3. */
export type PieceUse = "never" | "at once" | "when the job lasts";

/** The folders of one job in the bucket. */
export interface PieceFolders {
  /** Whether the user has asked for S3. Then the log says where it takes over. */
  readonly areAskedFor: boolean;
  /** Whether the job may be detached: then another step is to find all of the output that the container still has. */
  readonly mustKeepAll: boolean;
  /** The use as it is now: `when the job lasts` becomes `at once` when other runs want the session's seat, or large artifacts are to come. */
  use(): Promise<PieceUse>;
  /** Makes a folder. The cleanup has to delete it from now on. */
  open(): PieceStore;
  /** Notes the number of the first piece that was not read. */
  noteRead(store: PieceStore, next: number): void;
}

export interface UploadOrdersOptions {
  readonly folders: PieceFolders;
  readonly spool: Pick<Spool, "offset" | "confirmed">;
  /** When the credentials end, in milliseconds since the epoch, if known. */
  readonly credentialsEnd: number | undefined;
  readonly stop: PiecesCarrierOptions["stop"];
  readonly clock: Clock;
  readonly log: Log;
}

/** An order to the container: the lines to be typed, and the carrier that shows whether it can be obeyed. */
export interface UploadOrder {
  readonly lines: Uint8Array;
  readonly carrier: PiecesCarrier;
}

/** The orders by which a container is to upload its output. */
export class UploadOrders {
  readonly #options: UploadOrdersOptions;
  #orders = 0;
  #handovers = 0;
  /** True when S3 has denied the reads of another step's folder. It would deny those of a new order, too. */
  #isDenied = false;

  constructor(options: UploadOrdersOptions) {
    this.#options = options;
  }

  /**
   * Waits until the container is to be ordered, after `inVain` orders in the same session. Resolves with undefined when it is not, or when `over`
   * aborts. Never rejects.
   */
  async next(inVain: number, words: Words, over: AbortSignal): Promise<UploadOrder | undefined> {
    const { clock, log } = this.#options;
    try {
      if (inVain > 0) await clock.sleep(ORDER_AGAIN_MS * 2 ** (inVain - 1), over);
      else if (!(await this.#isDue(over))) return undefined;
      return this.#mayOrder && !over.aborted ? await this.#order(words) : undefined;
    } catch (error) {
      if (!over.aborted) log.info(`The output does not come by S3: ${asFailure(error).seen}`);
      return undefined;
    }
  }

  /** Notes that the output goes over to S3. */
  noteHandover(): void {
    this.#handovers += 1;
  }

  /**
   * A carrier of pieces that another step has ordered; undefined when none can be read. When S3 denies that, a warning says so. Fails
   * when there are no credentials.
   */
  async resume(store: PieceStore, words: Words): Promise<PiecesCarrier | undefined> {
    const found = await store.look();
    if (found.kind === "denied") {
      this.#isDenied = true;
      this.#options.log.warning(
        `These credentials may not read the job's output in S3 ('s3:GetObject' on ${store.where}): ${found.why} Only a session can bring it.`,
        "how-it-works.md#output-by-s3",
      );
    }
    if (found.kind !== "filled") return undefined;
    return this.#carrier(store, { access: await store.access(), begin: undefined, isShared: true, words });
  }

  /** Waits until the container is to be ordered. False when it is never. */
  async #isDue(over: AbortSignal): Promise<boolean> {
    const { folders, spool, clock } = this.#options;
    const until = clock.now() + LASTS_MS;
    for (;;) {
      const use = await folders.use();
      if (use !== "when the job lasts") return use === "at once";
      if (clock.now() >= until || spool.offset >= MUCH) return true;
      await clock.sleep(LOOK_MS, over);
    }
  }

  get #mayOrder(): boolean {
    const { clock, credentialsEnd = Infinity } = this.#options;
    const lasts = credentialsEnd - clock.now() > 2 * BEFORE_END_MS;
    return !this.#isDenied && lasts && this.#orders < MOST_ORDERS && this.#handovers < MOST_HANDOVERS;
  }

  /** Undefined when the credentials end too soon for renewals to reach the container in time. */
  async #order(words: Words): Promise<UploadOrder | undefined> {
    const { folders, spool, clock } = this.#options;
    this.#orders += 1;
    const store = folders.open();
    const access: FolderAccess = await store.access();
    if (access.until - clock.now() < 2 * BEFORE_END_MS) return undefined;
    const begin = folders.mustKeepAll ? 0 : spool.confirmed;
    const carrier = this.#carrier(store, { access, begin, isShared: false, words });
    const order = { begin, largest: store.limits.size };
    return { lines: typedOrder(store.folder, order, access), carrier };
  }

  #carrier(
    store: PieceStore,
    how: Pick<PiecesCarrierOptions, "access" | "begin" | "isShared" | "words">,
  ): PiecesCarrier {
    const { folders, credentialsEnd } = this.#options;
    return new PiecesCarrier({
      ...this.#options,
      ...{ store, ...how },
      noteRead: (next) => folders.noteRead(store, next),
      until: credentialsEnd === undefined ? Infinity : credentialsEnd - BEFORE_END_MS,
    });
  }
}
