import type { TargetedSession } from "../../src/aws/ssm.ts";
import { Failure } from "../../src/errors.ts";
import { EarlyLook } from "../../src/queue/early-look.ts";
import { waitForOtherSessions } from "../../src/queue/other-sessions.ts";
import { aTarget } from "../helpers/runs.ts";
import { Listener } from "../helpers/listener.ts";
import { SleeplessClock } from "../helpers/stepped-clock.ts";

const OURS = "ecs:ci_1_r";
const sessionIn = (sessionTarget: string): TargetedSession => ({
  id: `in ${sessionTarget}`,
  sessionTarget,
  since: undefined,
});

/** A run that looks at all sessions early, and uses that look `after` milliseconds later. Returns its calls and its log. */
async function lookEarly(
  all: TargetedSession[] | Failure | undefined,
  { bucket, after = 0 }: { bucket?: string; after?: number } = {},
) {
  const matrix = { index: 0, total: 1, atOnce: 1 };
  const calls: string[] = [];
  const clock = new SleeplessClock();
  const log = new Listener();
  const ssm = {
    listAllActiveSessions: () => {
      calls.push("all");
      return all instanceof Failure ? Promise.reject(all) : Promise.resolve(all);
    },
    listActiveSessions: () => Promise.resolve(void calls.push("one")).then(() => []),
  };
  const early = new EarlyLook({ inputs: { bucket }, ssm, clock });
  early.begin();
  await clock.sleep(after);
  const where = { target: aTarget(), sessionTarget: OURS, deadline: Infinity, signal: undefined };
  const isUnlogged = (): Promise<boolean> => Promise.resolve(true);
  await waitForOtherSessions({ ...where, ssm, clock, log, matrix, isUnlogged, early: early.take(OURS) });
  return { calls, log: log.lines };
}

it("one call, before the container is known, is enough for a lone job whose container is free", async () => {
  expect(await lookEarly([sessionIn("ecs:ci_2_r")])).toEqual({ calls: ["all"], log: [] });
});

it("a session that the early look shows in the container is waited for", async () => {
  const { calls, log } = await lookEarly([sessionIn("ecs:ci_2_r"), sessionIn(OURS)]);
  expect(calls.slice(0, 2)).toEqual(["all", "one"]);
  expect(log[0]).toContain(`in use by session in ${OURS}`);
});

it.each<[string, Parameters<typeof lookEarly>, string[]]>([
  ["there are too many sessions in all", [undefined], ["all", "one"]],
  ["the answer is old", [[], { after: 1_001 }], ["all", "one"]],
])("the container itself is looked at when %s", async (_, asked, calls) => {
  expect((await lookEarly(...asked)).calls).toEqual(calls);
});

it("a job with a bucket makes no early look", async () => {
  expect((await lookEarly([], { bucket: "example-ci" })).calls[0]).toBe("one");
});

it("a missing right is reported once, and the job goes on", async () => {
  const denied = new Failure("access-denied", { failed: "No right.", seen: "", advice: "" });
  const { calls, log } = await lookEarly(denied);
  expect(calls).toEqual(["all"]);
  expect(log).toEqual([expect.stringMatching(/two runs may open sessions at once\. No right\./)]);
});
