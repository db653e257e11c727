import { sealPiece } from "../../src/carriers/pieces/format.ts";
import { controlBody, newFolder, NO_WORDS } from "../../src/carriers/pieces/orders.ts";
import { Ledger, type LedgerEntry } from "../../src/undo/ledger.ts";
import { undoPieces } from "../../src/undo/undo-pieces.ts";
import { Listener } from "../helpers/listener.ts";
import { SleeplessClock } from "../helpers/stepped-clock.ts";

const PIECES = {
  kind: "pieces",
  bucket: "example-ci",
  owner: undefined,
  prefix: "output/j/",
  next: 1,
} as const;

/** Deletes the output of a job in the post step. The container uploads piece 1 after so many seconds. Resolves with what is left, and how long that took. */
async function undo(pieces: Extract<LedgerEntry, { kind: "pieces" }>, seconds: number, isUnreached = false) {
  const clock = new SleeplessClock();
  const begin = clock.now();
  const deleted = new Map<string, number>();
  const isThere = (key: string): boolean =>
    key.endsWith("/1") && clock.now() >= begin + seconds * 1_000 && !deleted.has(key);
  const ledger = new Ledger({ region: "eu-west-1", undo: [pieces] }, () => undefined);
  await undoPieces(pieces, ledger, {
    s3: {
      getVersion: ({ key }) =>
        Promise.resolve(isThere(key) ? { bytes: Buffer.alloc(0), etag: "", age: 0, modified: 0 } : undefined),
      deleteObjects: (_, keys) => {
        for (const key of keys) if (isThere(key)) deleted.set(key, clock.now());
        return Promise.resolve({ kept: new Map(), left: 0 });
      },
    },
    ...{ clock, log: new Listener(), patient: true, isUnreached },
  });
  return { isDeleted: deleted.size > 0, took: clock.now() - begin, left: ledger.entries };
}

it.each([
  ["in the seconds after it was told to stop", PIECES, 6, false],
  ["until `control` has told it, where nothing else could", PIECES, 40, true],
  [
    "until it is killed, where its container's own command ignores TERM",
    { ...PIECES, isUnheld: true as const },
    32,
    false,
  ],
])("the post step deletes what a container uploads %s", async (_, pieces, seconds, isUnreached) => {
  expect(await undo(pieces, seconds, isUnreached)).toMatchObject({ isDeleted: true, left: [] });
});

it("the post step does not wait for long when a held container has ended its job", async () => {
  expect((await undo(PIECES, 60)).took).toBeLessThanOrEqual(12_000);
});

const [OWN, OTHER] = ["a".repeat(16), "b".repeat(16)];
const SHARED = { ...PIECES, reader: OWN };
const CONTROL = { kind: "control", bucket: "example-ci", owner: undefined, key: "output/j/control" } as const;

/**
 * Cleans up the folder of a job that other steps may follow, too. `readers` are those that `control` names after so many seconds, and how many seconds
 * before that each has said so; undefined: `control` is gone.
 */
async function undoShared(
  readers: (seconds: number) => Readonly<Record<string, number>> | undefined,
  {
    patient = true,
    pieces = SHARED,
  }: { patient?: boolean; pieces?: Extract<LedgerEntry, { kind: "pieces" }> } = {},
) {
  const clock = new SleeplessClock();
  const begin = clock.now();
  const folder = newFolder("", clock.random);
  let deletedAfter: number | undefined;
  let looks = 0;
  const control = (): Buffer | undefined => {
    looks += 1;
    const named = readers((clock.now() - begin) / 1_000);
    if (named === undefined) return undefined;
    const now = Math.floor(clock.now() / 1_000);
    const signs = Object.entries(named).map(([reader, ago]) => [reader, now - Math.floor(ago)] as const);
    const body = controlBody({ ...NO_WORDS, readers: new Map(signs) });
    return sealPiece(folder, { kind: "control", number: 1, begin: 0, body });
  };
  const ledger = new Ledger({ region: "eu-west-1", undo: [pieces, CONTROL] }, () => undefined);
  const log = new Listener();
  const staysForOthers = await undoPieces(pieces, ledger, {
    s3: {
      getVersion: ({ key }) => {
        const bytes = key === CONTROL.key ? control() : undefined;
        return Promise.resolve(bytes && { bytes, etag: "", age: 0, modified: 0 });
      },
      deleteObjects: () => {
        deletedAfter ??= (clock.now() - begin) / 1_000;
        return Promise.resolve({ kept: new Map(), left: 0 });
      },
    },
    ...{ clock, log, patient, isUnreached: false },
  });
  const took = (clock.now() - begin) / 1_000;
  return { staysForOthers, deletedAfter, looks, took, left: ledger.entries.map(({ kind }) => kind) };
}

describe("the post step of a reader that was killed", () => {
  it("deletes the output at once when no other reader is named, or `control` is gone", async () => {
    const expected = { staysForOthers: false, deletedAfter: 0, left: ["control"] };
    expect(await undoShared(() => ({ [OWN]: 10 }))).toMatchObject(expected);
    expect(await undoShared(() => undefined)).toMatchObject(expected);
  });

  it("deletes the output once the other reader has ended, which has left it to the killed one", async () => {
    const readers = (seconds: number) => ({ [OWN]: seconds, ...(seconds < 9 && { [OTHER]: 5 }) });
    expect(await undoShared(readers)).toMatchObject({
      ...{ staysForOthers: false, deletedAfter: 10, left: ["control"] },
    });
  });

  it("deletes the output once the sign of the other reader is old: that one is lost, too", async () => {
    const { deletedAfter, left } = await undoShared((seconds) => ({ [OWN]: seconds, [OTHER]: seconds + 10 }));
    expect([deletedAfter, left]).toEqual([66, ["control"]]);
  });

  it("leaves output and `control` to a reader that goes on and no longer names the killed one", async () => {
    const readers = (seconds: number) => ({ [OTHER]: 5, ...(seconds < 75 && { [OWN]: seconds }) });
    expect(await undoShared(readers)).toMatchObject({
      ...{ staysForOthers: true, deletedAfter: undefined, left: [], took: 76 },
    });
  });

  it("waits for no longer than 95 s, whatever `control` says", async () => {
    const { deletedAfter, took, left } = await undoShared(() => ({ [OWN]: 0, [OTHER]: -9_000 }));
    expect([deletedAfter, left]).toEqual([undefined, []]);
    expect(took).toBeLessThanOrEqual(97);
  });
});

it("a main step that does not know whether others read the output leaves it to its post step, without a wait", async () => {
  expect(await undoShared(() => ({ [OWN]: 5, [OTHER]: 5 }), { patient: false })).toMatchObject({
    ...{ staysForOthers: true, deletedAfter: undefined, took: 0, left: ["pieces", "control"] },
  });
});

it("a main step that a session told of the end leaves the output to its post step, too: a last piece may be on its way to S3", async () => {
  const pieces = { ...PIECES, end: "taken" } as const;
  const { deletedAfter, left } = await undoShared(() => ({}), { patient: false, pieces });
  expect([deletedAfter, left]).toEqual([0, ["pieces", "control"]]);
});

it("the cleanup of a job that no other step can follow does not look at `control`", async () => {
  expect((await undoShared(() => ({ [OTHER]: 5 }), { pieces: PIECES })).looks).toBe(0);
});
