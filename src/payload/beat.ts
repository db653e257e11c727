/**
 * The beat: the one sign of life of a runner to the container of its job. `container/beat.sh` has the ages by which the container judges it,
 * and a test compares both.
 */

/** How often a runner types `here BYTE` into its session. */
export const BEAT_EVERY_MS = 5_000;
/** How often a runner that follows by S3 writes `control`. The container reads that every 30 s, and finds a new one each time. */
export const CONTROL_EVERY_MS = 20_000;
/** The age at which the container takes the reader of a session for lost: another job ends that session, and another step may attach. */
export const LOST_MS = 40_000;
/** The age at which an attacher ends its own session, and at which the job of a lock is stopped, or is not begun. */
export const SILENCE_MS = 90_000;
/** After this time a session that was lost has surely ended, though the exec agent was slow. */
export const SESSION_OVER_MS = SILENCE_MS + 30_000;
