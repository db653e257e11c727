import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";
import { forwardPy, forwardSource, inlinePython, shortenSource } from "./container-source.ts";
import { quote } from "./quote.ts";
import { remembered } from "./remembered.ts";

/** The times of a relay, in seconds. */
export interface RelayLimits {
  /** For a connection to one address. */
  readonly connect: number;
  /** Without a word of the runner: until the relay ends its session, and until it ends with its connections. */
  readonly sessionSilence: number;
  readonly silence: number;
}

/**
 * A lost runner's session is gone within a minute. Its connections are kept for a cut of 60 s, and for the time that a new session takes.
 */
export const RELAY_LIMITS: RelayLimits = { connect: 10, sessionSilence: 45, silence: 75 };

/** A program on a terminal of its own. */
export interface ProgramTarget {
  /** The first is the program's path. */
  readonly words: readonly string[];
  /** Added to the container's variables. */
  readonly env: Readonly<Record<string, string>>;
  readonly rows: number;
  readonly cols: number;
}

/** What a connection of the relay leads to: a host and a port, without a host the task itself; or a program. */
export type RelayTarget = readonly [host: string | null, port: number] | ProgramTarget;

/** What the relay of a forward is given. */
export interface RelayOrder {
  /** Names the forward in the container. */
  readonly id: string;
  /** For the first session alone, which starts the relay. */
  readonly start?: RelayLimits & {
    readonly key: Uint8Array;
    readonly targets: readonly RelayTarget[];
    readonly seconds: number;
    /** Whether relays of others may run beside it. */
    readonly shared?: boolean | undefined;
  };
}

/** The relay's program, packed for the terminal. */
const packed = remembered((program) => deflateSync(program, { level: 9 }).toString("base64"));
const sha256 = remembered((program) => createHash("sha256").update(program).digest("hex"));

/** The `command` of ExecuteCommand for a session of a forward. It holds no secret. */
export function forwardCommand(): string {
  const script = [
    `fx_sha=${sha256(forwardPy())} fx_start=${quote(inlinePython("forward_start.py"))}`,
    "set +x",
    shortenSource(forwardSource()),
  ].join("\n");
  return `/bin/sh -c ${quote(script)}`;
}

/** The two lines that are typed once the terminal is raw: the program, and what it is given. */
export function typedRelay({ id, start }: RelayOrder): Buffer {
  const order =
    start === undefined ? { id } : { id, ...start, key: Buffer.from(start.key).toString("base64") };
  return Buffer.from(
    `${packed(forwardPy())}\n${Buffer.from(JSON.stringify(order)).toString("base64")}\n`,
    "ascii",
  );
}
