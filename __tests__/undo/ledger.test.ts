import { Ledger, parseState, type SavedState, type LedgerEntry } from "../../src/undo/ledger.ts";

const TASK: LedgerEntry = { kind: "task", cluster: "ci", startedBy: "me", taskArn: undefined };
const FOUND: LedgerEntry = { ...TASK, taskArn: "arn:task" };
const DEFINITION: LedgerEntry = { kind: "task-definition", arn: "arn:definition" };
const OBJECT: LedgerEntry = { kind: "object", bucket: "example-ci", key: "k" };

function ledgerOf(...undo: LedgerEntry[]) {
  const saved: SavedState[] = [];
  return { ledger: new Ledger({ region: "eu-west-1", undo }, (state) => saved.push(state)), saved };
}

describe("a Ledger", () => {
  it("saves what is to be undone at every change, and nothing before the first", () => {
    const { ledger, saved } = ledgerOf();
    expect(saved).toEqual([]);
    ledger.replace(["task"], [TASK]);
    ledger.replace(["object"], [OBJECT]);
    ledger.drop(TASK);
    expect(saved.map(({ undo }) => undo)).toEqual([[TASK], [TASK, OBJECT], [OBJECT]]);
    expect(saved.every(({ region }) => region === "eu-west-1")).toBe(true);
  });

  it("replaces all entries of a kind, and no others", () => {
    const { ledger } = ledgerOf(DEFINITION, TASK, OBJECT);
    ledger.replace(["task", "task-definition"], [FOUND]);
    expect(ledger.entries).toEqual([OBJECT, FOUND]);
    ledger.replace(["task"], []);
    expect(ledger.entries).toEqual([OBJECT]);
  });

  it("is not confused by dropping what it does not hold any more", () => {
    const { ledger } = ledgerOf(TASK);
    ledger.replace(["task"], [FOUND]);
    ledger.drop(TASK);
    expect(ledger.entries).toEqual([FOUND]);
  });
});

describe("the saved state", () => {
  it("is read back as it was", () => {
    const state: SavedState = { region: "eu-west-1", undo: [FOUND, DEFINITION, OBJECT] };
    expect(parseState(JSON.stringify(state))).toEqual(state);
  });

  it("is nothing where main saved nothing", () => {
    expect(parseState("")).toBeUndefined();
  });
});
