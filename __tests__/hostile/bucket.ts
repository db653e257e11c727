import type { ObjectName } from "../../src/aws/s3.ts";

/** A call of S3, by its operation and the key that it is for. */
export interface BucketCall {
  readonly operation: "get" | "put" | "delete";
  readonly key: string;
}

/** A bucket that any principal may write to. It keeps conditions, as S3 does, and each call. */
export class OpenBucket {
  readonly objects = new Map<string, { readonly bytes: Uint8Array; readonly etag: string }>();
  readonly calls: BucketCall[] = [];
  #versions = 0;

  /** As another principal, or a container, writes it. */
  plant(key: string, bytes: Uint8Array): void {
    this.objects.set(key, { bytes, etag: `"${(this.#versions += 1)}"` });
  }

  /** The calls that the action makes. */
  readonly s3 = {
    getVersion: ({ key }: ObjectName, limit: number) => {
      this.#note("get", key);
      const found = this.objects.get(key);
      if (found === undefined) return Promise.resolve(undefined);
      const bytes = found.bytes.length > limit ? new Uint8Array() : Buffer.from(found.bytes);
      return Promise.resolve({ bytes, etag: found.etag, modified: 1_700_000_000_000, age: 0 });
    },
    putObject: ({ key }: ObjectName, bytes: Uint8Array) => {
      this.#note("put", key);
      this.plant(key, bytes);
      return Promise.resolve({ etag: this.objects.get(key)?.etag });
    },
    putIf: ({ key }: ObjectName, bytes: Uint8Array, expected: { readonly etag: string } | "absent") => {
      this.#note("put", key);
      const found = this.objects.get(key);
      const isAsExpected = expected === "absent" ? found === undefined : found?.etag === expected.etag;
      if (!isAsExpected) return Promise.resolve(undefined);
      this.plant(key, bytes);
      return Promise.resolve({ etag: this.objects.get(key)?.etag ?? "" });
    },
    deleteObject: ({ key }: ObjectName) => {
      this.#note("delete", key);
      this.objects.delete(key);
      return Promise.resolve(undefined);
    },
    deleteObjects: (_: unknown, keys: readonly string[]) => {
      for (const key of keys) {
        this.#note("delete", key);
        this.objects.delete(key);
      }
      return Promise.resolve({ kept: new Map(), left: 0 });
    },
    deleteIf: ({ key }: ObjectName, { etag }: { readonly etag: string }) => {
      this.#note("delete", key);
      const deleted = this.objects.get(key)?.etag === etag && this.objects.delete(key);
      return Promise.resolve({ deleted, kept: undefined });
    },
    deleteVersion: ({ key }: ObjectName) => {
      this.#note("delete", key);
      return Promise.resolve(undefined);
    },
    presignGet: ({ key }: ObjectName) => Promise.resolve(`https://b.example/${key}?X-Amz-Signature=0`),
    presignPost: () => Promise.resolve({ url: "https://b.example/", fields: { Policy: "p" } }),
  };

  #note(operation: BucketCall["operation"], key: string): void {
    this.calls.push({ operation, key });
  }
}
