import { logRetention } from "../aws/s3-retention.ts";
import type { ObjectName, ObjectVersion, S3, StoredVersion } from "../aws/s3.ts";
import type { Log } from "../log.ts";
import { asFailure, isDenied } from "../errors.ts";
import { isRecord } from "../record.ts";
import type { Target } from "../targets/target.ts";
import { OldVersions } from "./old-versions.ts";
import { type Holder, waitUntilFree, type QueueOptions } from "./queue.ts";

/**
 * A claim that was not renewed for so long belongs to a lost run, whose attacher has given up by then: it has had no
 * reader.
 */
const LEASE_MS = 90_000;
const RENEW_EVERY_MS = 30_000;
/**
 * Denied reads in a row after which the right is taken to be missing. Without s3:ListBucket S3 also denies a read of
 * an object that has just been deleted.
 */
const DENIALS = 3;
/** The most bytes of a claim that are read. A claim has a few hundred, most of them the URL. */
export const LARGEST_CLAIM = 4_096;
/**
 * The most versions that are deleted at a release. A run deletes the last version at each renewal, so two are rare.
 */
const MOST_VERSIONS = 10;

export type ClaimS3 = Pick<S3, "getVersion" | "putIf" | "deleteIf" | "deleteObject" | "deleteVersion">;

/** A claim of this run, with all that is needed to give it back. */
export interface ClaimName extends ObjectName {
  /** The id of the run, by which it knows its own claim. */
  readonly run: string;
}

export interface ClaimOptions extends QueueOptions {
  readonly claim: ClaimName;
  /** The workflow run, for the log of the runs that wait. */
  readonly url: string;
  readonly kmsKeyId: string | undefined;
  readonly s3: ClaimS3;
  /** Ends the session that a lapsed claim names, where that is safe. Never rejects. */
  readonly endLostSession: (sessionId: string) => Promise<void>;
}

/**
 * The content of a claim. Its times are by the holder's clock and only shown; the age of a claim is by S3's clock.
 */
interface ClaimRecord {
  readonly run: string;
  readonly url: string;
  readonly since: string;
  readonly until: string;
  /** The last session of the run, from the renewal on that follows its begin. */
  readonly session?: string | undefined;
}

/** The key of the claim on a container's place. */
export function claimKey(
  prefix: string,
  { taskId, container }: Pick<Target, "taskId" | "container">,
): string {
  return `${prefix}claims/${taskId}/${container}.json`;
}

/**
 * Takes the place in the container by a claim: an object in the bucket that only one run can create, and that is
 * renewed until it is given back. Fails with `container-busy` at the deadline, and with `access-denied` where claims
 * may not be read or written; then no claim of this run exists.
 */
export async function holdClaim(options: ClaimOptions): Promise<HeldClaim> {
  const since = new Date(options.clock.now()).toISOString();
  const old = new OldVersions(options);
  let claimed: StoredVersion | undefined;
  await waitUntilFree(async () => {
    const bid = await tryToClaim(options, since, old);
    if ("who" in bid) return bid;
    claimed = bid;
    return undefined;
  }, options);
  const held = new HeldClaim(options, { since, old, version: claimed });
  if (options.signal?.aborted) {
    await held.release();
    options.signal.throwIfAborted();
  }
  return held;
}

/** A claim of this run, renewed every half minute from the start. */
export class HeldClaim {
  readonly #options: ClaimOptions;
  readonly #since: string;
  readonly #old: OldVersions;
  /** Undefined once the claim is another run's, or given back. */
  #version: StoredVersion | undefined;
  #session: string | undefined;
  readonly #over = new AbortController();
  readonly #renewing: Promise<void>;

  constructor(
    options: ClaimOptions,
    claimed: {
      readonly since: string;
      readonly old: OldVersions;
      readonly version: StoredVersion | undefined;
    },
  ) {
    this.#options = options;
    this.#since = claimed.since;
    this.#old = claimed.old;
    this.#version = claimed.version;
    this.#renewing = this.#keepRenewing();
  }

  /** Names the run's session in the claim from the next renewal on, so that the run that takes it over can end it. */
  name(session: string): void {
    this.#session = session;
  }

  /** Stops renewing the claim, so that it ends by itself if no run gives it back. */
  async stop(): Promise<void> {
    this.#over.abort();
    await this.#renewing;
  }

