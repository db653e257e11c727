import type { Clock } from "../../src/clock.ts";
import { Failure } from "../../src/errors.ts";
import type { Log } from "../../src/log.ts";
import { openPiece } from "../../src/carriers/pieces/format.ts";
import { newFolder, type OrderedFolder } from "../../src/carriers/pieces/orders.ts";
import type { PieceLimits } from "../../src/carriers/pieces/reader.ts";
import { type PieceS3, PieceStore } from "../../src/carriers/pieces/store.ts";
import { anObject } from "./pieces/folder.ts";

const PUT = { etag: '"1"' };
const denied = new Failure("access-denied", { failed: "", seen: "AccessDenied", advice: "" });
const slow = new Failure("throttled", { failed: "", seen: "SlowDown", advice: "" });

/** The bucket between a job's container and its step. */
export class BucketScene {
  readonly folders: OrderedFolder[] = [];
  readonly objects = new Map<string, Buffer>();
  /** The contents of `control`, in the order in which they were written. */
  readonly controls: { readonly begin: number; readonly words: string }[] = [];
  /** How S3 answers every call. */
  weather: "fine" | "denied" | "slow" = "fine";
  /** Resolves when S3 answers a read of this object. */
  late: (name: string) => Promise<void> = () => Promise.resolve();
  /** When the credentials that sign the upload form end. */
  signature: { readonly credentialsEnd?: number } = {};
  /** What of the job's pieces may be in memory. */
  limits: PieceLimits | undefined;
  readonly #clock: Clock;
  readonly #log: Log;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** A new folder, to be given to a container. */
  open(): PieceStore {
    const folder = newFolder("ci/", this.#clock.random);
    this.folders.push(folder);
    return new PieceStore(folder, {
      limits: this.limits,
      ...{ bucket: "b", owner: undefined, kmsKeyId: undefined, credentialsEnd: undefined },
      s3: this.#s3(folder),
      clock: this.#clock,
      log: this.#log,
    });
  }

  /** The container uploads an object into the folder of the last order. */
  put(kind: "out" | "end" | "alive", number: number, begin: number, body: string): this {
    const folder = this.folders.at(-1);
    if (folder === undefined) throw new Error("there was no order");
    const name = kind === "alive" ? kind : String(number);
    this.objects.set(`${folder.prefix}${name}`, anObject(kind, number, begin, body, folder));
    return this;
  }

  /** Somebody else writes an object into that folder, or deletes it. */
  plant(name: string, bytes: Buffer | undefined): this {
    const key = `${this.folders.at(-1)?.prefix ?? ""}${name}`;
    if (bytes === undefined) this.objects.delete(key);
    else this.objects.set(key, bytes);
    return this;
  }

  #s3(folder: OrderedFolder): PieceS3 {
    const answer = async <T>(value: () => T): Promise<T> => {
      await Promise.resolve();
      if (this.weather === "denied") throw denied;
      if (this.weather === "slow") throw slow;
      return value();
    };
    const keepControl = (bytes: Uint8Array): typeof PUT => {
      const control = openPiece(folder, bytes);
      if (control?.kind !== "control") throw new Error("no control");
      this.controls.push({ begin: control.begin, words: control.body.toString().trim() });
      return PUT;
    };
    return {
      getVersion: async ({ key }, limit) => {
        await this.late(key.slice(folder.prefix.length));
        return await answer(() => {
          const bytes = this.objects.get(key);
          return (
            bytes && {
              bytes: bytes.length > limit ? Buffer.alloc(0) : bytes,
              etag: '"1"',
              age: 0,
              modified: 0,
            }
          );
        });
      },
      putObject: (_, bytes) => answer(() => keepControl(bytes)),
      putIf: ({ key }, bytes, expected) =>
        answer(() => {
          const before = this.objects.get(key);
          if ((before === undefined) !== (expected === "absent")) return undefined;
          this.objects.set(key, Buffer.from(bytes));
          return keepControl(bytes);
        }),
      deleteVersion: () => Promise.resolve(undefined),
      presignGet: () => Promise.resolve("https://b/control"),
      presignPost: () => Promise.resolve({ url: "https://b/", fields: { Policy: "p" }, ...this.signature }),
    };
  }
}
