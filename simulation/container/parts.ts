import type { Host } from "../time.ts";
import { AwsError } from "../world/aws-error.ts";
import type { Container } from "./container.ts";
import type { Directory } from "./directory.ts";
import type { Order } from "./order.ts";

/** Parts that are uploaded at the same time. */
const AT_ONCE = 3;
/** Before a failed upload is tried again, the first time. */
const FIRST_PAUSE_MS = 500;
/** After so long S3 is given up; once packing has to end, what is under way has this time. */
const GIVEN_UP_MS = 30_000;
const LAST_MS = 400;
/** An archive of so many bytes waits so long for an order. */
const LITTLE = 1 << 20;
const WAIT_MS = 5_000;
const LOOK_MS = 50;

interface Part {
  readonly bytes: Buffer;
  /** Its number; undefined when it does not go to S3. */
  readonly number: number | undefined;
  state: "under way" | "there" | "refused" | "over";
}

/** How the archive goes into the spool. */
export interface PartSinks {
  /** Keeps a fact, whatever the time. */
  readonly keepFact: (text: string) => void;
  readonly isEnough: () => boolean;
  /** Keeps these bytes as records. False when the time is over. */
  readonly keepBytes: (bytes: Buffer) => Promise<boolean>;
}

/** The parts of an archive on their way to S3. The spool tells of each in its turn. */
export class Parts {
  readonly #container: Container;
  readonly #directory: Directory;
  readonly #host: Host;
  readonly #size: number;
  readonly #sinks: PartSinks;
  #waiting = Buffer.alloc(0);
  #number = 0;
  #isRefused = false;
  #hasWaited = false;
  #isGivenUp = false;
  readonly #sent: Part[] = [];

  constructor(container: Container, directory: Directory, host: Host, size: number, sinks: PartSinks) {
    this.#container = container;
    this.#directory = directory;
    this.#host = host;
    this.#size = size;
    this.#sinks = sinks;
  }

  /** Takes more of the archive. False when nothing more can be kept. */
  async take(bytes: Buffer): Promise<boolean> {
    this.#waiting = Buffer.concat([this.#waiting, bytes]);
    if (this.#waiting.length >= LITTLE) await this.#await();
    while (this.#waiting.length >= this.#size && !this.#isGivenUp) await this.#cut(this.#size);
    return !this.#isGivenUp;
  }

  /** Nothing more of the archive comes. */
  async end(): Promise<boolean> {
    while (this.#waiting.length > 0 && !this.#isGivenUp) await this.#cut(this.#size);
    while (this.#sent.length > 0) await this.#tell();
    return !this.#isGivenUp;
  }

  /** The order that S3 takes parts for, while the runner reads there. */
  get #order(): Order | undefined {
    const { carrying, stays, attacher } = this.#directory;
    if (carrying === undefined || carrying.carried.hasEnded || this.#isRefused) return undefined;
    const isRead = carrying.carried.control > 0 || stays || attacher === undefined || attacher.isDead;
    return isRead ? carrying.order : undefined;
  }

  async #await(): Promise<void> {
    if (this.#hasWaited) return;
    this.#hasWaited = true;
    const { time } = this.#container.base;
    const until = time.now + WAIT_MS;
    while (this.#order === undefined && time.now < until && this.#directory.hurriedAt === undefined)
      await time.sleep(this.#host, LOOK_MS);
  }

  async #cut(size: number): Promise<void> {
    const bytes = this.#waiting.subarray(0, size);
    this.#waiting = this.#waiting.subarray(size);
    const order = this.#order;
    if (order === undefined) {
      this.#sent.push({ bytes, number: undefined, state: "over" });
      while (this.#sent.length > 0) await this.#tell();
      return;
    }
    if (this.#sent.length === AT_ONCE) await this.#tell();
    if (this.#isGivenUp) return;
    const part: Part = { bytes, number: this.#number, state: "under way" };
    this.#number += 1;
    this.#sent.push(part);
    void this.#send(part, order);
  }

  async #send(part: Part, order: Order): Promise<void> {
    const { base, bucket, calls, name } = this.#container;
    const object = order.seal("part", part.number ?? 0, 0, part.bytes);
    const key = `${order.one("folder")}part.${part.number}`;
    const until = base.time.now + GIVEN_UP_MS;
    const act = (): void => {
      bucket.check("post", key, order.field("x-amz-signature"));
      bucket.put(key, object);
    };
    for (let pause = FIRST_PAUSE_MS; part.state === "under way"; pause *= 2) {
      if (this.#directory.carrying?.order !== order) {
        part.state = "over";
        return;
      }
      try {
        await calls.send({ name, host: this.#host }, { operation: "s3:PostObject", resource: key, act });
        part.state = "there";
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        const isHopeless = error.$metadata.httpStatusCode === 403 || base.time.now >= until;
        if (isHopeless || this.#sinks.isEnough()) part.state = "refused";
        else await base.time.sleep(this.#host, pause);
      }
    }
  }

  /** Tells of the oldest part: that it is there, or its bytes. Once packing has to end, a part that is not there soon ends the archive. */
  async #tell(): Promise<void> {
    const part = this.#sent.shift();
    if (part === undefined || this.#isGivenUp) return;
    const { time } = this.#container.base;
    let last = Infinity;
    while (part.state === "under way" && time.now < last) {
      if (this.#sinks.isEnough()) last = Math.min(last, time.now + LAST_MS);
      await time.sleep(this.#host, LOOK_MS);
    }
    this.#isRefused ||= part.state === "refused";
    if (part.state === "there") this.#tellFact("part");
    else if (this.#sinks.isEnough() || !(await this.#sinks.keepBytes(part.bytes))) this.#isGivenUp = true;
    else if (part.number !== undefined) this.#tellFact("no-part");
  }

  #tellFact(fact: "part" | "no-part"): void {
    this.#container.partsTold.push(fact);
    this.#sinks.keepFact(fact);
  }
}
