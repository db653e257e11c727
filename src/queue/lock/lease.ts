import { SILENCE_MS } from "../../payload/beat.ts";

/**
 * The times of a lock. A lock excludes only if the job of a lost holder has ended before another run gets the lock. That run
 * waits for `LOCK_LEASE_MS` (`queue/queue-state.ts`) after the holder's last renewal, by S3's clock. A holder may be paused at
 * any moment, and its clock may be wrong. So only durations count, each measured on one machine:
 *
 * 1. A holder that has not renewed the lock for `TRUST_MS` ends its job, and sends no further sign to its container.
 * 2. A container that hears no sign of its runner for `SILENCE_MS` stops the job, or does not begin it.
 * 3. A holder may be paused just before it sends a sign, so the sign may arrive up to `SILENCE_MS` late. A later sign finds the
 *    job stopped.
 * 4. The stopped job ends by KILL.
 */
export const TRUST_MS = 60_000;
/** KILL comes three seconds after TERM (`container/workers.sh`), and the container looks every two seconds. */
const STOPPING_MS = 5_000;
/** S3's times have whole seconds. */
const ROUNDING_MS = 1_000;

/** The longest time from a holder's last renewal to the end of its job. */
export const LONGEST_AFTER_RENEWAL_MS = TRUST_MS + SILENCE_MS + SILENCE_MS + STOPPING_MS + ROUNDING_MS;

/** Four tries before the holder no longer trusts its lock. */
export const RENEW_EVERY_MS = 15_000;
