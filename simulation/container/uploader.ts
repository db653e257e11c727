import { Host } from "../time.ts";
import { AwsError } from "../world/aws-error.ts";
import type { Container } from "./container.ts";
import type { Directory } from "./directory.ts";
import type { Order } from "./order.ts";
import type { Carried } from "./carried.ts";
import { removeJob } from "./remove-job.ts";
import type { OrderTaker } from "./order-taker.ts";

/** Between two pieces while little waits. */
const PACE_MS = 400;
const MUCH = 1 << 20;
/** Without an upload for so long `alive` is written; without a look for so long `control` is read. */
const QUIET_MS = 30_000;
/** Between two looks at `control`: while S3 refuses uploads, in the first seconds after the end, and later. */
const REFUSED_MS = 5_000;
const ENDED_MS = 100;
const LATER_MS = 1_000;
const SOON_MS = 10_000;
/** Before a failed upload is tried again: the first time, and at most. */
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
/** While orders for items may come. */
const HUNGRY_PAUSE_MS = 2_000;
/** After the loss of the job its output may still come for so long. */
const LAST_WORDS_MS = 2_000;

/** After so many uploaded bytes `control` is read. */
const UNSEEN = 16 << 20;
const HELD_MS = 500;
/** After so long without a success the pauses are the longest. */
const VAIN_MS = 60_000;
/** The runner may take the end for so long. */
const KEPT_MS = 600_000;

export interface UploaderOptions {
  readonly host: Host;
  readonly order: Order;
  readonly carried: Carried;
  /** What obeys the orders for items in `control`. */
  readonly items: OrderTaker;
}

/** The program that carries out one order. It goes on where one that was killed had been. */
export class Uploader {
  readonly #container: Container;
  readonly #directory: Directory;
  readonly #host: Host;
  readonly #order: Order;
  readonly #carried: Carried;
  readonly #items: OrderTaker;
  #isOver = false;
  #madeAt: number;
  #seenAt: number;
  #putAt: number;
  #endedAt: number;
  #isFailing = false;
  #failingSince = 0;
  #unseen = 0;
  #pause = 0;
  #againAt = 0;
  #lostAt: number | undefined;
  readonly #told = new Set<string>();

  constructor(container: Container, directory: Directory, options: UploaderOptions) {
    this.#container = container;
    this.#directory = directory;
    this.#host = options.host;
    this.#order = options.order;
    this.#carried = options.carried;
    this.#items = options.items;
    const { carried } = options;
    const { now } = container.base.time;
    this.#madeAt = now - QUIET_MS;
    this.#seenAt = now + 1_000 - QUIET_MS;
    this.#putAt = carried.number > 0 ? now : now - QUIET_MS;
    this.#endedAt = now;
  }

