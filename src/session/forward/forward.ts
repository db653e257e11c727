import type { LocalPorts } from "../../aws/world.ts";
import { Listeners, type RefusedCounts } from "./listener.ts";
import { farEndOf, type Forward } from "../../inputs/forwards.ts";
import { ForwardTimedOut } from "./failures.ts";
import { probe } from "./probe.ts";
import { MOST_STREAMS } from "./streams.ts";
import { Tunnel, type TunnelCounts, type TunnelOptions } from "./tunnel.ts";

/** The time for the first session, from its begin, to bring the relay. */
const FIRST_MS = 40_000;
/** A relay ends by itself so long after the forward should have told it to, which is counted from its later begin. */
const RELAY_STAYS_S = 120;

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
  const seconds = options.seconds + RELAY_STAYS_S;
  const tunnel = new Tunnel({ ...options, seconds, targets, signal: over.signal });
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
    // Behind the end of the phase these lines stay on a terminal.
    log.phase();
    for (const line of portLines(forwards, ports)) log.info(line);
    lost.signal.throwIfAborted();
    cancel.throwIfAborted();
    const stopTimer = endAfter(options, lost);
    const result = await during(ports, lost.signal).finally(stopTimer);
    lost.signal.throwIfAborted();
    cancel.throwIfAborted();
    log.info(countsInWords({ ...tunnel.counts, ...listeners.refused }));
    return result;
  } finally {
    cancel.removeEventListener("abort", onCancel);
    listeners.close();
    await tunnel.close();
    over.abort();
    await running;
  }
}

/** What each of these ports leads to. */
export function portLines(forwards: readonly Forward[], ports: readonly number[]): readonly string[] {
  return forwards.map((forward, at) => `127.0.0.1:${ports[at]} leads to ${farEndOf(forward)}.`);
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

function countsInWords(counts: TunnelCounts & RefusedCounts): string {
  const { connections, sent, received, cuts, reset, unseen, tooMany } = counts;
  const times = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;
  const rest = [
    ["Reset, because the relay in the container was lost", reset],
    ["Refused, because their programs had closed them before it was seen whose they are", unseen],
    [`Refused, because ${MOST_STREAMS} were open`, tooMany],
  ] as const;
  return [
    `The forward carried ${times(connections, "connection")}, ${sent} bytes there and ${received} back, over ${times(cuts, "cut")}.`,
    ...rest.flatMap(([what, count]) => (count > 0 ? [`${what}: ${count}.`] : [])),
  ].join(" ");
}
