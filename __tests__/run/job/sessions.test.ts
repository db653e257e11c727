import type { JobContext } from "../../../src/run/job/context.ts";
import type { JobPlace } from "../../../src/run/job/job-place.ts";
import type { PreparedJob } from "../../../src/run/job/prepare.ts";
import { JobSessions } from "../../../src/run/job/sessions.ts";
import type { WaitLines } from "../../../src/waiting.ts";
import { anInputs, aTarget } from "../../helpers/runs.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";

const DEADLINE = 600_000;

it.each([
  ["that others may block", { started: false, isBesideAnother: false, now: 0 }, 20_000],
  ["beside another session", { started: false, isBesideAnother: true, now: 0 }, 600_000],
  [
    "of this run's own task: the rest of 'start-timeout'",
    { started: true, isBesideAnother: false, now: 200_000 },
    400_000,
  ],
  [
    "of this run's own task that became ready late",
    { started: true, isBesideAnother: false, now: 599_000 },
    20_000,
  ],
])(
  "the time that the agent gets to open the first session, in a container %s",
  (_, { started, isBesideAnother, now }, ms) => {
    const sessions = new JobSessions(
      { run: "0123456789ab", container: {} } as PreparedJob,
      { isBesideAnother } as unknown as JobPlace,
      {
        ...{ inputs: anInputs(), target: aTarget({ started }) },
        ...{ clock: new SteppedClock(now), ledger: { replace: () => undefined } },
      } as unknown as JobContext,
      { deadline: DEADLINE, lines: {} as unknown as WaitLines },
    );
    expect(sessions.opening()).toBe(ms);
  },
);
