import type { Clock } from "../../clock.ts";

/**
 * Without a word of the container for so long, the session counts as lost. The relay gives its sign of life every second. The connections of a
 * task that was replaced are to be known as lost within 10 s, though nothing closes its session.
 */
export const SILENCE_MS = 5_000;
/** The time from a session's begin to the relay's greeting. */
const GREETING_MS = 30_000;
const LOOK_MS = 500;

/**
 * Calls `onSilent` at each look that finds a session silent, from its begin on, until the function that it returns is called. `heard` is when the
 * relay was heard last; undefined before its greeting.
 */
export function watchSilence(
  clock: Clock,
  heard: () => number | undefined,
  { onSilent }: { readonly onSilent: () => void },
): () => void {
  const begun = clock.now();
  let looked = begun;
  return clock.every(LOOK_MS, () => {
    const now = clock.now();
    // A process that was held up itself has not read yet what has come meanwhile.
    const wasHeldUp = now - looked > 2 * LOOK_MS;
    looked = now;
    const last = heard();
    if (!wasHeldUp && now > (last === undefined ? begun + GREETING_MS : last + SILENCE_MS)) onSilent();
  });
}
