import type { Clock } from "../../clock.ts";
import { Failure } from "../../errors.ts";
import type { Log } from "../../log.ts";
import type { ProgramTarget, RelayLimits } from "../../payload/forward.ts";
import type { Client } from "../forward/clients.ts";
import { Tunnel, type TunnelOptions } from "../forward/tunnel.ts";
import { shellLost } from "./failures.ts";
import type { UserTerminal } from "./user-terminal.ts";

/** The time for the first session, from its begin, to bring the relay. */
const FIRST_MS = 40_000;
/** A shorter cut is not told: the shell only seems slow. */
const TOLD_AFTER_MS = 3_000;
const LOOK_MS = 500;

export interface RelayedShellOptions {
  readonly program: Pick<ProgramTarget, "words" | "env">;
  /** Opens a session that runs `shellCommand`. */
  readonly open: TunnelOptions["open"];
  readonly isLogged: () => boolean;
  /** By default those of the relay of every forward. */
  readonly limits?: RelayLimits;
  /** How long the relay may live. */
  readonly seconds: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly cancel: AbortSignal;
}

/**
 * A shell whose terminal is kept by a relay in the container, so that it goes on after a cut. Resolves with its exit code. Rejects with the
 * reason when the user leaves or the step is cancelled, and as `open` does.
 */
export async function carryRelayedShell(
  terminal: UserTerminal,
  options: RelayedShellOptions,
): Promise<number> {
  const { program, clock, cancel } = options;
  const over = new AbortController();
  const lost = new AbortController();
  const tunnel = new Tunnel({
    ...options,
    targets: [{ ...program, ...terminal.size }],
    shared: true,
    signal: over.signal,
  });
  const running = tunnel.run().catch((error: unknown) => lost.abort(asShellFailure(error)));
  const ends = AbortSignal.any([lost.signal, cancel, terminal.left]);
  let stop = (): void => undefined;
  let hasExited = false;
  try {
    while (!(await tunnel.untilReady(FIRST_MS, ends))) ends.throwIfAborted();
    const ended = new Promise<number>((resolve, reject) => {
      ends.addEventListener("abort", () => reject(ends.reason as Error), { once: true });
      const client = new RelayedClient(terminal, tunnel, resolve, reject);
      client.begin();
      terminal.open(client, "relay");
      stop = clock.every(LOOK_MS, () => client.look(clock.now()));
    });
    const code = await ended;
    hasExited = true;
    return code;
  } finally {
    stop();
    await terminal.close({ hasExited });
    await tunnel.close();
    over.abort();
    await running;
  }
}

/** The far end of the user's terminal: the stream to the program on the relay's terminal. */
class RelayedClient implements Client {
  readonly #terminal: UserTerminal;
  readonly #tunnel: Tunnel;
  readonly #resolve: (code: number) => void;
  readonly #reject: (why: Failure) => void;
  #stream = 0;
  #code: number | undefined;
  /** Since when the link is away, and whether that was told. */
  #awaySince: number | undefined;
  #isTold = false;

  constructor(
    terminal: UserTerminal,
    tunnel: Tunnel,
    resolve: (code: number) => void,
    reject: (why: Failure) => void,
  ) {
    this.#terminal = terminal;
    this.#tunnel = tunnel;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  begin(): void {
    this.#stream = this.#tunnel.connect(0, this) ?? 0;
    // The window may have changed since the relay was started.
    if (this.#stream > 0) this.#tunnel.resize(this.#stream, this.#terminal.size);
    else this.reset();
  }

  ready(): void {
    this.#tunnel.ready();
  }

  resize(size = this.#terminal.size): void {
    this.#tunnel.resize(this.#stream, size);
  }

  opened(): void {
    // What is typed is sent without waiting for that.
  }

  refused(_: unknown, text: string): void {
    this.#reject(shellLost(`The container could not start it: ${text}`));
  }

  data(bytes: Buffer): void {
    void this.#terminal.show(bytes).then(() => this.#tunnel.consumed(this.#stream, bytes.length));
  }

  exited(code: number): void {
    this.#code = code;
  }

  end(): void {
    if (this.#code === undefined) this.reset();
    else this.#resolve(this.#code);
  }

  reset(): void {
    this.#reject(shellLost("Its relay in the container has ended, or could not be reached for a minute"));
  }

  pull(most: number): Buffer | undefined {
    return this.#terminal.pull(most);
  }

  /** Tells of a cut that lasts, and of its end. */
  look(now: number): void {
    if (!this.#tunnel.isReady) {
      this.#awaySince ??= now;
      const isDue = !this.#isTold && now >= this.#awaySince + TOLD_AFTER_MS;
      if (isDue)
        this.#isTold = this.#terminal.say([
          "The connection is cut. The shell goes on with the next one. ~. leaves.",
        ]);
      return;
    }
    const seconds = Math.round((now - (this.#awaySince ?? now)) / 1000);
    this.#awaySince = undefined;
    if (!this.#isTold) return;
    if (!this.#terminal.isFull && !this.#terminal.say([`The connection is back after ${seconds} s.`])) return;
    this.#redraw();
    this.#isTold = false;
  }

  /** A full-screen program draws its screen again when its window changes, and bash its prompt. */
  #redraw(): void {
    const { rows, cols } = this.#terminal.size;
    this.resize({ rows: Math.max(1, rows - 1), cols });
    this.resize({ rows, cols });
  }
}

/** What ends a tunnel, in words for a shell. */
function asShellFailure(error: unknown): unknown {
  if (!(error instanceof Failure) || error.code !== "session-lost") return error;
  return shellLost(error.seen.replace(/\.$/, ""), error);
}
