import type { ObjectName, ObjectVersion } from "../../src/aws/s3.ts";
import type { ClaimS3 } from "../../src/admission/claim.ts";
import type { Clock } from "../../src/clock.ts";
import { Failure } from "../../src/errors.ts";

type Operation = "GetObject" | "PutObject" | "DeleteObject";

export function denied(action: string): Failure {
  return new Failure("access-denied", {
    failed: `Access denied: the credentials have no right to ${action}.`,
    seen: "AccessDenied",
    advice: `Allow '${action}'.`,
  });
}

/** S3 as far as claims need it: conditions are honoured, and what fails fails as often as it is told to. */
export class Bucket implements ClaimS3 {
  readonly objects = new Map<string, { readonly bytes: Uint8Array; readonly etag: string; at: number }>();
  readonly calls: Operation[] = [];
  readonly #clock: Clock;
  #versions = 0;
  #before: (operation: Operation) => Error | undefined = () => undefined;
  #lostAnswers = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Decides for each call whether it fails. */
  before(what: (operation: Operation) => Error | undefined): void {
    this.#before = what;
  }

  /** The next write is done, repeated since nobody heard of it, and then refused. */
  loseAnswer(): void {
    this.#lostAnswers += 1;
  }

  /** What a claim says; undefined where there is none. */
  written(): { run: string; url: string; since: string; until: string } | undefined {
    const [object] = this.objects.values();
    return object && (JSON.parse(Buffer.from(object.bytes).toString()) as never);
  }

  async getVersion({ key }: ObjectName): Promise<ObjectVersion | undefined> {
    await this.#called("GetObject");
    const object = this.objects.get(key);
    return object && { ...object, age: this.#clock.now() - object.at };
  }

  async putIf(
    { key }: ObjectName,
    bytes: Uint8Array,
    expected: { readonly etag: string } | "absent",
  ): Promise<string | undefined> {
    await this.#called("PutObject");
    const now = this.objects.get(key)?.etag;
    if (expected === "absent" ? now !== undefined : now !== expected.etag) return undefined;
    const etag = `"${(this.#versions += 1)}"`;
    this.objects.set(key, { bytes, etag, at: this.#clock.now() });
    if (this.#lostAnswers === 0) return etag;
    this.#lostAnswers -= 1;
    return undefined;
  }

  async deleteIf({ key }: ObjectName, etag: string): Promise<boolean> {
    await this.#called("DeleteObject");
    if (this.objects.get(key)?.etag !== etag) return false;
    return this.objects.delete(key);
  }

  async deleteObject({ key }: ObjectName): Promise<void> {
    await this.#called("DeleteObject");
    this.objects.delete(key);
  }

  async #called(operation: Operation): Promise<void> {
    this.calls.push(operation);
    await Promise.resolve();
    const error = this.#before(operation);
    if (error !== undefined) throw error;
  }
}
