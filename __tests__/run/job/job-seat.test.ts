import { randomUUID } from "node:crypto";
import type { ActiveSession } from "../../../src/aws/ssm.ts";
import type { JobContext } from "../../../src/run/job/context.ts";
import { JobSeat } from "../../../src/run/job/job-seat.ts";
import type { PreparedJob } from "../../../src/run/job/prepare.ts";
import type { SessionLogs } from "../../../src/ready/session-logs.ts";
import { lockOnMachine, MachineLock } from "../../../src/queue/machine-lock.ts";
import { Listener } from "../../helpers/listener.ts";
import { anInputs, aTarget } from "../../helpers/runs.ts";
import { SleeplessClock, SteppedClock } from "../../helpers/stepped-clock.ts";

const RUNNER = "/work:/temp";

/** The place of a lone job without a bucket. Each look at its container finds the next of these lists of sessions. */
function seatAmong(...looks: readonly (readonly ActiveSession[])[]) {
  return seatOnClock(new SleeplessClock(), {}, ...looks);
}

/** One whose job may run in another container, so that it does not queue. */
function seatOfManyAmong(...looks: readonly (readonly ActiveSession[])[]) {
  return seatOnClock(new SleeplessClock(), { queues: false }, ...looks);
}

function seatOnClock<Clock extends SteppedClock>(
  clock: Clock,
  { queues = true }: { readonly queues?: boolean },
  ...looks: readonly (readonly ActiveSession[])[]
) {
  const sessionTarget = `ecs:c_t_${randomUUID()}`;
  const asked: number[] = [];
  const listActiveSessions = (): Promise<readonly ActiveSession[]> => {
    asked.push(clock.now());
    return Promise.resolve(looks[asked.length - 1] ?? []);
  };
  // A session of somebody else, which ended a second ago.
  const listRecentSessions = () =>
    Promise.resolve([{ id: "s-recent", since: clock.now() - 60_000, ended: clock.now() - 1_000 }]);
  const seat = new JobSeat(
    {
      container: { sessionTarget },
      setup: new Promise(() => undefined),
    } as unknown as PreparedJob,
    {
      ...{
        inputs: anInputs({ matrix: { index: 0, total: 1, atOnce: 1 } }),
        target: aTarget({ started: false }),
      },
      ...{
        aws: { ssm: { listActiveSessions, listRecentSessions } },
        clock,
        log: new Listener(),
        queues,
        runner: RUNNER,
      },
      machineLock: lockOnMachine,
      cancel: new AbortController().signal,
    } as unknown as JobContext,
  );
  return { seat, clock, asked, sessionTarget };
}

const open = (): Promise<string> => Promise.resolve("s-own");

it("a look that is three quarters of a second old is recent enough to open a session", async () => {
  const { seat, clock, asked } = seatAmong([]);
  await seat.take();
  clock.advance(750);
  await seat.openAlone(open);
  expect(asked).toHaveLength(1);
});

it("a run that was held up since its look looks again, and waits for a session that was opened meanwhile", async () => {
  const other = { id: "s-other", status: "Connected", since: 0 };
  const { seat, clock, asked } = seatAmong([], [other], [other], [], []);
  await seat.take();
  clock.advance(800);
  await seat.openAlone(open);
  expect(asked.length).toBeGreaterThanOrEqual(4);
  expect(clock.now() - (asked.at(-1) ?? 0)).toBeLessThanOrEqual(750);
});

it("a run looks again when another process of the runner may have opened a session since its look", async () => {
  const other = { id: "s-other", status: "Connected", since: 0 };
  const { seat, clock, asked, sessionTarget } = seatAmong([], [other], [], []);
  const lock = new MachineLock({ sessionTarget, runner: RUNNER, clock, machineLock: lockOnMachine });
  await seat.take();
  await lock.acquire();
  setImmediate(() => lock.release());
  expect(await seat.openAlone(open)).toBe("s-own");
  expect(asked.length).toBeGreaterThanOrEqual(4);
});

it("a run whose session could not be opened keeps no other process of the runner waiting", async () => {
  const { seat, clock, sessionTarget } = seatAmong([]);
  await seat.take();
  const failing = seat.openAlone(() => Promise.reject(new Error("no agent")));
  await expect(failing).rejects.toThrow("no agent");
  const lock = new MachineLock({ sessionTarget, runner: RUNNER, clock, machineLock: lockOnMachine });
  expect(await lock.acquire()).toEqual({ kind: "free" });
  lock.release();
});

it("other processes of the runner wait for three quarters of a second after a session was opened, for which this one need not live", async () => {
  const { seat, clock, sessionTarget } = seatOnClock(new SteppedClock(), {}, []);
  await seat.take();
  await seat.openAlone(open);
  expect(clock.slept).toEqual([]);
  const lock = new MachineLock({ sessionTarget, runner: RUNNER, clock, machineLock: lockOnMachine });
  const waiting = lock.acquire();
  for (let tries = 0; tries < 750 / 50; tries += 1) await clock.pass(50);
  expect(await waiting).toEqual({ kind: "waited" });
  lock.release();
});

it("a job does not wait for a session of its own that is still open", async () => {
  const own = { id: "s-own", status: "Connected", since: 0 };
  const { seat, clock } = seatOfManyAmong([], [own]);
  await seat.take();
  seat.onSession(await seat.openAlone(open));
  await seat.giveBack();
  expect(await seat.take()).toBe(true);
  expect(clock.slept).toEqual([]);
});

it("a job that has begun queues for its seat, since it can run nowhere else", async () => {
  const other = { id: "s-other", status: "Connected", since: 0 };
  const begun = seatOfManyAmong([], [other], [other], []);
  await begun.seat.take();
  begun.seat.onSession(await begun.seat.openAlone(open));
  await begun.seat.giveBack();
  expect(await begun.seat.take()).toBe(true);
  const another = seatOfManyAmong([other], [other], []);
  await expect(another.seat.take()).rejects.toMatchObject({ code: "container-busy" });
});

it.each([
  ["are not known", true, undefined],
  ["are in CloudWatch", true, [{ kind: "cloudwatch" }] as unknown as SessionLogs],
  ["are none", false, []],
] as const)(
  "where the logs of sessions %s, a session that is not open waits for the uploads of others: %s",
  async (_, waits, logs) => {
    const { seat, sessionTarget } = seatAmong();
    seat.expectUpload({ received: 0, ended: new Promise(() => undefined) }, logs);
    expect((await seat.estimateOtherUploads(sessionTarget, "s-own")) > 0).toBe(waits);
  },
);
