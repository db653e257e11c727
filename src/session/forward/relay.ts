import type { Clock } from "../../clock.ts";
import { RELAY_LIMITS, type RelayLimits, type RelayOrder, type RelayTarget } from "../../payload/forward.ts";
import { Link } from "./link.ts";
import { KEY_BYTES, Seal } from "./packets.ts";
import { Streams } from "./streams.ts";

export interface RelayOptions {
  readonly targets: readonly RelayTarget[];
  /** Whether relays of others may run beside it. */
  readonly shared?: boolean | undefined;
  /** By default those of the relay of every forward. */
  readonly limits?: RelayLimits | undefined;
  /** How long the relay may live. */
  readonly seconds: number;
  readonly clock: Clock;
}

/** The relay in the container, with the link to it. */
export class Relay {
  readonly link: Link;
  readonly streams: Streams;
  /** True once it has answered. */
  isStarted = false;
  /** True once a session was told to start it, though it may not have been heard yet. False again when the container has refused that. */
  mayRun = false;
  readonly #id: string;
  readonly #key: Buffer;
  readonly #options: RelayOptions;

  constructor(options: RelayOptions) {
    const { random } = options.clock;
    this.#options = options;
    this.#id = random.bytes(16).toString("hex");
    this.#key = random.bytes(KEY_BYTES);
    this.link = new Link(new Seal(this.#key, "r"));
    this.streams = new Streams(this.link);
  }

  /** What is typed: a session that may be the first starts the relay unless it runs. */
  order(): RelayOrder {
    const { targets, seconds, shared, limits = RELAY_LIMITS } = this.#options;
    const start = { ...limits, key: this.#key, targets, seconds, shared };
    return this.isStarted ? { id: this.#id } : { id: this.#id, start };
  }
}
