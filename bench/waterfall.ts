/**
 * `node bench/waterfall.ts [TIMES] [CALL_MS]`: where the time of `echo hello` goes. Prints when each call of a step arrives and is answered,
 * when the session is created and ends, and when the job's line comes. The times are milliseconds since the step's process began, as medians
 * of the runs.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { seed } from "../local/seed.ts";
import { startLocalFargate } from "../local/start.ts";
import { median } from "./rows.ts";
import { startStep, waitForAgents } from "./step.ts";

const TIMES = Number(process.argv[2] ?? 7);
const CALL_MS = Number(process.argv[3] ?? 0);

/** The events of a run by their names, in milliseconds since the step's process began. */
type Events = ReadonlyMap<string, number>;

const root = mkdtempSync(join(tmpdir(), "bench-"));
const local = await startLocalFargate({ stopTimeout: 500, delays: { call: CALL_MS } });
try {
  const { cluster, service, bucket } = await seed(local);
  await waitForAgents(local);
  const task = local.tasks[0]?.id ?? "";
  const lone = { cluster, matrix: '{"job-index": 0, "job-total": 1}' };
  for (const [name, where] of [
    ["task", { task }],
    ["task, bucket", { task, bucket }],
    ["service", { service }],
    ["service, bucket", { service, bucket }],
  ] as const) {
    const runs: Events[] = [];
    for (let i = 0; i < TIMES; i += 1) {
      runs.push(await eventsOf({ ...lone, ...where, run: "date +at=%s%N" }));
      // Calls that arrive after this step's end must not count for the next one.
      await sleep(500);
    }
    print(name, runs);
  }
} finally {
  await local.stop();
  rmSync(root, { recursive: true });
}

async function eventsOf(inputs: Readonly<Record<string, string>>): Promise<Events> {
  const before = local.requests.length;
  const step = await startStep(root, inputs, local);
  const events = new Map<string, number>();
  const note = (what: string, at: number): void => {
    const times = [...events.keys()].filter((each) => each.startsWith(what)).length;
    events.set(times === 0 ? what : `${what} (${times + 1})`, at - step.began);
  };
  const [, at] = await step.line(/^at=(\d+)$/m);
  note("the job's line in the log", Date.now());
  note("the job's line", Number(at) / 1e6);
  await step.ended;
  note("the step's end", Date.now());
  const session = local.gateway.sessions.at(-1);
  note("the session is asked for", session?.createdAt ?? NaN);
  note("the session is over", session?.endedAt ?? NaN);
  for (const { service, operation, agent, at: arrived, sequence } of local.requests.slice(before)) {
    const side = /boto|aws-cli/i.test(agent) ? "container: " : "";
    const name = `${side}${service} ${operation.replace(/\/\S*\/(?=[a-z-]+)/, " …/").replace(/[0-9a-f]{12,}/g, "ID")}`;
    note(`${name}: arrives`, arrived);
    if (sequence.answeredAt !== undefined) note(`${name}: answered`, sequence.answeredAt);
  }
  return events;
}

function print(name: string, runs: readonly Events[]): void {
  console.log(`\`echo hello\` by ${name}, ${CALL_MS} ms a call, medians of ${runs.length} (least)`);
  const names = [...new Set(runs.flatMap((each) => [...each.keys()]))];
  const lines = names.map((what) => {
    const at = runs.flatMap((each) => each.get(what) ?? []);
    return { what, middle: median(at), least: Math.min(...at) };
  });
  for (const { what, middle, least } of lines.toSorted((a, b) => a.middle - b.middle))
    console.log(`${middle.toFixed(0).padStart(7)} (${least.toFixed(0)})  ${what}`);
}
