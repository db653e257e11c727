import { deletePieces, type UploadedPieces } from "../../../src/carriers/pieces/delete-pieces.ts";
import type { RetentionReason } from "../../../src/aws/s3.ts";
import { Failure } from "../../../src/errors.ts";
import { undoPieces } from "../../../src/undo/undo-pieces.ts";
import { cleanUp, type CleanupOptions } from "../../../src/undo/cleanup.ts";
import { Ledger, type LedgerEntry } from "../../../src/undo/ledger.ts";
import { Listener } from "../../helpers/listener.ts";
import { SleeplessClock } from "../../helpers/stepped-clock.ts";

const denied = new Failure("access-denied", { failed: "", seen: "AccessDenied", advice: "" });
const PIECES = { kind: "pieces", bucket: "b", owner: undefined, prefix: "f/", next: 3 } as const;

/** A bucket with these objects in the folder `f/`. */
class Bucket {
  readonly objects: Set<string>;
  /** Whether S3 tells a missing object from a denied one: s3:ListBucket. */
  mayList = true;
  calls = 0;
  /** How many objects a call leaves because the time is over. */
  left = 0;
  readonly looks: string[] = [];
  mostAtOnce = 0;
  #atOnce = 0;

  constructor(...names: readonly (string | number)[]) {
    this.objects = new Set(names.map((name) => `f/${name}`));
  }

