import { asFailure } from "../errors.ts";
import type { Log } from "../log.ts";
import { isVersion } from "./s3-deletes.ts";
import { logRetention } from "./s3-retention.ts";
import type { ObjectName, S3 } from "./s3.ts";

interface OldVersionsOptions {
  readonly object: ObjectName;
  readonly s3: Pick<S3, "deleteVersion">;
  readonly log: Log;
}

/** The versions of one object that this run has replaced, in a bucket with versioning. Otherwise there are none. */
export class OldVersions {
  readonly #options: OldVersionsOptions;
  readonly #pending: string[] = [];
  #deleting: Promise<void> = Promise.resolve();
  #kept = false;

  constructor(options: OldVersionsOptions) {
    this.#options = options;
  }

  /** Deletes this version and those that could not be deleted before. Never rejects. */
  async remove(versionId: string | undefined): Promise<void> {
    if (isVersion(versionId)) this.#pending.push(versionId);
    await (this.#deleting = this.#deleting.then(() => this.#delete()));
  }

  /** Tries once more. True when no version is left. */
  async areGone(): Promise<boolean> {
    await this.remove(undefined);
    return this.#pending.length === 0;
  }

  async #delete(): Promise<void> {
    const { object, s3, log } = this.#options;
    try {
      for (let [next] = this.#pending; next !== undefined && !this.#kept; [next] = this.#pending) {
        const kept = await s3.deleteVersion(object, next);
        logRetention(log, object, kept);
        if (kept === undefined) this.#pending.shift();
        else this.#kept = true;
      }
    } catch (error) {
      log.debug(`An old version of '${object.key}' is still there: ${asFailure(error).seen}`);
    }
  }
}
