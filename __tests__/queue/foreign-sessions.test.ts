import { Failure, type FailureCode } from "../../src/errors.ts";
import { waitForForeignSessions } from "../../src/queue/foreign-sessions.ts";
import { WaitLog } from "../../src/queue/wait-log.ts";
import { Listener } from "../helpers/listener.ts";
import { SleeplessClock } from "../helpers/stepped-clock.ts";

function aFailure(code: FailureCode): Failure {
  return new Failure(code, { failed: "It failed.", seen: "It was seen.", advice: "Do this." });
}

it.each<[FailureCode, FailureCode]>([
  ["no-credentials", "no-credentials"],
  ["role-not-assumed", "role-not-assumed"],
  ["aws-unreachable", "container-busy"],
])("a wait for a colleague's session whose queue can't be read, %s, ends with %s", async (code, end) => {
  const clock = new SleeplessClock();
  const log = new Listener();
  const deadline = clock.now() + 3_600_000;
  const session = { id: "colleague", status: "Connected", since: clock.now() };
  const busy = (): Failure => aFailure("container-busy");
  const wait = waitForForeignSessions({
    ...{ sessionTarget: "ecs:demo_task_app", clock, log, deadline, signal: undefined },
    ssm: { listActiveSessions: () => Promise.resolve([session]) },
    onDenied: () => undefined,
    looking: Promise.resolve([session]),
    ours: () => [],
    past: () => [],
    hasOtherHolders: false,
    refresh: () => Promise.reject(aFailure(code)),
    waitLog: new WaitLog({ subject: "Container 'app'", got: "It is free", busy, deadline, clock, log }),
  });
  await expect(wait).rejects.toMatchObject({ code: end });
});
