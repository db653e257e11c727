import { Failure, type FailureCode } from "../../src/errors.ts";
import { type ForeignSessions, waitForForeignSessions } from "../../src/queue/foreign-sessions.ts";
import type { ActiveSession } from "../../src/aws/ssm.ts";
import { WaitLog } from "../../src/queue/wait-log.ts";
import { Listener } from "../helpers/listener.ts";
import { SleeplessClock } from "../helpers/stepped-clock.ts";

function aFailure(code: FailureCode): Failure {
  return new Failure(code, { failed: "It failed.", seen: "It was seen.", advice: "Do this." });
}

const HOUR_MS = 3_600_000;

/** Waits for these sessions to go, which are there for as long as `refresh` does not say that they have gone. */
async function waitFor(
  sessions: ActiveSession[],
  { refresh, log = new Listener() }: { refresh: () => Promise<void>; log?: Listener },
): Promise<ForeignSessions> {
  const clock = new SleeplessClock();
  const deadline = clock.now() + HOUR_MS;
  const busy = (): Failure => aFailure("container-busy");
  return await waitForForeignSessions({
    ...{ sessionTarget: "ecs:demo_task_app", clock, log, deadline, signal: undefined },
    ssm: { listActiveSessions: () => Promise.resolve([...sessions]) },
    onDenied: () => undefined,
    looking: Promise.resolve([...sessions]),
    ours: () => [],
    past: () => [],
    hasOtherHolders: false,
    refresh,
    waitLog: new WaitLog({ subject: "Container 'app'", got: "It is free", busy, deadline, clock, log }),
  });
}

it.each<[FailureCode, FailureCode]>([
  ["no-credentials", "no-credentials"],
  ["role-not-assumed", "role-not-assumed"],
  ["aws-unreachable", "container-busy"],
])("a wait for a colleague's session whose queue can't be read, %s, ends with %s", async (code, end) => {
  const session = { id: "colleague", status: "Connected", since: 0 };
  const refresh = () => Promise.reject(aFailure(code));
  await expect(waitFor([session], { refresh })).rejects.toMatchObject({ code: end });
});

it.each([
  [1, "session s0 since 00:00:00 UTC; waiting for its end"],
  [2, "sessions s0 and s1 since 00:00:00 UTC; waiting for their end"],
  [6, "sessions s0, s1, s2, s3 and 2 more since 00:00:00 UTC; waiting for their end"],
])(
  "a wait for %i sessions of colleagues names them, and since when the first one is there",
  async (count, words) => {
    const log = new Listener();
    const sessions = Array.from({ length: count }, (_, at) => ({
      ...{ id: `s${at}`, status: "Connected", since: at * HOUR_MS },
    }));
    const refresh = (): Promise<void> => {
      sessions.splice(0);
      return Promise.resolve();
    };
    expect(await waitFor(sessions, { refresh, log })).toEqual({ canList: true, isBesideOthers: false });
    expect(log.lines[0]).toContain(`Container 'app' is in use by ${words}`);
  },
);
