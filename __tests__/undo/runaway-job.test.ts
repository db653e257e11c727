import { Failure, type FailureCode } from "../../src/errors.ts";
import type { JobEnd } from "../../src/carriers/job-end.ts";
import { Ledger, type LedgerEntry } from "../../src/undo/ledger.ts";
import { isRunaway, noteTold } from "../../src/undo/runaway-job.ts";

const failed = (code: FailureCode): JobEnd => ({
  kind: "impossible",
  failure: new Failure(code, { failed: "", seen: "", advice: "" }),
});
const status: JobEnd = { kind: "status", status: { kind: "ended", reason: "exited", workers: [] } };
const lost = (cause?: Failure): JobEnd => ({
  kind: "ended",
  attached: cause === undefined,
  end: { kind: "lost", why: "the network is gone", cause },
});
const closed = (text: string): JobEnd => ({
  kind: "ended",
  attached: false,
  end: { kind: "closed", text },
});
const noKey = new Failure("access-denied", { failed: "", seen: "", advice: "" });

it.each<[string, JobEnd, boolean]>([
  ["has told how it ended", status, false],
  ["was refused", { kind: "refused", code: "download", text: "" }, false],
  ["was cut for good", lost(), true],
  ["could not be reached by a session", failed("session-lost"), true],
  ["could not be reached because the gateway refuses", failed("session-refused"), true],
  ["could not be reached for want of credentials", failed("no-credentials"), true],
  ["could not be reached because others have had its seat", failed("container-busy"), true],
  ["was lost by a mistake of this action", failed("internal-error"), true],
  ["went with its task", failed("task-stopped"), false],
  ["went with its container", failed("container-stopped"), false],
  ["never began, as the container takes no session", failed("container-blocked"), false],
  ["never began, as the runner may not have the key of its session", lost(noKey), false],
  [
    "never began, as the agent may not have the key",
    closed("Fetching data key failed: Unable to start command"),
    false,
  ],
])("a job that %s: whether it may go on", (_, end, left) => {
  expect(isRunaway(end, { cancelled: false, attached: false, uploads: false })).toBe(left);
  const mayRun = left || !["status", "refused"].includes(end.kind);
  expect(isRunaway(end, { cancelled: true, attached: false, uploads: false })).toBe(mayRun);
});

it("a job whose next session is denied is stopped only where it may go on uploading: the stop command is likely to be denied, too", () => {
  const end = failed("access-denied");
  expect(isRunaway(end, { cancelled: false, attached: true, uploads: false })).toBe(false);
  expect(isRunaway(end, { cancelled: false, attached: true, uploads: true })).toBe(true);
});

it("a job that has started may go on when a later session was given up for its encryption", () => {
  const end = lost(new Failure("encryption-mismatch", { failed: "", seen: "", advice: "" }));
  expect(isRunaway(end, { cancelled: false, attached: false, uploads: true })).toBe(false);
  expect(isRunaway(end, { cancelled: false, attached: true, uploads: false })).toBe(true);
});

it.each([
  ["a job that was not reached is to be told by the post step", undefined, "not", undefined],
  ["a job that was told is told no more", undefined, "perhaps", "perhaps"],
  ["a job that was told for certain stays so when it is told again", "certainly", "perhaps", "certainly"],
  ["a job that was told for certain stays so when it is not reached again", "certainly", "not", "certainly"],
] as const)("%s", (_, before, told, after) => {
  const job = { kind: "job", run: "one", ...(before && { told: before }) } as Extract<
    LedgerEntry,
    { kind: "job" }
  >;
  const ledger = new Ledger({ region: "eu-west-1", undo: [job] }, () => undefined);
  noteTold(job, { told }, ledger);
  expect(ledger.entries).toEqual([{ kind: "job", run: "one", ...(after && { told: after }) }]);
});