  get #now(): number {
    return this.#container.base.time.now;
  }

  /** The container's own clock. */
  get #clock(): number {
    return this.#now + (this.#container.options.ahead ?? 0);
  }

  async carryOut(): Promise<void> {
    while (!this.#isOver && !this.#directory.isGone && this.#directory.order === undefined) {
      const since = this.#carried.hasEnded ? this.#endedAt : this.#lostAt;
      if (since !== undefined && this.#now - since > KEPT_MS) {
        if (this.#directory.job?.isDead === true) removeJob(this.#container, this.#directory);
        return;
      }
      if (this.#now - this.#seenAt >= this.#patience()) await this.#look();
      if (this.#now >= this.#againAt && (await this.#upload())) continue;
      await this.#directory.news(this.#host, this.#untilDue());
    }
  }

  /** How long nothing is due, unless there is news. */
  #untilDue(): number {
    const { spool, status, job } = this.#directory;
    const due = [this.#seenAt + this.#patience()];
    if (!this.#carried.hasEnded) {
      due.push(Math.max(this.#againAt, this.#putAt + QUIET_MS));
      if (spool.end > this.#carried.begin) due.push(Math.max(this.#againAt, this.#madeAt + PACE_MS));
      if (status !== undefined || this.#carried.fixed !== undefined) due.push(this.#againAt);
      // The loss of the job makes no news.
      due.push(this.#now + (job?.isDead === true ? 500 : 5_000));
    }
    return Math.max(20, Math.min(...due) - this.#now);
  }

  /** How the job has ended: the body of the last piece. */
  #end(): string | undefined {
    const { status, job } = this.#directory;
    if (status !== undefined) return status;
    if (job?.isDead === true && this.#lostAt === undefined) {
      this.#lostAt = this.#now;
      this.#directory.endOrphans?.();
    }
    return this.#lostAt !== undefined && this.#now - this.#lostAt >= LAST_WORDS_MS
      ? "! lost the job was killed, and its exit status with it"
      : undefined;
  }

  /** Uploads what is due. True when more may be due at once. */
  async #upload(): Promise<boolean> {
    if (this.#carried.hasEnded || this.#isOver) return false;
    // The end is looked at before the spool: all that was printed before it is then uploaded.
    const end = this.#end();
    const { spool } = this.#directory;
    if (this.#carried.fixed === undefined) {
      this.#carried.begin = Math.max(this.#carried.begin, spool.begin);
      const waiting = spool.end - this.#carried.begin;
      const largest = Number(this.#order.one("largest"));
      if (waiting > 0) {
        if (end === undefined && waiting < MUCH && this.#now - this.#madeAt < PACE_MS) return false;
        if (!spool.hasRoom(Math.min(waiting, largest))) {
          this.#againAt = this.#now + FIRST_PAUSE_MS;
          return false;
        }
        const bytes = spool.read(this.#carried.begin, Math.min(waiting, largest));
        this.#carried.fixed = {
          object: this.#order.seal("out", this.#carried.number, this.#carried.begin, bytes),
          end: this.#carried.begin + bytes.length,
          isEnd: false,
        };
        this.#madeAt = this.#now;
      } else if (end !== undefined) {
        this.#carried.fixed = {
          object: this.#order.seal("end", this.#carried.number, this.#carried.begin, Buffer.from(end)),
          end: this.#carried.begin,
          isEnd: true,
        };
      } else if (this.#now - this.#putAt >= QUIET_MS) {
        const alive = this.#order.seal(
          "alive",
          Math.floor(this.#clock / 1000),
          this.#carried.begin,
          Buffer.alloc(0),
        );
        await this.#post("alive", alive);
        return false;
      } else return false;
    }
    const piece = this.#carried.fixed;
    if (!(await this.#post(String(this.#carried.number), piece.object))) return false;
    this.#unseen += piece.object.length;
    this.#carried.fixed = undefined;
    this.#carried.number += 1;
    this.#carried.begin = piece.end;
    this.#carried.hasEnded = piece.isEnd;
    this.#endedAt = this.#now;
    return !piece.isEnd;
  }

  async #post(name: string, object: Buffer): Promise<boolean> {
    const { bucket, calls } = this.#container;
    const key = `${this.#order.one("folder")}${name}`;
    const signature = this.#order.field("x-amz-signature");
    const act = (): void => {
      bucket.check("post", key, signature);
      bucket.put(key, object);
    };
    try {
      await calls.send(this.#caller, { operation: "s3:PostObject", resource: key, act });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      const status = error.$metadata.httpStatusCode ?? 0;
      if (!this.#isFailing) this.#failingSince = this.#now;
      this.#isFailing = true;
      const isHopeless =
        status === 403 ||
        this.#now - this.#failingSince > VAIN_MS ||
        this.#clock > Number(this.#order.one("post-until")) * 1000;
      const { python } = this.#container.options;
      const isHungry = this.#directory.stock?.isWanting === true && python !== false;
      this.#pause = isHopeless
        ? LONGEST_PAUSE_MS
        : Math.min(isHungry ? HUNGRY_PAUSE_MS : LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, 2 * this.#pause));
      this.#againAt = this.#now + this.#pause;
      this.#tell(
        `S3 has not taken output (${this.#container.options.python === false ? "curl" : "python3"}): ${status} ${error.message}`,
      );
      return false;
    }
    this.#isFailing = false;
    this.#pause = 0;
    this.#putAt = this.#now;
    return true;
  }

  #patience(): number {
    if (this.#carried.hasEnded) return this.#now - this.#endedAt < SOON_MS ? ENDED_MS : LATER_MS;
    if (this.#directory.spool.isHeld || this.#unseen >= UNSEEN) return HELD_MS;
    const { stock, settings } = this.#directory;
    if (stock?.isWanting === true) return settings?.itemsPaceMs ?? QUIET_MS;
    return this.#isFailing ? REFUSED_MS : QUIET_MS;
  }

  /** Reads `control`, and obeys a new one. */
  async #look(): Promise<void> {
    const { bucket, calls } = this.#container;
    const { key, signature } = this.#order.control;
    this.#seenAt = this.#now;
    this.#unseen = 0;
    const act = (): Buffer => {
      bucket.check("get", key, signature);
      return bucket.get(key).bytes;
    };
    let data: Buffer | undefined;
    try {
      data = await calls.send(this.#caller, { operation: "s3:GetObject", resource: key, act });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      const status = error.$metadata.httpStatusCode ?? 500;
      if (status >= 500) return;
      if (status === 404 && this.#carried.control > 0 && this.#carried.hasEnded) {
        this.#isOver = true;
        this.#taken();
        return;
      }
    }
    const found = data === undefined ? undefined : this.#order.open(data);
    if (found === undefined || found.number <= this.#carried.control) return;
    this.#carried.control = found.number;
    this.#obey(found.begin, found.body.toString("ascii").split("\n"));
  }

  #obey(confirmed: number, lines: readonly string[]): void {
    const directory = this.#directory;
    directory.spool.confirm(confirmed);
    directory.beat.byS3At = this.#now;
    if (this.#order.renew(lines)) {
      this.#againAt = 0;
      this.#pause = 0;
    }
    for (const word of lines) {
      if (word === "cancel" && directory.status === undefined) {
        directory.isCancelled = true;
        directory.stop?.("cancelled");
      } else if (word === "detach") directory.isDetached = true;
      else if (word.startsWith("items ")) void this.#items.take(word.slice("items ".length));
      else if (word === "attach") this.#isOver = true;
      else if (word === "taken" && this.#carried.hasEnded) {
        this.#isOver = true;
        this.#taken();
      }
    }
    directory.wake();
  }

  /** The runner has the end of the job. An attacher that stays removes the job itself. */
  #taken(): void {
    const directory = this.#directory;
    Object.assign(directory, { isTaken: true, isTakenByS3: true });
    directory.wake();
    if (directory.attacher === undefined || directory.attacher.isDead) removeJob(this.#container, directory);
  }

  #tell(note: string): void {
    if (this.#told.has(note)) return;
    this.#told.add(note);
    this.#directory.note(note);
  }

  get #caller(): { readonly name: string; readonly host: Host } {
    return { name: this.#container.name, host: this.#host };
  }
}
