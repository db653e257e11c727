import { systemClock } from "../../../src/clock.ts";
import type { JobContext } from "../../../src/run/job/context.ts";
import { JobPieces } from "../../../src/run/job/job-pieces.ts";
import { StepBudget } from "../../../src/run/step-budget.ts";
import type { SessionSetup } from "../../../src/run/job/session-setup.ts";
import type { FollowedJob } from "../../../src/carriers/follow-options.ts";
import type { PieceUse } from "../../../src/carriers/upload-orders.ts";
import { sealPiece } from "../../../src/carriers/pieces/format.ts";
import { newFolder, type OrderedFolder } from "../../../src/carriers/pieces/orders.ts";
import { Ledger } from "../../../src/undo/ledger.ts";
import { Listener } from "../../helpers/listener.ts";
import { anInputs, aTarget } from "../../helpers/runs.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";

const OWNER = "123456789012";
const ARTIFACTS = {
  ...{ globs: [], directory: "/-", within: [], maxCount: 1, maxBytes: 1, missing: "warn" as const },
};

/** Any part, sealed by the keys of the folder that was opened last. */
function getPart({ key }: { key: string }) {
  const number = Number(key.split(".").at(-1));
  const bytes = sealPiece(opened ?? newFolder("", systemClock.random), {
    kind: "part",
    number,
    begin: 0,
    body: Buffer.from("x"),
  });
  return Promise.resolve({ bytes, etag: "", age: 0, modified: 0 });
}
let opened: OrderedFolder | undefined;

function pieces(
  pieceUse: PieceUse = "at once",
  bucket: string | undefined = "example-ci",
  tasks?: number,
  hasArtifacts = false,
  answer?: () => Promise<never>,
  target = aTarget(),
  cancel = new AbortController(),
) {
  let saved = 0;
  const ledger = new Ledger({ region: "eu-west-1", undo: [] }, () => (saved += 1));
  const clock = new SteppedClock();
  const origin = tasks === undefined ? {} : { fanOut: { tasks } };
  const context = {
    inputs: anInputs({ bucket, ...(hasArtifacts && { artifacts: ARTIFACTS }) }),
    undoing: { s3: { getVersion: answer ?? getPart } },
    clock,
    log: new Listener(),
    ledger,
    origin,
    target,
    cancel: cancel.signal,
    budget: new StepBudget(),
    env: {},
  };
  const place = { isWanted: false, share: () => undefined };
  const prepared = { owner: OWNER, setup: Promise.resolve({ pieceUse } as SessionSetup) };
  const job = new JobPieces(prepared, place, context as unknown as JobContext);
  return { job, place, ledger, clock, cancel, saved: () => saved };
}

