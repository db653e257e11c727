import {
  Ledger,
  parseState,
  type SavedPage,
  type SavedState,
  stateKey,
  type LedgerEntry,
} from "../../src/undo/ledger.ts";

const TASK: LedgerEntry = { kind: "task", cluster: "ci", startedBy: "me", taskArn: undefined };
const FOUND: LedgerEntry = { ...TASK, taskArn: "arn:task" };
const DEFINITION: LedgerEntry = { kind: "task-definition", arn: "arn:definition" };
const OBJECT: LedgerEntry = { kind: "object", bucket: "example-ci", key: "k" };

function ledgerOf(...undo: LedgerEntry[]) {
  const saved: SavedPage[] = [];
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

  it("ignores the drop of an entry that it does not hold any more", () => {
    const { ledger } = ledgerOf(TASK);
    ledger.replace(["task"], [FOUND]);
    ledger.drop(TASK);
    expect(ledger.entries).toEqual([FOUND]);
  });
});

describe("the ledger of a thousand jobs", () => {
  const task = (number: number): LedgerEntry => ({
    ...TASK,
    taskArn: `arn:aws:ecs:eu-west-1:123456789012:task/${number}`,
  });
  const object = (number: number): LedgerEntry => ({ ...OBJECT, key: `fargate-exec/${number}` });
  const { ledger, saved } = ledgerOf();
  const tasks = Array.from({ length: 1_000 }, (_, number) => task(number));
  for (let number = 10; number <= 1_000; number += 10) ledger.replace(["task"], tasks.slice(0, number));
  const jobs = tasks.map((_, number) => {
    const part = ledger.part();
    part.replace(["object"], [object(number)]);
    return part;
  });
  jobs[7]?.drop(jobs[7].entries[0] ?? TASK);
  ledger.drop(tasks[500] ?? TASK);
  const kept = Object.fromEntries(saved.map((page) => [stateKey(page), JSON.stringify(page)]));

  it("is read back from its pages", () => {
    const undo = [
      ...tasks.filter((_, at) => at !== 500),
      ...tasks.flatMap((_, at) => (at === 7 ? [] : [object(at)])),
    ];
    expect(parseState({ ...kept, other: "else" })).toEqual({ region: "eu-west-1", undo });
  });

  it("fits the variables by which the runner hands it over, one by one and together", () => {
    const sizes = Object.values(kept).map(({ length }) => length);
    // Linux allows 128 KiB for one, and a quarter of the stack's 8 MiB for all.
    expect(Math.max(...sizes)).toBeLessThan(64 * 1024);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(1024 * 1024);
  });

  it("writes little at each change", () => {
    const written = saved.reduce((sum, page) => sum + JSON.stringify(page).length, 0);
    expect(written / saved.length).toBeLessThan(4 * 1024);
  });
});

describe("the saved state", () => {
  it("is read back as it was", () => {
    const state: SavedState = { region: "eu-west-1", undo: [FOUND, DEFINITION, OBJECT] };
    expect(parseState({ "fargate-exec": JSON.stringify({ ...state, page: 0 }) })).toEqual(state);
  });

  it("is nothing when main saved nothing", () => {
    expect(parseState({})).toBeUndefined();
    expect(parseState({ "fargate-exec": "" })).toBeUndefined();
  });
});
