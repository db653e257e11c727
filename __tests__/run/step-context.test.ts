import { type StepContext, targetContext } from "../../src/run/step-context.ts";
import { Ledger, type LedgerEntry } from "../../src/undo/ledger.ts";

const LOCK = { kind: "lock", bucket: "ci", key: "k", run: "one" } as LedgerEntry;
const TASK = { kind: "task", cluster: "ci", startedBy: "me", taskArn: "arn:task" } as const;

/** What the ledger has once a task beside this entry was told to stop, for a further attempt or since its job has ended. */
function ledgerBeside(other: LedgerEntry): readonly LedgerEntry[] {
  const ledger = new Ledger({ region: "eu-west-1", undo: [other] }, () => undefined);
  const { onUndo } = targetContext({ ledger, aws: {} } as StepContext);
  onUndo([TASK]);
  onUndo([], TASK);
  return ledger.entries;
}

it("a task that is told to stop under a held lock is noted, since its script runs until it has stopped", () => {
  const held = { ...LOCK, held: true } as LedgerEntry;
  expect(ledgerBeside(held)).toEqual([held, { kind: "stopping", cluster: "ci", taskArn: "arn:task" }]);
});

it("a task that is told to stop without a lock leaves nothing to undo", () => {
  expect(ledgerBeside(LOCK)).toEqual([LOCK]);
});
