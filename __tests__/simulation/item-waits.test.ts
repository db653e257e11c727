import { jest } from "@jest/globals";
import { itemStepsOf } from "../../simulation/oracle/items.ts";
import type { ScriptRun } from "../../simulation/container/container.ts";
import { Stock } from "../../simulation/container/stock.ts";
import { groupBy } from "../../soak/items/witness.ts";
import { simulate } from "../../simulation/simulate.ts";
import { everyNth } from "../helpers/every-nth.ts";

const WORKERS = 4;

/**
 * Runs three items for each worker in a world without faults, and returns for how many milliseconds workers waited between two items: those for an item
 * that no task had before, and those for one that was taken back from another task. Nothing is known of the items before the first ones end, so no task
 * has a stock then.
 */
async function waits(
  tasks: number,
  logs: string,
): Promise<{ readonly first: number; readonly moved: number }> {
  const items = Array.from(
    { length: 3 * tasks * WORKERS },
    (_, index) => `r0 i${index} wait ${4_000 + (index % 7) * 100} exit 0`,
  );
  const given = jest.spyOn(Stock.prototype, "give");
  const ended = await simulate({
    seed: 7,
    world: {
      ...{ latency: [20, 60], bucket: true, mayList: true, isVersioned: false, maySeeSessions: true },
      ...{ mayResume: false, pausesAfter: 30_000 },
    },
    containers: [{ boto3: true, gzip: true, reaps: true, pace: 10, stopsIn: 500 }],
    ecs: {
      ...{ lag: 0, mayDescribe: true, mayRegister: true, hasShell: true, hasOwnEntryPoint: false, like: 0 },
      ...{
        start: { network: 1_000, pull: 2_000, activate: 200, agent: 200, connect: 0 },
        ownCommand: 7_200_000,
      },
    },
    runners: [
      {
        ...{ at: 0, container: 0, script: { lines: [], exitCode: 0, onTerm: "dies" }, post: true },
        inputs: {
          ...{ "task-definition": "app", subnets: "subnet-0a1b2c3d", "security-groups": "sg-0a1b2c3d", logs },
          ...{ tasks: String(tasks), workers: String(WORKERS), items: items.join("\n") },
        },
      },
    ],
    faults: [],
  });
  const gaveAway = given.mock.calls.flatMap(([, words]) => words.map((word) => Number(word)));
  given.mockRestore();
  const [step] = itemStepsOf(ended);
  const runs = step?.all ?? [];
  expect(runs).toHaveLength(items.length);
  const byWorker = groupBy(runs, ({ runId, worker }) => `${runId} ${worker}`);
  expect(byWorker.size).toBe(tasks * WORKERS);
  const gaps = [...byWorker.values()].flatMap(gapsOf);
  const isMoved = (index: number): boolean => gaveAway.filter((each) => each === index).length > 1;
  const most = (wanted: boolean): number =>
    Math.max(0, ...gaps.flatMap(({ index, ms }) => (isMoved(index) === wanted ? [ms] : [])));
  return { first: most(false), moved: most(true) };
}

/** The waits between the runs of a worker, with the item that each was for. */
function gapsOf(runs: readonly ScriptRun[]): readonly { readonly index: number; readonly ms: number }[] {
  return runs
    .slice(1)
    .map((run, at) => ({ index: run.batch?.indices[0] ?? NaN, ms: run.began - (runs[at]?.ended ?? NaN) }));
}

// docs/items.md, "How they are handed out"
const rows = [
  [3, "bucket", 2_500],
  [50, "bucket", 2_500],
  [60, "bucket", 4_000],
  [60, "session", 500],
] as const;

it.each(everyNth(rows, 4, 3))(
  "a worker of %i tasks by %s that has no item has one after %i ms, and one that another task had after twice as long",
  async (tasks, logs, most) => {
    const { first, moved } = await waits(tasks, logs);
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThanOrEqual(most);
    expect(moved).toBeGreaterThan(0);
    expect(moved).toBeLessThanOrEqual(2 * most);
  },
);
