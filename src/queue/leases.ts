import { CONTROL_EVERY_MS, SILENCE_MS } from "../payload/beat.ts";

/** How long a sign in the bucket counts, and how often it is given again, in milliseconds. */
export interface Lease {
  readonly lasts: number;
  readonly renewedEvery: number;
}

/** All leases in the bucket. Those of claims are judged by S3's clock. */
export const LEASES = {
  /** The attacher of a lost run has had no reader for as long, and has given up. It may outlive the claim by one renewal. */
  seat: { lasts: 90_000, renewedEvery: 30_000 },
  /** Its attacher must have ended before another run comes in. */
  sharedSeat: { lasts: 150_000, renewedEvery: 30_000 },
  /** The holder's job must have ended before another run gets the lock: `LONGEST_AFTER_RENEWAL_MS`. */
  lock: { lasts: 300_000, renewedEvery: 15_000 },
  /** A follower of a handle, in `control`, by the clocks of the followers: the pieces stay as long as another one may read them. */
  follower: { lasts: 75_000, renewedEvery: CONTROL_EVERY_MS },
} as const satisfies Record<string, Lease>;

/** The lease of a claim. */
export function leaseOf({ locks, shares }: { readonly locks: boolean; readonly shares: boolean }): Lease {
  if (locks) return LEASES.lock;
  return shares ? LEASES.sharedSeat : LEASES.seat;
}

/** How often a run in line renews its claim. */
export const RENEWED_IN_LINE_MS = 30_000;

/**
 * The times of a lock. A lock excludes only if the job of a lost holder has ended before another run gets the lock. That run
 * waits for the lease after the holder's last renewal, by S3's clock. A holder may be paused at any moment, and its clock may be
 * wrong. So only durations count, each measured on one machine:
 *
 * 1. A holder that has not renewed the lock for `TRUST_MS` ends its job, and sends no further sign to its container.
 * 2. A container whose last beat is `SILENCE_MS` old stops the job, or does not begin it.
 * 3. A holder may be paused just before it sends a sign, so the sign may arrive up to `SILENCE_MS` late. A later sign finds the
 *    job stopped.
 * 4. The stopped job ends by KILL.
 *
 * The time of 1 stands still while the holder's machine is suspended. The 90 seconds of 3 cover one suspension, since a longer one ends the job
 * by 2. They do not cover several short ones in a row with a sign, but no renewal, in between.
 *
 * In `TRUST_MS` there are four tries.
 */
export const TRUST_MS = 60_000;
/** KILL comes three seconds after TERM (`container/workers.sh`), and the container looks every two seconds. */
const STOPPING_MS = 5_000;
/** S3's times have whole seconds. */
const ROUNDING_MS = 1_000;

/** The longest time from a holder's last renewal to the end of its job. */
export const LONGEST_AFTER_RENEWAL_MS = TRUST_MS + SILENCE_MS + SILENCE_MS + STOPPING_MS + ROUNDING_MS;
