import type { RetentionReason } from "../../src/aws/s3.ts";
import type {
  ConditionalDeletion,
  ObjectName,
  ObjectVersion,
  StoredVersion,
  WrittenObject,
} from "../../src/aws/s3.ts";
import type { QueueS3 } from "../../src/queue/queue-object.ts";
import type { Clock } from "../../src/clock.ts";
import { Failure } from "../../src/errors.ts";

type Operation = "GetObject" | "PutObject" | "DeleteObject" | "DeleteObjectVersion";

export function accessDenied(action: string): Failure {
  return new Failure("access-denied", {
    failed: `Access denied: the credentials have no right to ${action}.`,
    seen: "AccessDenied",
    advice: `Allow '${action}'.`,
  });
}

interface StoredObject extends StoredVersion {
  readonly bytes: Uint8Array;
  at: number;
}

export interface WrittenClaim {
  readonly run: string;
  readonly state: "holds" | "waits";
  readonly url?: string;
  readonly session?: string;
  readonly sessions?: number;
  readonly shares?: boolean;
  readonly since?: string;
  readonly renewed?: string;
}

/**
 * S3 as far as queues need it. Conditions are honoured, and calls fail when the test says so. With versioning
 * a deleted version brings back the one below it, and a delete without a version puts a marker on top.
 */
export class Bucket implements QueueS3 {
  /** The current versions. */
  readonly objects = new Map<string, StoredObject>();
  /** The versions below the current ones, the newest first. */
  readonly below = new Map<string, (StoredObject | "marker")[]>();
  readonly calls: Operation[] = [];
  versioned = false;
  /** Called after each write. */
  onWrite: () => void = () => undefined;
  readonly #clock: Pick<Clock, "now">;
  #versions = 0;
  #before: (operation: Operation) => Error | undefined = () => undefined;
  #lostAnswers = 0;

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** Sets the function that decides for each call whether it fails. */
  before(decide: (operation: Operation) => Error | undefined): void {
    this.#before = decide;
  }

  /** The next write is done, but answered as refused: its first answer was lost, and the SDK has repeated it. */
  loseAnswer(): void {
    this.#lostAnswers += 1;
  }

  /** The claims of the queue; empty when there is none. */
  claims(): readonly WrittenClaim[] {
    const [object] = this.objects.values();
    if (object === undefined) return [];
    return (JSON.parse(Buffer.from(object.bytes).toString()) as { claims: WrittenClaim[] }).claims;
  }

  /** The runs that hold a seat. */
  holders(): readonly string[] {
    return this.claims().flatMap(({ run, state }) => (state === "holds" ? [run] : []));
  }

  /** The runs in line, the next one first. */
  waiting(): readonly string[] {
    return this.claims().flatMap(({ run, state }) => (state === "waits" ? [run] : []));
  }

  /** Versions that were not deleted, the current one first. */
  versionsOf(key: string): readonly (StoredObject | "marker")[] {
    const current = this.objects.get(key);
    return [...(current === undefined ? [] : [current]), ...(this.below.get(key) ?? [])];
  }

  async getVersion({ key }: ObjectName, limit: number): Promise<ObjectVersion | undefined> {
    await this.#called("GetObject");
    const object = this.objects.get(key);
    if (object === undefined) return undefined;
    const bytes = object.bytes.length > limit ? new Uint8Array() : object.bytes;
    // S3's times have whole seconds.
    const [modified, now] = [object.at, this.#clock.now()].map((ms) => Math.floor(ms / 1000) * 1000);
    return { ...object, bytes, modified: modified ?? 0, age: (now ?? 0) - (modified ?? 0) };
  }

  async putIf(
    { key }: ObjectName,
    bytes: Uint8Array,
    expected: { readonly etag: string } | "absent",
  ): Promise<StoredVersion | undefined> {
    await this.#called("PutObject");
    const now = this.objects.get(key);
    if (expected === "absent" ? now !== undefined : now?.etag !== expected.etag) return undefined;
    const number = (this.#versions += 1);
    const version = { etag: `"${number}"`, ...(this.versioned && { versionId: `v${number}` }) };
    if (this.versioned && now !== undefined) this.below.set(key, [now, ...(this.below.get(key) ?? [])]);
    this.objects.set(key, { ...version, bytes, at: this.#clock.now() });
    this.onWrite();
    if (this.#lostAnswers === 0) return version;
    this.#lostAnswers -= 1;
    return undefined;
  }

  async deleteIf({ key }: ObjectName, { etag, versionId }: StoredVersion): Promise<ConditionalDeletion> {
    const kept =
      versionId === undefined ? undefined : await this.deleteVersion({ bucket: "", key }, versionId);
    if (versionId !== undefined && kept === undefined) return { deleted: true, kept };
    await this.#called("DeleteObject");
    if (this.objects.get(key)?.etag !== etag) return { deleted: false, kept };
    this.#hide(key);
    return { deleted: true, kept };
  }

  async deleteVersion({ key }: ObjectName, versionId: string): Promise<RetentionReason | undefined> {
    try {
      await this.#called("DeleteObjectVersion");
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== "access-denied") throw error;
      return { why: "right", right: "s3:DeleteObjectVersion" };
    }
    const below = (this.below.get(key) ?? []).filter(
      (one) => one === "marker" || one.versionId !== versionId,
    );
    if (this.objects.get(key)?.versionId === versionId) {
      this.objects.delete(key);
      const [next] = below;
      if (next !== undefined && next !== "marker") {
        below.shift();
        this.objects.set(key, next);
      }
    }
    this.below.set(key, below);
    return undefined;
  }

  async deleteObject({ key }: WrittenObject): Promise<RetentionReason | undefined> {
    await this.#called("DeleteObject");
    this.#hide(key);
    return undefined;
  }

  #hide(key: string): void {
    const current = this.objects.get(key);
    this.objects.delete(key);
    if (this.versioned && current !== undefined)
      this.below.set(key, ["marker", current, ...(this.below.get(key) ?? [])]);
  }

  async #called(operation: Operation): Promise<void> {
    this.calls.push(operation);
    await Promise.resolve();
    const error = this.#before(operation);
    if (error !== undefined) throw error;
  }
}
