import type { Clock } from "../clock.ts";
import { asFailure } from "../errors.ts";
import type { Log } from "../log.ts";
import { type FolderAccess, typedOrder } from "../pieces/orders.ts";
import type { PieceStore } from "../pieces/store.ts";
import { type FollowPiecesOptions, PieceFollower } from "./follow-pieces.ts";
import type { Handover } from "./released-session.ts";

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
  /** The use as it is now: `when the job lasts` becomes `at once` when other runs want the session's place, or large artifacts are to come. */
  use(): Promise<PieceUse>;
  /** Makes a folder. The cleanup has to delete it from now on. */
  open(): PieceStore;
  /** Called with the number of the first piece that was not read. */
  onRead(store: PieceStore, next: number): void;
  /** Called when the job's end was taken while another step still reads its pieces. */
  onOthers(): void;
}

export interface PieceCarriersOptions extends Pick<
  FollowPiecesOptions,
  "extractor" | "onShown" | "drained" | "clock" | "cancel" | "log" | "stop"
> {
  readonly folders: PieceFolders;
  /** When the credentials end, in milliseconds since the epoch, if known. */
  readonly credentialsEnd: number | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

/** S3 as a carrier: orders the container to upload, and hands the output over once that works. */
export class PieceCarriers implements Handover {
  readonly #options: PieceCarriersOptions;
  #orders = 0;
  #handovers = 0;
  /** True when S3 has denied the reads of another step's folder. It would deny those of a new order, too. */
  #isDenied = false;
  #proven: PieceFollower | undefined;
  #decide: () => void = () => undefined;
  /** Resolves when it is known for the first time whether S3 works in the container. */
  readonly decided = new Promise<void>((resolve) => (this.#decide = resolve));

  constructor(options: PieceCarriersOptions) {
    this.#options = options;
  }

  async prove(type: (lines: Uint8Array) => Promise<void>, over: AbortSignal): Promise<boolean> {
    try {
      return await this.#prove(type, over);
    } finally {
      this.#decide();
    }
  }

  async #prove(type: (lines: Uint8Array) => Promise<void>, over: AbortSignal): Promise<boolean> {
    const { clock, log } = this.#options;
    try {
      if (!(await this.#isDue(over))) return false;
      for (let inVain = 0; this.#mayOrder && !over.aborted; inVain += 1) {
        const follower = await this.#order(type);
        if (follower === undefined) return false;
        const found = await follower.prove(over);
        if (found === "over") return false;
        if (found === "proven") {
          this.#handovers += 1;
          this.#proven = follower;
          return true;
        }
        follower.close();
        this.#decide();
        log[inVain === 0 ? "info" : "debug"](
          `The output does not come by S3 (${found.seen}). The session goes on with it.`,
        );
        await clock.sleep(ORDER_AGAIN_MS * 2 ** inVain, over);
      }
    } catch (error) {
      if (!over.aborted) log.info(`The output does not come by S3: ${asFailure(error).seen}`);
    }
    return false;
  }

  /** Takes the carrier that was proven last. */
  takeProven(): PieceFollower {
    const proven = this.#proven;
    this.#proven = undefined;
    if (proven === undefined) throw new Error("no carrier is proven");
    return proven;
  }

  /** Waits until the container is to be ordered. False when it is never. */
  async #isDue(over: AbortSignal): Promise<boolean> {
    const { folders, extractor, clock } = this.#options;
    const until = clock.now() + LASTS_MS;
    for (;;) {
      const use = await folders.use();
      if (use !== "when the job lasts") return use === "at once";
      if (clock.now() >= until || extractor.offset >= MUCH) return true;
      await clock.sleep(LOOK_MS, over);
    }
  }

  get #mayOrder(): boolean {
    const { clock, credentialsEnd = Infinity } = this.#options;
    const lasts = credentialsEnd - clock.now() > 2 * BEFORE_END_MS;
    return !this.#isDenied && lasts && this.#orders < MOST_ORDERS && this.#handovers < MOST_HANDOVERS;
  }

  /** Orders the container to upload. Undefined when the credentials end too soon for renewals to reach the container in time. */
  async #order(type: (lines: Uint8Array) => Promise<void>): Promise<PieceFollower | undefined> {
    const { folders, extractor, clock } = this.#options;
    this.#orders += 1;
    const store = folders.open();
    const access: FolderAccess = await store.access();
    if (access.until - clock.now() < 2 * BEFORE_END_MS) return undefined;
    const begin = folders.mustKeepAll ? 0 : extractor.confirmed;
    void type(typedOrder(store.folder, begin, access));
    return this.#follower(store, { access, begin, isShared: false });
  }

  /**
   * A carrier of pieces that another step has ordered; undefined when none can be read. When S3 denies that, a warning says so. Fails
   * when there are no credentials.
   */
  async resume(store: PieceStore): Promise<PieceFollower | undefined> {
    const found = await store.look();
    if (found.kind === "denied") {
      this.#isDenied = true;
      this.#options.log.warning(
        `These credentials may not read the job's output in S3 ('s3:GetObject' on ${store.where}): ${found.why} Only a session can bring it.`,
        "how-it-works.md#output-by-s3",
      );
    }
    if (found.kind !== "filled") return undefined;
    return this.#follower(store, { access: await store.access(), begin: undefined, isShared: true });
  }

  #follower(
    store: PieceStore,
    how: Pick<FollowPiecesOptions, "access" | "begin" | "isShared">,
  ): PieceFollower {
    const { folders, credentialsEnd } = this.#options;
    return new PieceFollower({
      ...this.#options,
      ...{ store, ...how },
      onRead: (next) => folders.onRead(store, next),
      onOthers: () => folders.onOthers(),
      until: credentialsEnd === undefined ? Infinity : credentialsEnd - BEFORE_END_MS,
    });
  }
}
