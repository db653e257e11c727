import { logRetention } from "../aws/s3-retention.ts";
import type { ObjectName, S3 } from "../aws/s3.ts";
import { asFailure } from "../errors.ts";
import type { Log } from "../log.ts";

interface OldVersionsOptions {
  readonly claim: ObjectName;
  readonly s3: Pick<S3, "deleteVersion">;
  readonly log: Log;
}

/**
 * The versions of a claim before its latest one, in a bucket with versioning. They are deleted while the claim is
 * renewed.
 */
export class OldVersions {
  readonly #options: OldVersionsOptions;
  readonly #pending: string[] = [];
  #kept = false;

  constructor(options: OldVersionsOptions) {
    this.#options = options;
  }

  /** Deletes this version and those that could not be deleted before. Never rejects. */
  async remove(versionId: string | undefined): Promise<void> {
    const { claim, s3, log } = this.#options;
    if (versionId !== undefined && versionId !== "null") this.#pending.push(versionId);
    try {
      for (let [next] = this.#pending; next !== undefined && !this.#kept; [next] = this.#pending) {
        const kept = await s3.deleteVersion(claim, next);
        logRetention(log, claim, kept);
        if (kept === undefined) this.#pending.shift();
        else this.#kept = true;
      }
    } catch (error) {
      log.debug(`An old version of the claim is still there: ${asFailure(error).seen}`);
    }
  }

  async areGone(): Promise<boolean> {
    await this.remove(undefined);
    return this.#pending.length === 0;
  }
}
