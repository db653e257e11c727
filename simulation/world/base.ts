import type { Carried } from "../programs/side.ts";
import { type Random, randomOf } from "../random.ts";
import type { Fault, WorldOptions } from "../scenario.ts";
import { Host, Time } from "../time.ts";
import { Timeline } from "../timeline.ts";
import { FaultBook } from "./fault-book.ts";

/** Who calls AWS: a runner, or a container by its task role. */
export interface Caller {
  readonly name: string;
  readonly host: Host;
  /** When AWS takes the keys of its call no more. Undefined for keys that no session of a role has. */
  readonly keysUntil?: number | undefined;
}

/** A call that a runner with a role has sent. */
export interface SignedCall {
  readonly actor: string;
  readonly operation: string;
  readonly at: number;
  /** When AWS takes its keys no more. */
  readonly until: number;
}

/** What all parts of the world share. */
export class Base {
  readonly time: Time;
  readonly timeline: Timeline;
  /** AWS itself. It never dies. */
  readonly host = new Host("world");
  readonly options: WorldOptions;
  readonly faults: FaultBook;
  /** All connections of programs through forwards. */
  readonly carried: Carried[] = [];
  readonly #seed: number;
  /** Until when S3 can't be reached, for each actor. */
  readonly #s3Away = new Map<string, number>();

  constructor(seed: number, options: WorldOptions, faults: readonly Fault[]) {
    this.time = new Time();
    this.timeline = new Timeline(this.time);
    this.#seed = seed;
    this.options = options;
    this.faults = new FaultBook(faults, () => this.time.now);
  }

  /** A stream of random numbers of its own for this purpose, so that one purpose does not disturb another. */
  random(purpose: string): Random {
    let mixed = this.#seed | 0;
    for (const char of purpose) mixed = Math.imul(mixed ^ char.charCodeAt(0), 0x01000193);
    return randomOf(mixed);
  }

  /** Whether the credentials of this actor have ended, or its keys of a role's session. A refusal for that is to follow. */
  areCredentialsOver(actor: string, keysUntil?: number): boolean {
    if (keysUntil !== undefined) return this.time.now >= keysUntil;
    const fault = this.faults.credentialsOf(actor);
    if (fault === undefined || this.time.elapsed < fault.at) return false;
    this.faults.note(fault);
    return true;
  }

  keepS3Away(actor: string, ms: number): void {
    this.#s3Away.set(actor, this.time.now + ms);
  }

  isS3Away(actor: string): boolean {
    return (this.#s3Away.get(actor) ?? 0) > this.time.now;
  }
}
