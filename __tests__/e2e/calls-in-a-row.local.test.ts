import { callsInARow } from "../../local/calls-in-a-row.ts";
import type { RecordedRequest } from "../../local/front/requests.ts";
import { Aws, jobLog, type Inputs } from "../helpers/local.ts";
import { itInSoak } from "../helpers/every-nth.ts";

/** Longer than a busy machine takes between two calls that a step begins at once. */
const CALL_MS = 700;
/** Longer than a machine takes from a step's first call to its session, or from the start of its job to the end. */
const HELD_MS = 4_000;
const LONG_HELD_MS = 15_000;
/** A step looks at the sessions once more when its first look is older than a second. A call takes a busy machine longer than a quiet one. */
const OLD_MS = CALL_MS + 50;
/** As GitHub has it for a job without a matrix. */
const LONE = { matrix: '{"job-index": 0, "job-total": 1}' };

let aws: Aws;
beforeAll(async () => {
  aws = await Aws.start({ delays: { call: CALL_MS } });
});
afterEach(() => aws.world.local.calm());
afterAll(() => aws.stop());

const bucket = (): Inputs => ({ bucket: aws.world.made.bucket });
const task = async (): Promise<Inputs> => ({ task: (await aws.runningTask()).id });
const service = (): Inputs => ({ service: aws.world.made.service });

/** Runs a step. Returns its calls, and the ExecuteCommand among them. */
async function callsOf(inputs: Inputs) {
  const { requests } = aws.world.local;
  const before = requests.length;
  const result = await aws.step({ ...inputs, ...LONE, run: "echo ran" });
  expect(jobLog(result)).toEqual(["ran"]);
  // The container's own calls, such as the log stream of a task that has just started, are no step's.
  const calls = requests.slice(before).filter(({ agent }) => agent.includes("fargate-exec/"));
  const session = calls.find(({ operation }) => operation === "ExecuteCommand");
  if (session === undefined) throw new Error("there was no session");
  return { calls, session };
}

const isAnswered = ({ sequence }: RecordedRequest, before: RecordedRequest): boolean =>
  (sequence.answered ?? Infinity) < before.sequence.arrived;

/** When the calls began that the step made at once with this one. On a busy machine one of them may arrive much later than another. */
function beginOf({ sequence: { arrived } }: RecordedRequest, calls: readonly RecordedRequest[]): number {
  const answers = calls.flatMap(({ sequence: { answered = Infinity } }) =>
    answered < arrived ? [answered] : [],
  );
  const atOnce = calls.filter(({ sequence }) => sequence.arrived > Math.max(0, ...answers));
  return Math.min(...atOnce.map(({ at }) => at));
}

/** Checks how many calls in a row come before the session. */
function expectInARow({ calls, session }: Awaited<ReturnType<typeof callsOf>>, inARow: number): void {
  const [first, ...more] = calls.filter(
    ({ operation, sequence }) =>
      operation === "DescribeSessions" && sequence.arrived < session.sequence.arrived,
  );
  const begun = first === undefined ? 0 : beginOf(first, calls);
  expect(more.filter(({ at }) => at - begun < OLD_MS)).toEqual([]);
  expect(callsInARow(calls, session) - more.length).toBe(inARow);
}

itInSoak("a session in a task of a service, with a bucket, begins after 3 calls in a row", async () => {
  expectInARow(await callsOf({ ...service(), ...bucket() }), 3);
});

it("a session in a named task begins after 1 call, and without the answers that only its input depends on", async () => {
  const beside = ["DescribeClusters", "DescribeTaskDefinition", "DescribeNetworkInterfaces"];
  const runWith = async (heldMs: number): ReturnType<typeof callsOf> => {
    for (const operation of beside) aws.world.local.fail({ operation, delay: heldMs });
    const run = await callsOf(await task());
    aws.world.local.calm();
    const isLate = run.session.at - (run.calls[0]?.at ?? 0) >= heldMs;
    // On a very busy machine the session may be later than the held answers, whether it waits for them or not.
    return isLate && heldMs < LONG_HELD_MS ? runWith(LONG_HELD_MS) : run;
  };
  const run = await runWith(HELD_MS);
  expectInARow(run, 1);
  const { calls, session } = run;
  const held = calls.filter(({ operation }) => beside.includes(operation));
  expect(held.map(({ operation }) => operation)).toContain("DescribeClusters");
  expect(held.filter((call) => isAnswered(call, session))).toEqual([]);
});

itInSoak(
  "a session in a named task, with a bucket, begins after 2 calls in a row, and the deletes at its end do not wait for each other",
  async () => {
    const { bucket: name } = aws.world.made;
    aws.world.local.fail({ operation: `DELETE /${name}/*`, delay: HELD_MS, times: 2 });
    const run = await callsOf({ ...(await task()), ...bucket() });
    expectInARow(run, 2);
    const { calls } = run;
    const deletes = calls.filter(({ operation }) => operation.startsWith("DELETE"));
    expect(deletes.map(({ operation }) => /payload|claims/.exec(operation)?.[0]).sort()).toEqual([
      "claims",
      "payload",
    ]);
    const [first, second] = deletes;
    expect(first && second && isAnswered(first, second)).toBe(false);
  },
);

itInSoak(
  "a session in a task of a service begins after 2 calls in a row, and the task's protection is ended, which begins before the session is closed",
  async () => {
    const run = await callsOf(service());
    expectInARow(run, 2);
    const { calls } = run;
    const [looks, changes] = ["GetTaskProtection", "UpdateTaskProtection"].map((wanted) =>
      calls.filter(({ operation }) => operation === wanted),
    );
    // Each call is made when the job begins and when it ends. A long job looks in between, too.
    expect(looks?.length).toBeGreaterThanOrEqual(2);
    expect(changes).toHaveLength(2);
    const closed = aws.world.local.gateway.sessions.at(-1)?.endedAt;
    // The session also ends by itself, some milliseconds after the container has read that its end was taken. On a busy machine the call arrives late.
    expect(looks?.at(-1)?.at).toBeLessThanOrEqual((closed ?? 0) + CALL_MS);
  },
);
