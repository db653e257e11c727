import type { Clock } from "../../clock.ts";
import { forwardLost, notReached } from "./failures.ts";
import { farEndOf, type Forward } from "../../inputs/forwards.ts";
import type { Tunnel } from "./tunnel.ts";

/** A relay tries each address of a name in turn, and looks the name up before. */
const LONGEST_MS = 120_000;

/**
 * Opens a connection to the far end of a forward, and ends it at once. Rejects with the `Failure` that says why the far end isn't
 * reached, or with the signal's reason.
 */
export async function probe(
  tunnel: Tunnel,
  forward: Forward,
  target: number,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  const answered = new AbortController();
  const opened = new Promise<void>((resolve, reject) => {
    let isOpened = false;
    const lost = (): void => reject(forwardLost(`no answer came from ${farEndOf(forward)}`));
    const of = tunnel.connect(target, {
      isProbe: true,
      opened: () => {
        isOpened = true;
        resolve();
      },
      refused: (why, words) => reject(notReached(farEndOf(forward), why, words)),
      reset: lost,
      // A server may greet first.
      data: (bytes) => tunnel.consumed(of ?? 0, bytes.length),
      end: () => undefined,
      pull: () => (isOpened ? "end" : undefined),
    });
    if (of === undefined) lost();
    clock.sleep(LONGEST_MS, AbortSignal.any([answered.signal, signal])).then(lost, reject);
  });
  await opened.finally(() => answered.abort());
}
