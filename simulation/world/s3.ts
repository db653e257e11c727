import { hash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { Base, Caller } from "./base.ts";
import { BUCKET } from "./names.ts";
import { accessDenied, AwsError, expiredToken } from "./aws-error.ts";

/** One version of an object. */
export interface Version {
  readonly key: string;
  readonly bytes: Buffer;
  readonly etag: string;
  /** Undefined in a bucket without versioning. */
  readonly versionId: string | undefined;
  readonly modified: number;
  readonly isMarker: boolean;
}

export interface Conditions {
  readonly ifMatch?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
}

/** What a presigned request may do, and until when. */
interface Signed {
  readonly kind: "get" | "post";
  /** The key, or the beginning of the keys. */
  readonly key: string;
  readonly until: number;
  /** Whose credentials have signed it, and until when AWS takes keys of a role's session. */
  readonly signer: string;
  readonly keysUntil: number | undefined;
}

/** The bucket of this world: versions, conditions, presigned requests. */
export class Bucket {
  readonly name = BUCKET;
  /** All versions of each key, the oldest first. */
  readonly versions = new Map<string, Version[]>();
  /** Every version that was ever written. */
  readonly written: Version[] = [];
  readonly #base: Base;
  readonly #signed = new Map<string, Signed>();
  #count = 0;

  constructor(base: Base) {
    this.#base = base;
  }

  get(key: string, versionId?: string): Version {
    const found =
      versionId === undefined
        ? this.current(key)
        : this.versions.get(key)?.find((each) => each.versionId === versionId);
    if (found !== undefined) return found;
    if (!this.#base.options.mayList) throw accessDenied("s3:GetObject", key);
    throw new AwsError("NoSuchKey", 404, "The specified key does not exist.");
  }

  current(key: string): Version | undefined {
    const newest = this.versions.get(key)?.at(-1);
    return newest?.isMarker === true ? undefined : newest;
  }

  put(key: string, bytes: Uint8Array, { ifMatch, ifNoneMatch }: Conditions = {}): Version {
    const current = this.current(key);
    if (ifNoneMatch !== undefined && current !== undefined) throw preconditionFailed();
    if (ifMatch !== undefined) {
      if (current === undefined) throw new AwsError("NoSuchKey", 404, "The specified key does not exist.");
      if (current.etag !== ifMatch) throw preconditionFailed();
    }
    const version: Version = {
      key,
      bytes: Buffer.from(bytes),
      // The same for the same bytes, as S3's is. A digest of a payload would take longer than all else of a call.
      etag: `"${crc32(bytes).toString(16).padStart(8, "0")}-${bytes.length}"`,
      versionId: this.#newVersion(),
      modified: this.#second(),
      isMarker: false,
    };
    this.#add(version);
    this.written.push(version);
    return version;
  }

  /** Deletes the object, or a version of it. */
  delete(
    key: string,
    {
      versionId,
      ifMatch,
    }: { readonly versionId?: string | undefined; readonly ifMatch?: string | undefined },
  ): { readonly marker: string | undefined } {
    const current = this.current(key);
    if (versionId !== undefined) {
      const kept = (this.versions.get(key) ?? []).filter((each) => each.versionId !== versionId);
      if (ifMatch !== undefined && current?.versionId !== versionId) throw preconditionFailed();
      this.#set(key, kept);
      return { marker: undefined };
    }
    if (ifMatch !== undefined) {
      if (current === undefined) throw new AwsError("NoSuchKey", 404, "The specified key does not exist.");
      if (ifMatch !== "*" && current.etag !== ifMatch) throw preconditionFailed();
    }
    if (!this.#base.options.isVersioned) {
      this.#set(key, []);
      return { marker: undefined };
    }
    const marker: Version = {
      ...{ key, bytes: Buffer.alloc(0), etag: '""', modified: this.#second() },
      ...{ versionId: this.#newVersion(), isMarker: true },
    };
    this.#add(marker);
    return { marker: marker.versionId };
  }

  /** Signs a request. The result stands in its address or in its form. */
  sign({ name, keysUntil }: Caller, kind: Signed["kind"], key: string, seconds: number): string {
    const signature = hash("sha256", `${kind} ${key} ${this.#count++}`, "hex");
    this.#signed.set(signature, {
      kind,
      key,
      signer: name,
      keysUntil,
      until: this.#base.time.now + seconds * 1000,
    });
    return signature;
  }

  /** Whether this runner has signed forms by which the object can be written. */
  hasSignedForms(runner: string, key: string): boolean {
    return [...this.#signed.values()].some(
      ({ kind, signer, key: folder }) => kind === "post" && signer === runner && key.startsWith(folder),
    );
  }

  /** Takes a presigned request. Fails as S3 does. */
  check(kind: Signed["kind"], key: string, signature: string): void {
    const signed = this.#signed.get(signature);
    const isFor = kind === "get" ? signed?.key === key : key.startsWith(signed?.key ?? "?");
    if (signed?.kind !== kind || !isFor) throw accessDenied("s3:GetObject", key);
    if (this.#base.areCredentialsOver(signed.signer, signed.keysUntil)) throw expiredToken("s3:");
    if (this.#base.time.now >= signed.until)
      throw new AwsError(
        "AccessDenied",
        403,
        kind === "get" ? "Request has expired" : "Invalid according to Policy: Policy expired.",
      );
  }

  #newVersion(): string | undefined {
    return this.#base.options.isVersioned ? `v${String(this.#count++).padStart(8, "0")}` : undefined;
  }

  /** S3 tells times in seconds. */
  #second(): number {
    return Math.floor(this.#base.time.now / 1000) * 1000;
  }

  #add(version: Version): void {
    const before = this.#base.options.isVersioned ? (this.versions.get(version.key) ?? []) : [];
    this.#set(version.key, [...before, version]);
  }

  #set(key: string, versions: Version[]): void {
    if (versions.length === 0) this.versions.delete(key);
    else this.versions.set(key, versions);
  }
}

function preconditionFailed(): AwsError {
  return new AwsError(
    "PreconditionFailed",
    412,
    "At least one of the pre-conditions you specified did not hold",
  );
}