const followed = (more: Partial<FollowedJob>): FollowedJob => ({
  ...{ end: { kind: "impossible" } as FollowedJob["end"], attached: true, attachedAt: 0 },
  ...{ byPieces: false, hasOthers: false, isClosed: false },
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

it("the ledger has the name of the step in the `control` of a folder that other steps may read, too", () => {
  const { job, ledger } = pieces();
  const { job: name, keys } = newFolder("", systemClock.random);
  const { reader } = job.resume({ job: name, keys, writableUntil: 0 });
  expect(reader).toMatch(/^[0-9a-f]{16}$/);
  expect(ledger.entries[0]).toMatchObject({ kind: "pieces", reader });
  expect(job.open().reader).toBeUndefined();
});

it.each([
  [
    "of a task of this run that is not held, which may go on after it was stopped",
    aTarget({ started: true }),
    true,
  ],
  ["of one that is held", aTarget({ started: true, hold: { by: "entry-point" } }), undefined],
  ["of one that was running", aTarget(), undefined],
])("the ledger says of the folder %s", (_, target, expected) => {
  const { job, ledger } = pieces("at once", "example-ci", undefined, false, undefined, target);
  job.open();
  expect(ledger.entries.flatMap((entry) => (entry.kind === "pieces" ? [entry.isUnheld] : []))).toEqual([
    expected,
  ]);
});

it("gives each session that orders an upload a folder of its own, and keeps all on record", () => {
  const { job, ledger } = pieces();
  expect(job.open().folder.prefix).not.toBe(job.open().folder.prefix);
  expect(ledger.entries.map(({ kind }) => kind)).toEqual(["pieces", "control", "pieces", "control"]);
});

it("the ledger has of the parts of artifacts only what the step itself has counted", async () => {
  const { job, ledger } = pieces("at once", "example-ci", undefined, true);
  opened = job.open().folder;
  const known = () => ledger.entries.flatMap((entry) => (entry.kind === "pieces" ? entry.parts : []));
  expect(known()).toEqual([0]);
  for (let number = 0; number < 5; number += 1) {
    await job.readPart(number);
    expect(known()[0]).toBeGreaterThan(number / 2);
  }
  job.settleParts();
  expect(known()).toEqual([5]);
});

it("parts that S3 brings ever more slowly are not waited for longer than ten minutes after the job", async () => {
  const { job, clock } = pieces("at once", "example-ci", undefined, true, () => new Promise(() => undefined));
  job.open();
  let why: unknown;
  void job.readPart(0).catch((error: unknown) => (why = error));
  job.settle(followed({}));
  const began = clock.now();
  await clock.runUntil(() => why !== undefined);
  expect(clock.now() - began).toBeLessThanOrEqual(600_000);
  expect(String(why)).toContain("part 0 of the archive can't be read");
});

it("parts that S3 does not bring are given up some seconds after a cancel", async () => {
  const { job, clock, cancel } = pieces(
    "at once",
    "example-ci",
    undefined,
    true,
    () => new Promise(() => undefined),
  );
  job.open();
  let why: unknown;
  void job.readPart(0).catch((error: unknown) => (why = error));
  cancel.abort();
  const began = clock.now();
  await clock.runUntil(() => why !== undefined);
  expect(clock.now() - began).toBe(5_200);
});

it.each([
  ["has no artifacts", false],
  ["has all its artifacts", true],
])(
  "a cancelled job that %s leaves no wait behind, which would keep the process from its end",
  async (_, has) => {
    const { job, clock, cancel } = pieces("at once", "example-ci", undefined, has);
    opened = job.open().folder;
    const began = clock.now();
    cancel.abort();
    if (has) await job.readPart(0);
    job.settle(followed({}));
    job.settleParts();
    await expect(clock.runUntil(() => false)).rejects.toThrow("nothing sleeps any more");
    expect(clock.now()).toBe(began);
  },
);

it("saves the ledger for few of the pieces that are read, and always has half of them on record, and all but 500", () => {
  const { job, ledger, saved } = pieces();
  const store = job.open();
  const known = () => ledger.entries.flatMap((entry) => (entry.kind === "pieces" ? entry.next : []));
  for (let next = 1; next <= 10_000; next += 1) {
    job.noteRead(store, next);
    expect(known()[0]).toBeGreaterThan(Math.max(next / 2, next - 500) - 1);
  }
  expect(saved()).toBeLessThan(40);
  job.settle(followed({}));
  expect(ledger.entries[0]).toMatchObject({ next: 10_000 });
});

it.each([
  ["its last piece was read", followed({ byPieces: true }), "read", 300],
  [
    "a session has brought the status",
    followed({ end: { kind: "status" } as FollowedJob["end"] }),
    "taken",
    undefined,
  ],
  [
    "the container has closed that session",
    followed({ end: { kind: "status" } as FollowedJob["end"], isClosed: true }),
    "closed",
    undefined,
  ],
  ["the job may still upload", followed({}), undefined, undefined],
  ["its session was closed without a status", followed({ isClosed: true }), undefined, undefined],
] as const)("tells the cleanup how the uploads have ended when %s", (_, end, how, wait) => {
  const { job, ledger, clock } = pieces();
  job.open();
  job.settle(end);
  const [folder, control] = ledger.entries;
  expect(folder).toMatchObject(how === undefined ? { next: 0 } : { end: how });
  const storedAt = how === "closed" ? clock.now() + 300 : undefined;
  expect(folder?.kind === "pieces" ? folder.storedAt : "no folder").toBe(storedAt);
  expect("end" in (folder ?? {})).toBe(how !== undefined);
  expect(control).toEqual(
    expect.objectContaining(wait === undefined ? { kind: "control" } : { freeAt: clock.now() + wait }),
  );
});
