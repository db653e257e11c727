/** Keys that expire, in the shape that an AWS client takes. */
export interface TemporaryCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

export interface RenewalOptions<C extends TemporaryCredentials> {
  readonly fetch: () => Promise<C>;
  readonly now: () => number;
  /**
   * Called when new keys could not be fetched, and the old ones are valid until `end`, in milliseconds since the
   * epoch.
   */
  readonly onDelay: (error: unknown, end: number) => void;
}

/** Keys are renewed this long before they expire, at the earliest. The SDK has the same value. */
const EARLY_MS = 300_000;
/**
 * In this last part of their life keys are used only when new ones can't be fetched. AWS refuses a request that arrives
 * after they have expired.
 */
const LATE_MS = 60_000;
/** The pause after a failed fetch, as a share of the time that the old keys are still valid. It spares the sources of keys. */
const PAUSE_SHARE = 1 / 10;
const SHORTEST_PAUSE_MS = 1_000;

/**
 * A credentials provider that all clients share. It fetches new keys in the last five minutes of the old ones, or in the
 * last quarter of their life when that is shorter. Requests wait for new keys only in the last minute, or in the last
 * eighth when that is shorter. While the old keys are valid, a failed fetch only delays the next one: by a tenth of
 * the time that is left, and at least by a second.
 */
export function renewing<C extends TemporaryCredentials>(options: RenewalOptions<C>): () => Promise<C> {
  const { fetch, now, onDelay } = options;
  let held:
    { readonly keys: C; readonly due: number; readonly late: number; readonly end: number } | undefined;
  let fetching: Promise<C> | undefined;
  const renew = async (): Promise<C> => {
    const keys = await fetch();
    const end = keys.expiration?.getTime() ?? Infinity;
    const life = Math.max(0, end - now());
    held = { keys, end, due: end - Math.min(EARLY_MS, life / 4), late: end - Math.min(LATE_MS, life / 8) };
    return keys;
  };
  /** New keys, or the old ones while these are valid and new ones can't be fetched. */
  const renewed = async (): Promise<C> => {
    try {
      return await renew();
    } catch (error) {
      if (held === undefined || now() >= held.end) throw error;
      onDelay(error, held.end);
      const pause = Math.max(SHORTEST_PAUSE_MS, (held.end - now()) * PAUSE_SHARE);
      held = { ...held, due: Math.min(held.end, now() + pause) };
      return held.keys;
    } finally {
      fetching = undefined;
    }
  };
  return async () => {
    if (held !== undefined && now() < held.due) return held.keys;
    fetching ??= renewed();
    if (held === undefined || now() >= held.late) return await fetching;
    // This call has keys. A failure that nobody waits for must not end the process.
    fetching.catch(() => undefined);
    return held.keys;
  };
}
