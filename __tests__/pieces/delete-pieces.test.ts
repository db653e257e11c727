import { deletePieces } from "../../src/pieces/delete-pieces.ts";
import type { RetentionReason } from "../../src/aws/s3.ts";
import { Failure } from "../../src/errors.ts";
import { undoPieces } from "../../src/undo/undo-pieces.ts";
import { cleanUp, type CleanupOptions } from "../../src/undo/cleanup.ts";
import { Ledger, type LedgerEntry } from "../../src/undo/ledger.ts";
import { Listener } from "../helpers/listener.ts";
import { SleeplessClock } from "../helpers/stepped-clock.ts";

const denied = new Failure("access-denied", { failed: "", seen: "AccessDenied", advice: "" });
const PIECES = { kind: "pieces", bucket: "b", owner: undefined, prefix: "f/", next: 3 } as const;

/** A bucket with these objects in the folder `f/`. */
class Bucket {
  readonly objects: Set<string>;
  /** Whether S3 tells a missing object from a denied one: s3:ListBucket. */
  mayList = true;
  calls = 0;

  constructor(...names: readonly (string | number)[]) {
    this.objects = new Set(names.map((name) => `f/${name}`));
  }

  readonly s3 = {
    deleteObjects: (_: unknown, keys: readonly string[]) => {
      this.calls += 1;
      for (const key of keys) this.objects.delete(key);
      return Promise.resolve(new Map<string, RetentionReason>());
    },
    deleteObject: ({ key }: { key: string }) => Promise.resolve(void this.objects.delete(key)),
    getVersion: ({ key }: { key: string }) => {
      if (this.objects.has(key))
        return Promise.resolve({ bytes: Buffer.alloc(0), etag: "", age: 0, modified: 0 });
      return this.mayList ? Promise.resolve(undefined) : Promise.reject(denied);
    },
  };
}

describe("the deletion of pieces", () => {
  it.each([true, false])(
    "takes those that were read, those that were not, and the heartbeat (s3:ListBucket: %s)",
    async (mayList) => {
      const bucket = new Bucket(0, 1, 2, 3, 4, "alive", "control");
      bucket.mayList = mayList;
      expect(await deletePieces(PIECES, { s3: bucket.s3, log: new Listener() })).toBe(5);
      // The container may still have to read it.
      expect([...bucket.objects]).toEqual(["f/control"]);
    },
  );

  it("passes over one missing piece, and stops at two", async () => {
    const bucket = new Bucket(4, 7);
    expect(await deletePieces(PIECES, { s3: bucket.s3, log: new Listener() })).toBe(5);
    expect([...bucket.objects]).toEqual(["f/7"]);
  });

  it("takes all that were read in one call, and all others in another one", async () => {
    const bucket = new Bucket(...Array.from({ length: 120 }, (_, number) => number));
    await deletePieces({ ...PIECES, next: 100 }, { s3: bucket.s3, log: new Listener() });
    expect([bucket.calls, bucket.objects.size]).toEqual([2, 0]);
  });
});

describe("the cleanup of pieces", () => {
  async function cleanUpPieces(end: "read" | "taken" | undefined, patient: boolean, late?: number) {
    const bucket = new Bucket(0, 1, 2, "alive");
    const clock = new SleeplessClock();
    const began = clock.now();
    const changed: (LedgerEntry | "dropped")[] = [];
    const ledger = {
      exchange: (_: LedgerEntry, other: LedgerEntry) => void changed.push(other),
      drop: () => void changed.push("dropped"),
    };
    const sleep = clock.sleep.bind(clock);
    clock.sleep = (ms, signal) => {
      if (late !== undefined && clock.now() - began >= 6_000) bucket.objects.add(`f/${late}`);
      return sleep(ms, signal);
    };
    const entry = { ...PIECES, ...(end !== undefined && { end }) };
    await undoPieces(entry, ledger, { s3: bucket.s3, log: new Listener(), clock, patient });
    return { left: [...bucket.objects], changed, waited: clock.now() - began };
  }

  it("is over when the last piece was read", async () => {
    expect(await cleanUpPieces("read", false)).toEqual({ left: [], changed: ["dropped"], waited: 0 });
  });

  it.each(["taken", undefined] as const)(
    "is left to the post step, too, when the last piece was not read: %s",
    async (end) => {
      const { left, changed } = await cleanUpPieces(end, false);
      expect(left).toEqual([]);
      expect(changed).toMatchObject([{ kind: "pieces", next: 3 }]);
    },
  );

  it("does not wait, in the post step, for a container that has ended its uploads", async () => {
    expect(await cleanUpPieces("taken", true)).toEqual({ left: [], changed: ["dropped"], waited: 0 });
  });

  it("deletes in the post step a `control`, too, that main has sent before it was killed", async () => {
    const bucket = new Bucket(0, "alive");
    const clock = new SleeplessClock();
    const sleep = clock.sleep.bind(clock);
    clock.sleep = (ms, signal) => {
      bucket.objects.add("f/control");
      return sleep(ms, signal);
    };
    const undo: LedgerEntry[] = [{ kind: "control", bucket: "b", key: "f/control" }, PIECES];
    const ledger = new Ledger({ region: "eu-west-1", undo }, () => undefined);
    const aws = { s3: bucket.s3, clients: {} } as unknown as CleanupOptions["aws"];
    await cleanUp(ledger, { aws, clock, log: new Listener(), reason: "", patient: true });
    expect([[...bucket.objects], ledger.entries]).toEqual([[], []]);
  });

  it("waits, in the post step, for the last words of a job that was told to stop", async () => {
    const { left, changed, waited } = await cleanUpPieces(undefined, true, 3);
    expect([left, changed]).toEqual([[], ["dropped"]]);
    expect(waited).toBeGreaterThanOrEqual(10_000);
  });
});
