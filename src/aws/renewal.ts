/** Keys that end, as an AWS client takes them. */
export interface TemporaryCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

export interface RenewalOptions<C extends TemporaryCredentials> {
  readonly fetch: () => Promise<C>;
  readonly now: () => number;
  /** Told when new keys could not be had, while those at hand are good until `end` (milliseconds since the epoch). */
  readonly onDelay: (error: unknown, end: number) => void;
}

/** How long before their end keys are renewed at the earliest: as the SDK does it. */
const EARLY_MS = 300_000;
/** How long before their end keys are no longer used where there are others: a request that is under way then is refused. */
const LATE_MS = 60_000;

/**
 * A provider that all clients share. It fetches new keys when a quarter of the life of the old ones is left, five minutes
 * at most. No request waits for the new ones before an eighth is left, one minute at most. While the old ones are good a
 * refusal ends nothing.
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
  return async () => {
    if (held !== undefined && now() < held.due) return held.keys;
    fetching ??= renew().finally(() => (fetching = undefined));
    if (held === undefined || now() >= held.end) return await fetching;
    const { keys, late, end } = held;
    const next = fetching.catch((error: unknown) => {
      onDelay(error, end);
      return keys;
    });
    return now() < late ? keys : await next;
  };
}
