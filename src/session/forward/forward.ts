import type { LocalPorts } from "../../aws/world.ts";
import { Listeners } from "./listener.ts";
import { farEndOf, type Forward } from "../../inputs/forwards.ts";
import { ForwardTimedOut } from "./failures.ts";
import { probe } from "./probe.ts";
import { Tunnel, type TunnelCounts, type TunnelOptions } from "./tunnel.ts";

/** The time for the first session, from its begin, to bring the relay. */
const FIRST_MS = 40_000;

export interface ForwardOptions extends Omit<TunnelOptions, "targets" | "signal"> {
  readonly forwards: readonly Forward[];
  readonly ports: LocalPorts;
  readonly cancel: AbortSignal;
  /** What is done while the ports are open. Gets them in the order of the forwards. `over` aborts when they are closed. */
  readonly during: (ports: readonly number[], over: AbortSignal) => Promise<number>;
}

/**
 * Carries the forwards while `during` runs, and resolves with its result. Each far end is reached once before that. Rejects with a
 * `Failure` when a port is taken, a far end is not reached, the forward is lost, or its time is over.
 */
export async function carryForwards(options: ForwardOptions): Promise<number> {
  const lost = new AbortController();
  try {
    return await carryUntilLost(options, lost);
  } catch (error) {
    // What has ended the tunnel says more than what its end has broken.
    lost.signal.throwIfAborted();
    throw error;
  }
}

async function carryUntilLost(options: ForwardOptions, lost: AbortController): Promise<number> {
  const { forwards, clock, log, ports: local, cancel, during } = options;
  const over = new AbortController();
  const onCancel = (): void => over.abort(cancel.reason);
  cancel.addEventListener("abort", onCancel, { once: true });
  const targets = forwards.map(({ host, port }) => [host, port] as const);
  const tunnel = new Tunnel({ ...options, targets, signal: over.signal });
  const listeners = new Listeners({ tunnel, clock, log, ports: local });
  let running: Promise<void> = Promise.resolve();
  try {
    // A port that is taken is told before a session is opened.
    const ports: number[] = [];
    for (const [at, forward] of forwards.entries()) ports.push(await listeners.listen(forward, at));
    running = tunnel.run().catch((error: unknown) => lost.abort(error));
    await untilReady(tunnel, lost.signal, cancel);
    const probing = { clock, signal: AbortSignal.any([lost.signal, cancel]) };
    for (const [at, forward] of forwards.entries()) await probe(tunnel, forward, at, probing);
    for (const [at, forward] of forwards.entries())
      log.info(`127.0.0.1:${ports[at]} leads to ${farEndOf(forward)}.`);
    lost.signal.throwIfAborted();
    cancel.throwIfAborted();
    const stopTimer = endAfter(options, lost);
    const result = await during(ports, lost.signal).finally(stopTimer);
    lost.signal.throwIfAborted();
    cancel.throwIfAborted();
    log.info(countsInWords(tunnel.counts));
    return result;
  } finally {
    cancel.removeEventListener("abort", onCancel);
    listeners.close();
    await tunnel.close();
    over.abort();
    await running;
  }
}

/** Ends the forward when its time is over, unless the function that is returned was called before. */
function endAfter({ seconds, clock }: ForwardOptions, lost: AbortController): () => void {
  const ended = new AbortController();
  clock.sleep(seconds * 1000, ended.signal).then(
    () => lost.abort(new ForwardTimedOut(seconds)),
    () => undefined, // it has ended before
  );
  return () => ended.abort();
}

async function untilReady(tunnel: Tunnel, lost: AbortSignal, cancel: AbortSignal): Promise<void> {
  while (!(await tunnel.untilReady(FIRST_MS, lost))) {
    lost.throwIfAborted();
    cancel.throwIfAborted();
  }
}

function countsInWords({ connections, sent, received, cuts }: TunnelCounts): string {
  const times = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;
  return `The forward carried ${times(connections, "connection")}, ${sent} bytes there and ${received} back, over ${times(cuts, "cut")}.`;
}
