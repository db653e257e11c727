/** The signs of life of a job's reader, by each way in which they come, and what their ages mean. Times are in milliseconds. */
export class Beat {
  /** When the reader has typed the last line. */
  typedAt: number | undefined;
  /** When the last new `control` was found, or the reader has said that it goes on by S3. */
  byS3At: number | undefined;

  /** Whether a beat is younger than this: one that was typed, or one by S3. */
  #isYounger(now: number, typedMs: number, byS3Ms: number): boolean {
    return isWithin(this.typedAt, now, typedMs) || isWithin(this.byS3At, now, byS3Ms);
  }

  /** The reader is there: another job may start beside this one. A line counts while the attacher lives that has read it. */
  isThere(now: number, hasAttacher: boolean): boolean {
    return this.#isYounger(now, hasAttacher ? 10_000 : 0, 40_000);
  }

  isLost(now: number): boolean {
    return !this.#isYounger(now, 40_000, 70_000);
  }

  /** Whether the reader may still follow the job by a session. */
  hasSession(now: number): boolean {
    return isWithin(this.typedAt, now, 40_000);
  }

  isSilent(now: number, ms: number): boolean {
    return !this.#isYounger(now, ms, ms);
  }
}

function isWithin(at: number | undefined, now: number, ms: number): boolean {
  return at !== undefined && now - at < ms;
}