  /** Gives the claim back. Never rejects; false where the claim may still be there. */
  async release(): Promise<boolean> {
    const { claim, log, s3 } = this.#options;
    await this.stop();
    const latest = this.#version;
    this.#version = undefined;
    if (latest === undefined) return true;
    try {
      // Without the latest version an older one would become the current one, if there still is one.
      const expected = (await this.#old.areGone()) ? latest : { etag: latest.etag };
      const { deleted, kept } = await s3.deleteIf(claim, expected);
      logRetention(log, claim, kept);
      if (!deleted) await releaseClaim(s3, claim, log);
      return true;
    } catch (error) {
      log.info(
        `The claim s3://${claim.bucket}/${claim.key} was not given back, it ends by itself after ${LEASE_MS / 1000} s: ${asFailure(error).failed}`,
      );
      return false;
    }
  }

  async #keepRenewing(): Promise<void> {
    const { clock, log } = this.#options;
    for (let isFailing = false; this.#version !== undefined;) {
      try {
        await clock.sleep(RENEW_EVERY_MS, this.#over.signal);
      } catch {
        return; // given back
      }
      try {
        await this.#renew(this.#version);
        isFailing = false;
      } catch (error) {
        if (!isFailing)
          log.info(`The claim on the container's place was not renewed: ${asFailure(error).seen}`);
        isFailing = true;
      }
    }
  }

  async #renew(latest: StoredVersion): Promise<void> {
    this.#version =
      (await put(this.#options, { since: this.#since, session: this.#session }, latest)) ??
      (await own(this.#options));
    if (this.#version === undefined)
      this.#options.log.info("The claim on the container's place was lost to another run; this one goes on.");
    else if (latest.versionId !== this.#version.versionId) await this.#old.remove(latest.versionId);
  }
}

/** Deletes the claim if it still is of its run, with older versions of the same run. A second call does no harm. */
export async function releaseClaim(
  s3: Pick<S3, "getVersion" | "deleteIf">,
  claim: ClaimName,
  log: Log,
): Promise<void> {
  for (let count = 1; count <= MOST_VERSIONS; count += 1) {
    const found = await own({ s3, claim }).catch((error: unknown) => {
      if (!isDenied(error)) throw error;
      log.info(
        `The claim can't be read any more; if it is still there, it ends by itself after ${LEASE_MS / 1000} s. ${error.failed}`,
      );
      return undefined;
    });
    if (found === undefined) return;
    const last = count === MOST_VERSIONS;
    const { deleted, kept } = await s3.deleteIf(claim, last ? { etag: found.etag } : found);
    logRetention(log, claim, kept);
    if (!deleted || kept !== undefined || found.versionId === undefined) return;
  }
}

/** The claim, or its holder. */
async function tryToClaim(
  options: ClaimOptions,
  since: string,
  old: OldVersions,
): Promise<StoredVersion | Holder> {
  const { claim, log, s3 } = options;
  for (let denials = 0; ;) {
    const made = await put(options, { since }, "absent");
    let found;
    try {
      // Read the new claim, too: a run without the right to read could not renew its claim, so it must not keep one.
      found = await s3.getVersion(claim, LARGEST_CLAIM);
    } catch (error) {
      if (made !== undefined) await s3.deleteObject({ ...claim, ...made });
      else if (isDenied(error) && ++denials < DENIALS) continue;
      throw error;
    }
    if (found === undefined) continue; // it was given back just now
    const holder = parse(found.bytes);
    // True also where the answer to the first request was lost, and its repetition found the claim.
    if (holder?.run === claim.run) return found;
    const who = webAddress(holder?.url) ?? "an unknown run";
    if (found.age <= LEASE_MS) return { who, since: momentOf(holder?.since) };
    const taken = await put(options, { since }, found);
    if (taken === undefined) continue; // renewed, or taken by another
    log.info(
      `Took the place of ${who}, which did not renew its claim for ${Math.round(found.age / 1000)} s.`,
    );
    await Promise.all([
      old.remove(found.versionId),
      holder?.session === undefined ? undefined : options.endLostSession(holder.session),
    ]);
    return taken;
  }
}

/** Undefined for what is no time. */
function momentOf(text: string | undefined): number | undefined {
  const ms = text === undefined ? NaN : Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

async function put(
  { claim, clock, kmsKeyId, s3, url }: ClaimOptions,
  holding: Pick<ClaimRecord, "since" | "session">,
  expected: { readonly etag: string } | "absent",
): Promise<StoredVersion | undefined> {
  const until = new Date(clock.now() + LEASE_MS).toISOString();
  const written: ClaimRecord = { run: claim.run, url, until, ...holding };
  return await s3.putIf(claim, Buffer.from(JSON.stringify(written)), expected, { kmsKeyId });
}

async function own({
  s3,
  claim,
}: {
  readonly s3: Pick<S3, "getVersion">;
  readonly claim: ClaimName;
}): Promise<ObjectVersion | undefined> {
  const found = await s3.getVersion(claim, LARGEST_CLAIM);
  return found !== undefined && parse(found.bytes)?.run === claim.run ? found : undefined;
}

/**
 * The texts of a claim; undefined for no claim. Any principal with the right to write to the bucket may have written
 * it, so nothing but these five texts is read.
 */
function parse(bytes: Uint8Array): Partial<ClaimRecord> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString());
    if (!isRecord(value)) return undefined;
    const { run, url, since, until, session } = value;
    return Object.fromEntries(
      Object.entries({ run, url, since, until, session }).filter(([, text]) => typeof text === "string"),
    );
  } catch {
    return undefined; // It ages like any other claim.
  }
}

/** The address in a browser's form; undefined for anything but an https address without credentials. */
function webAddress(text: string | undefined): string | undefined {
  if (text === undefined || !URL.canParse(text)) return undefined;
  const { protocol, username, password, href } = new URL(text);
  return protocol === "https:" && username === "" && password === "" ? href : undefined;
}
