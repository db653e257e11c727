import type { JobContext } from "../../src/job/context.ts";
import { JobPieces } from "../../src/job/job-pieces.ts";
import type { SessionSetup } from "../../src/job/session-setup.ts";
import type { FollowedJob } from "../../src/follow/follow-job.ts";
import type { PieceUse } from "../../src/follow/piece-carriers.ts";
import { Ledger } from "../../src/undo/ledger.ts";
import { Listener } from "../helpers/listener.ts";
import { anInputs } from "../helpers/runs.ts";
import { SteppedClock } from "../helpers/stepped-clock.ts";

const OWNER = "123456789012";

function pieces(pieceUse: PieceUse = "at once", bucket: string | undefined = "example-ci", tasks?: number) {
  let saved = 0;
  const ledger = new Ledger({ region: "eu-west-1", undo: [] }, () => (saved += 1));
  const clock = new SteppedClock();
  const origin = tasks === undefined ? {} : { fanOut: { tasks } };
  const context = {
    inputs: anInputs({ bucket }),
    undoing: { s3: {} },
    clock,
    log: new Listener(),
    ledger,
    origin,
    cancel: new AbortController().signal,
  };
  const place = { isWanted: false, share: () => undefined };
  const prepared = { owner: OWNER, setup: Promise.resolve({ pieceUse } as SessionSetup) };
  const job = new JobPieces(prepared, place, context as unknown as JobContext);
  return { job, place, ledger, clock, saved: () => saved };
}

const followed = (more: Partial<FollowedJob>): FollowedJob => ({
  ...{ end: { kind: "impossible" } as FollowedJob["end"], attached: true, attachedAt: 0, byPieces: false },
  ...more,
});

it.each<[string, PieceUse, PieceUse]>([
  ["a job that lasts", "when the job lasts", "at once"],
  ["a job whose output the session has to carry", "never", "never"],
])(
  "the use of S3 for %s is '%s', and '%s' once another run wants the container",
  async (_, alone, wanted) => {
    const { job, place } = pieces(alone);
    expect(await job.use()).toBe(alone);
    place.isWanted = true;
    expect(await job.use()).toBe(wanted);
  },
);

it.each([
  [undefined, undefined],
  [50, undefined],
  [51, 2_000],
])("the jobs of %s tasks look for pieces with a pause of at most %s ms", (tasks, pause) => {
  const { job } = pieces("at once", "example-ci", tasks);
  expect(job.open().longestPause).toBe(pause);
});

it("records a folder before the container can write to it", () => {
  const { job, ledger } = pieces();
  const { folder } = job.open();
  const name = { bucket: "example-ci", owner: OWNER };
  expect(ledger.entries).toEqual([
    { kind: "pieces", ...name, prefix: folder.prefix, next: 0 },
    { kind: "control", ...name, key: `${folder.prefix}control` },
  ]);
});

it("gives each session that orders an upload a folder of its own, and keeps all on record", () => {
  const { job, ledger } = pieces();
  expect(job.open().folder.prefix).not.toBe(job.open().folder.prefix);
  expect(ledger.entries.map(({ kind }) => kind)).toEqual(["pieces", "control", "pieces", "control"]);
});

it("saves the ledger for few of the pieces that are read, and it always has at least half of them on record", () => {
  const { job, ledger, saved } = pieces();
  const store = job.open();
  const known = () => ledger.entries.flatMap((entry) => (entry.kind === "pieces" ? entry.next : []));
  for (let next = 1; next <= 1_000; next += 1) {
    job.onRead(store, next);
    expect(known()[0]).toBeGreaterThan(next / 2 - 1);
  }
  expect(saved()).toBeLessThan(15);
  job.settle(followed({}));
  expect(ledger.entries[0]).toMatchObject({ next: 1_000 });
});

it.each([
  ["its last piece was read", followed({ byPieces: true }), "read", 3_000],
  [
    "a session has brought the status",
    followed({ end: { kind: "status" } as FollowedJob["end"] }),
    "taken",
    undefined,
  ],
  ["the job may still upload", followed({}), undefined, undefined],
] as const)("tells the cleanup how the uploads have ended when %s", (_, end, how, wait) => {
  const { job, ledger, clock } = pieces();
  job.open();
  job.settle(end);
  const [folder, control] = ledger.entries;
  expect(folder).toMatchObject(how === undefined ? { next: 0 } : { end: how });
  expect("end" in (folder ?? {})).toBe(how !== undefined);
  expect(control).toEqual(
    expect.objectContaining(wait === undefined ? { kind: "control" } : { freeAt: clock.now() + wait }),
  );
});