  readonly s3 = {
    deleteObjects: (_: unknown, keys: readonly string[]) => {
      this.calls += 1;
      for (const key of keys) this.objects.delete(key);
      return Promise.resolve({ kept: new Map<string, RetentionReason>(), left: this.left });
    },
    deleteObject: ({ key }: { key: string }) => Promise.resolve(void this.objects.delete(key)),
    getVersion: async ({ key }: { key: string }) => {
      this.looks.push(key);
      this.mostAtOnce = Math.max(this.mostAtOnce, (this.#atOnce += 1));
      await Promise.resolve();
      this.#atOnce -= 1;
      if (this.objects.has(key))
        return Promise.resolve({ bytes: Buffer.alloc(0), etag: "", age: 0, modified: 0 });
      return this.mayList ? Promise.resolve(undefined) : Promise.reject(denied);
    },
  };
}

const context = (bucket: Bucket) => ({ s3: bucket.s3, log: new Listener(), clock: new SleeplessClock() });
const EVER = { until: Infinity };
const numbered = (count: number, name = ""): string[] =>
  Array.from({ length: count }, (_, number) => `${name}${number}`);

describe("the deletion of pieces", () => {
  it.each([true, false])(
    "takes those that were read, those that were not, and the heartbeat (s3:ListBucket: %s)",
    async (mayList) => {
      const bucket = new Bucket(0, 1, 2, 3, 4, "alive", "control");
      bucket.mayList = mayList;
      expect(await deletePieces(PIECES, context(bucket), EVER)).toMatchObject({ next: 5 });
      // The container may still have to read it.
      expect([...bucket.objects]).toEqual(["f/control"]);
    },
  );

  it("passes over missing pieces, and stops at many", async () => {
    const bucket = new Bucket(4, 7, 50);
    expect(await deletePieces(PIECES, context(bucket), EVER)).toMatchObject({ next: 8 });
    expect([...bucket.objects]).toEqual(["f/50"]);
  });

  it("takes all that were read in one call, and all others in another one", async () => {
    const bucket = new Bucket(...numbered(120));
    await deletePieces({ ...PIECES, next: 100 }, context(bucket), EVER);
    expect([bucket.calls, bucket.objects.size]).toEqual([2, 0]);
  });

  it("takes parts of artifacts, those that were read and those that were not, and looks for none without artifacts", async () => {
    const bucket = new Bucket(...numbered(3), ...numbered(9, "part."));
    expect(await deletePieces({ ...PIECES, parts: 4 }, context(bucket), EVER)).toEqual({ next: 3, parts: 9 });
    expect([...bucket.objects]).toEqual([]);
    await deletePieces(PIECES, context(bucket), EVER);
    expect(bucket.looks.filter((key) => key.includes("part")).length).toBeLessThanOrEqual(40);
    const other = new Bucket(...numbered(3));
    await deletePieces(PIECES, context(other), EVER);
    expect(other.looks).toEqual(["f/3", "f/4"]);
  });

  it.each([
    [999, 0],
    [1_000, 0],
    [1_001, 1],
    [20_000, 19_000],
  ])(
    "of %s planted objects behind the last one it looks for 1,000, many at once: %s stay",
    async (count, left) => {
      const bucket = new Bucket(...numbered(count + 3));
      await deletePieces(PIECES, context(bucket), EVER);
      expect(bucket.objects.size).toBe(left);
      expect(bucket.looks.length).toBeLessThanOrEqual(1_000);
      expect(bucket.mostAtOnce).toBe(16);
    },
  );

  it("ends when its time is over, and says how many objects are left", async () => {
    const bucket = new Bucket();
    bucket.left = 501;
    await expect(deletePieces(PIECES, context(bucket), EVER)).rejects.toThrow("up to 501 objects are left");
  });

  it("looks for no more objects when its time is over", async () => {
    const bucket = new Bucket(...numbered(500));
    const clock = new SleeplessClock();
    const until = clock.now() + 60_000;
    const getVersion = async (object: { key: string }) => {
      await clock.sleep(1_000);
      return await bucket.s3.getVersion(object);
    };
    const late = { ...context(bucket), clock, s3: { ...bucket.s3, getVersion } };
    await expect(deletePieces(PIECES, late, { until })).rejects.toThrow("The time for it is over.");
    expect(bucket.looks.length).toBeLessThanOrEqual(60 + 16);
  });
});

describe("the cleanup of pieces", () => {
  const STORED = 300;

  async function cleanUpPieces(
    end: UploadedPieces["end"],
    patient: boolean,
    late?: number,
    { isUnreached = false, after = 6_000 } = {},
  ) {
    const bucket = new Bucket(0, 1, 2, "alive");
    const clock = new SleeplessClock();
    const began = clock.now();
    const changed: (LedgerEntry | "dropped")[] = [];
    const ledger = {
      entries: [],
      exchange: (_: LedgerEntry, other: LedgerEntry) => void changed.push(other),
      drop: () => void changed.push("dropped"),
    };
    const sleep = clock.sleep.bind(clock);
    clock.sleep = (ms, signal) => {
      if (late !== undefined && clock.now() - began >= after) bucket.objects.add(`f/${late}`);
      return sleep(ms, signal);
    };
    const storedAt = end === "closed" ? began + STORED : undefined;
    const entry = { ...PIECES, ...(end !== undefined && { end, storedAt }) };
    await undoPieces(entry, ledger, { s3: bucket.s3, log: new Listener(), clock, patient, isUnreached });
    return { left: [...bucket.objects], changed, waited: clock.now() - began };
  }

  it("is over when the last piece was read", async () => {
    expect(await cleanUpPieces("read", false)).toEqual({ left: [], changed: ["dropped"], waited: 0 });
  });

  it("is over, a moment later, when the container has ended its uploads and closed the session that took its end", async () => {
    expect(await cleanUpPieces("closed", false)).toEqual({ left: [], changed: ["dropped"], waited: STORED });
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

  it.each([
    [false, 300, []],
    [true, 0, ["control"]],
  ])(
    "gives the container the time to read that its end was taken, in the main step, so that nothing is left for the post step (at a cancel: %s)",
    async (early, waited, left) => {
      const clock = new SleeplessClock();
      const began = clock.now();
      const bucket = new Bucket("control");
      const undo: LedgerEntry[] = [{ kind: "control", bucket: "b", key: "f/control", freeAt: began + 300 }];
      const ledger = new Ledger({ region: "eu-west-1", undo }, () => undefined);
      const aws = { s3: bucket.s3, clients: {} } as unknown as CleanupOptions["aws"];
      await cleanUp(ledger, { aws, clock, log: new Listener(), reason: "", early });
      expect([clock.now() - began, ledger.entries.map(({ kind }) => kind)]).toEqual([waited, left]);
    },
  );

  it("waits, in the post step, for the last words of a job that was told to stop", async () => {
    const { left, changed, waited } = await cleanUpPieces(undefined, true, 3);
    expect([left, changed]).toEqual([[], ["dropped"]]);
    expect(waited).toBeGreaterThanOrEqual(10_000);
  });

  it("waits longer, in the post step, when only `control` can have told the job", async () => {
    const { left, changed } = await cleanUpPieces(undefined, true, 3, { isUnreached: true, after: 40_000 });
    expect([left, changed]).toEqual([[], ["dropped"]]);
  });

  it("keeps `control`, in the post step, until the job of a stop command that may be in line has surely read it", async () => {
    const bucket = new Bucket(0, "alive", "control");
    const clock = new SleeplessClock();
    const began = clock.now();
    const sleep = clock.sleep.bind(clock);
    let heldFor = 0;
    clock.sleep = (ms, signal) => {
      if (bucket.objects.has("f/control")) heldFor = clock.now() - began;
      return sleep(ms, signal);
    };
    const undo: LedgerEntry[] = [
      {
        ...{ kind: "job", run: "1", sessionTarget: "t", cluster: "c", task: "t", container: "a" },
        ...{ runtimeId: "r", told: "perhaps" },
      },
      { kind: "control", bucket: "b", key: "f/control" },
      PIECES,
    ];
    const ledger = new Ledger({ region: "eu-west-1", undo }, () => undefined);
    const aws = { s3: bucket.s3, clients: {} } as unknown as CleanupOptions["aws"];
    const log = new Listener();
    await cleanUp(ledger, { aws, clock, log, reason: "", patient: true });
    expect(heldFor).toBeGreaterThanOrEqual(40_000);
    expect([[...bucket.objects], ledger.entries]).toEqual([[], []]);
    expect(log.lines.join()).not.toContain("Stopping the job");
  });

  it.each([
    [undefined, ["pieces", "control"]],
    ["taken", ["pieces"]],
  ] as const)(
    "leaves `control`, which may still have to tell the container of a cancel, to the post step (the end: %s)",
    async (end, left) => {
      const bucket = new Bucket(0, "alive", "control");
      const undo: LedgerEntry[] = [
        { ...PIECES, ...(end !== undefined && { end }) },
        { kind: "control", bucket: "b", key: "f/control" },
      ];
      const ledger = new Ledger({ region: "eu-west-1", undo }, () => undefined);
      const aws = { s3: bucket.s3, clients: {} } as unknown as CleanupOptions["aws"];
      await cleanUp(ledger, { aws, clock: new SleeplessClock(), log: new Listener(), reason: "" });
      expect(ledger.entries.map(({ kind }) => kind)).toEqual(left);
      expect(bucket.objects.has("f/control")).toBe(end === undefined);
    },
  );
});
