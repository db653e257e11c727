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
