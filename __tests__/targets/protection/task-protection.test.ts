import { jest } from "@jest/globals";
import { setImmediate as turn } from "node:timers/promises";
import type {
  ProtectionAnswer,
  ProtectionCalls,
  ProtectionRequest,
} from "../../../src/aws/ecs-protection.ts";
import { AccessDenied, Failure } from "../../../src/errors.ts";
import { giveBackProtection, type HeldProtection } from "../../../src/targets/protection/held-protection.ts";
import { TaskProtection } from "../../../src/targets/protection/task-protection.ts";
import { aborted } from "../../../src/waiting.ts";
import { Listener } from "../../helpers/listener.ts";
import { aTarget } from "../../helpers/runs.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";

const MINUTE = 60_000;

/** The one protection flag that ECS has for a task. */
class Flag implements ProtectionCalls {
  readonly clock = new SteppedClock();
  until: number | undefined;
  /** The minutes of each update; undefined for an end. */
  readonly updates: (number | undefined)[] = [];
  /** What ECS answers instead. */
  answers: Partial<Record<"get" | "update", ProtectionAnswer | Error>> & {
    /** Whether ECS carries the call out all the same. */
    readonly isDone?: boolean;
  } = {};

  getTaskProtection = (): Promise<ProtectionAnswer> =>
    this.#answer("get", () => ({ kind: "protection", until: this.#now() }));

  updateTaskProtection = ({ minutes }: Pick<ProtectionRequest, "minutes">): Promise<ProtectionAnswer> =>
    this.#answer("update", () => {
      this.updates.push(minutes);
      this.until = minutes === undefined ? undefined : this.clock.now() + minutes * MINUTE;
      return { kind: "protection", until: this.until };
    });

  get isProtected(): boolean {
    return this.#now() !== undefined;
  }

  /** The application in the container protects its task. */
  setByApplication(minutes: number): void {
    this.until = this.clock.now() + minutes * MINUTE + 1;
  }

  /** Lets time pass in tenths of a second. Two jobs seldom act in the same tenth. */
  async pass(minutes: number): Promise<void> {
    for (let tenth = 0; tenth < minutes * 600; tenth += 1) {
      this.clock.advance(100);
      await turn();
    }
  }

  #now(): number | undefined {
    return this.until !== undefined && this.until > this.clock.now() ? this.until : undefined;
  }

  #answer(call: "get" | "update", usual: () => ProtectionAnswer): Promise<ProtectionAnswer> {
    const given = this.answers[call];
    const usually = given === undefined || this.answers.isDone ? usual() : given;
    const answer = given ?? usually;
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  }
}

let flag: Flag;
let log: Listener;
let saved: (HeldProtection | undefined)[];
beforeEach(() => {
  flag = new Flag();
  log = new Listener();
  saved = [];
  // Spreads the renewals in the same way each time. By chance two jobs could renew in step, and mistake each other's end for their own.
  let draws = 0;
  jest.spyOn(Math, "random").mockImplementation(() => (draws += 0.618) % 1);
});
afterEach(() => jest.restoreAllMocks());

/** A job that has begun. */
async function aJob({ timeout = 60 * MINUTE, cancel = new AbortController() } = {}): Promise<TaskProtection> {
  const protection = new TaskProtection({
    ...{ target: aTarget({ service: "web" }), ecs: flag, undoing: flag, timeout, clock: flag.clock, log },
    onHeld: (held) => saved.push(held),
    cancel: cancel.signal,
  });
  protection.begin();
  await turn();
  return protection;
}

/** Each update fails from now on. */
function failUpdates(haveEffect: boolean): void {
  const failure = new Failure("throttled", { failed: "throttled", seen: "s", advice: "a" });
  flag.answers = { update: failure, ...(haveEffect && { isDone: true }) };
}

describe("a job that is alone in its task", () => {
  it("protects it until the job's end, for three minutes at a time, and then ends the protection", async () => {
    const job = await aJob();
    expect([flag.isProtected, flag.updates]).toEqual([true, [3]]);
    expect(saved.map((held) => held?.until)).toEqual([flag.until]);
    for (let minutes = 0; minutes < 30; minutes += 1) {
      await flag.pass(1);
      expect(flag.isProtected).toBe(true);
    }
    await job.end();
    expect([flag.isProtected, flag.updates.at(-1), saved.at(-1)]).toEqual([false, undefined, undefined]);
    await flag.pass(10);
    expect(flag.isProtected).toBe(false);
    expect(log.lines).toEqual([
      expect.stringMatching(/^Task \w+ is protected from scale-in and deployments/),
    ]);
  });

  it("is told of once, with until when and why, and how to do without", async () => {
    const latest = new Date(flag.clock.now() + 62 * MINUTE).toISOString();
    const job = await aJob();
    await flag.pass(1);
    const [line, ...more] = log.lines;
    expect(line).toMatch(
      /^Task \w+ is protected from scale-in and deployments until the job ends, at [\d:]+ UTC at the latest, so that the service doesn't stop it under the job\. A deployment waits as long, and goes on where 'protect' is false\.$/,
    );
    expect(line).toContain(`at ${latest.slice(11, 16)}`);
    expect(more).toEqual([]);
    await job.end();
  });

  it("protects it for two minutes beyond the job's timeout at most", async () => {
    const begun = flag.clock.now();
    await aJob({ timeout: 5 * MINUTE });
    await flag.pass(6);
    expect(flag.until).toBeLessThanOrEqual(begun + 7 * MINUTE);
    expect(flag.updates.slice(0, 4)).toEqual([3, 3, 3, 3]);
    expect(flag.updates.slice(-2)).toEqual([2, 1]);
    // The step still reads what the script has printed.
    await flag.pass(10);
    expect(flag.until).toBeLessThanOrEqual(begun + 7 * MINUTE);
    expect(flag.updates.slice(-2)).toEqual([2, 1]);
  });

  it("ends at most a minute after another job's when that lasts longer than its own may, and is renewed no longer than it may", async () => {
    await aJob({ timeout: MINUTE });
    for (let renewals = 0; renewals < 10; renewals += 1) {
      flag.setByApplication(3);
      const other = flag.until ?? 0;
      await flag.pass(1);
      expect((flag.until ?? 0) - other).toBeGreaterThanOrEqual(0);
      expect((flag.until ?? 0) - other).toBeLessThanOrEqual(MINUTE);
    }
    expect(flag.updates.length).toBeLessThanOrEqual(4);
  });

  it("leaves a protection of three minutes behind when its runner is lost", async () => {
    const cancel = new AbortController();
    await aJob({ cancel });
    await flag.pass(20);
    cancel.abort();
    await flag.pass(2);
    expect(flag.isProtected).toBe(true);
    await flag.pass(1.1);
    expect(flag.isProtected).toBe(false);
  });

  it("ends the protection also when its last renewal failed", async () => {
    const job = await aJob();
    failUpdates(false);
    await flag.pass(1);
    expect(log.lines).toContainEqual(expect.stringContaining("could not be renewed"));
    flag.answers = {};
    await job.end();
    expect(flag.isProtected).toBe(false);
  });

  it("lets a protection whose end it never learned end by itself within three minutes", async () => {
    failUpdates(true);
    const job = await aJob();
    expect(flag.isProtected).toBe(true);
    flag.answers = {};
    await job.end();
    expect([saved, flag.updates]).toEqual([[], [3]]);
    await flag.pass(3.1);
    expect(flag.isProtected).toBe(false);
  });

  it("goes on while ECS can't be reached, and protects the task again afterwards", async () => {
    const job = await aJob();
    flag.answers = { get: new Failure("aws-unreachable", { failed: "no way", seen: "s", advice: "a" }) };
    await flag.pass(2);
    expect(flag.isProtected).toBe(true);
    await flag.pass(1.5);
    flag.answers = {};
    await flag.pass(1);
    expect(flag.isProtected).toBe(true);
    expect(log.lines).toContainEqual(expect.stringContaining("no way"));
    await job.end();
  });
});

describe("jobs that begin at once in one task", () => {
  /** Both look before either has set the flag, and set it so many milliseconds apart. ECS's ends have milliseconds. */
  function twoJobs(apart: number): [TaskProtection, TaskProtection] {
    const later: ProtectionCalls = {
      getTaskProtection: flag.getTaskProtection,
      updateTaskProtection: (request) => {
        flag.clock.advance(apart);
        return flag.updateTaskProtection(request);
      },
    };
    const jobs = [flag, later].map((ecs) => {
      const { clock } = flag;
      return new TaskProtection({
        ...{ target: aTarget({ service: "web" }), ecs, undoing: ecs, timeout: 60 * MINUTE, clock, log },
        onHeld: (held) => saved.push(held),
        cancel: new AbortController().signal,
      });
    }) as [TaskProtection, TaskProtection];
    for (const job of jobs) job.begin();
    return jobs;
  }

  it.each([
    ["a moment apart", 1],
    ["in the same millisecond, so that both know the same end", 0],
  ])(
    "and set the flag %s find one another a few seconds later, so that the end of one leaves the other protected",
    async (_, apart) => {
      const [one, other] = twoJobs(apart);
      await flag.pass(10 / 60);
      // The job that has set the flag last would end it for both.
      await other.end();
      for (let minutes = 0; minutes < 5; minutes += 1) {
        expect(flag.isProtected).toBe(true);
        await flag.pass(1);
      }
      await one.end();
      expect(flag.isProtected).toBe(false);
    },
  );

  it("leave the task unprotected for four seconds at most when one of them ends before it has looked again", async () => {
    const [one, other] = twoJobs(0);
    await flag.pass(1 / 60);
    await other.end();
    await flag.pass(4 / 60);
    expect(flag.isProtected).toBe(true);
    await one.end();
    expect(flag.isProtected).toBe(false);
  });
});

describe("a protection of the application's own", () => {
  it("stays as it is, also at the job's end", async () => {
    flag.setByApplication(120);
    const own = flag.until;
    const job = await aJob();
    await flag.pass(30);
    await job.end();
    expect([flag.until, flag.updates]).toEqual([own, []]);
    expect(log.lines).toEqual([expect.stringMatching(/is protected until [\d:]+ UTC by another principal/)]);
  });

  it("is followed by the job's own when it ends before the job", async () => {
    flag.setByApplication(10);
    const job = await aJob();
    for (let minutes = 0; minutes < 30; minutes += 1) {
      await flag.pass(1);
      expect(flag.isProtected).toBe(true);
    }
    await job.end();
    expect(flag.isProtected).toBe(false);
  });

  it("is never cut short when it is about to end as the job begins, and the job ends at once", async () => {
    flag.setByApplication(3);
    const own = flag.until ?? 0;
    await (await aJob({ timeout: MINUTE })).end();
    expect(flag.until).toBeGreaterThanOrEqual(own);
  });

  it("stays when it was set while the job ran", async () => {
    const job = await aJob();
    await flag.pass(0.5);
    flag.setByApplication(120);
    const own = flag.until;
    await flag.pass(10);
    await job.end();
    expect(flag.until).toBe(own);
  });
});

describe("jobs that share a task", () => {
  /** A job that has begun. ECS looks at its first call at once, and answers it so many milliseconds later. */
  function aJobWithALateAnswer(late: number): TaskProtection {
    let wait = late;
    const ecs: ProtectionCalls = {
      updateTaskProtection: flag.updateTaskProtection,
      getTaskProtection: async () => {
        const seen = await flag.getTaskProtection();
        const now = wait;
        wait = 0;
        if (now > 0) await flag.clock.sleep(now);
        return seen;
      },
    };
    const job = new TaskProtection({
      ...{ target: aTarget({ service: "web" }), ecs, undoing: ecs, timeout: 60 * MINUTE, clock: flag.clock },
      ...{ log, onHeld: (held) => saved.push(held), cancel: new AbortController().signal },
    });
    job.begin();
    return job;
  }

  it.each([24_000, 4_500])(
    "keep it protected when the look of one took %d ms, the other has begun meanwhile, and the first ends before it looks again",
    async (late) => {
      const slow = aJobWithALateAnswer(late);
      await flag.pass(0.2 / 60);
      const other = await aJob();
      await flag.pass((late + 500) / MINUTE);
      expect(flag.updates).toEqual([3, 3, 3]);
      await slow.end();
      for (let minutes = 0; minutes < 5; minutes += 1) {
        expect(flag.isProtected).toBe(true);
        await flag.pass(1);
      }
      await other.end();
      expect(flag.isProtected).toBe(false);
    },
  );

  it("keep the protection of the other when a look is answered only after the end of its job", async () => {
    const slow = aJobWithALateAnswer(24_000);
    await flag.pass(0.1);
    const ended = slow.end();
    await aJob();
    await flag.pass(0.2);
    const { until } = flag;
    await flag.pass(0.2);
    await ended;
    expect([flag.until, saved.length]).toEqual([until, 2]);
  });

  it("end it at their end, when a look took long, but long ago", async () => {
    const slow = aJobWithALateAnswer(24_000);
    await flag.pass(4);
    await slow.end();
    expect(flag.isProtected).toBe(false);
  });

  it("keep it protected when one of them has a timeout that is shorter than the other's protection", async () => {
    const long = await aJob();
    await flag.pass(0.1);
    const short = await aJob({ timeout: 20_000 });
    await flag.pass(0.1);
    await long.end();
    expect(flag.isProtected).toBe(true);
    await short.end();
    await flag.pass(4);
    expect(flag.isProtected).toBe(false);
  });

  it("keep it protected until the last of them has ended, in any order of their ends", async () => {
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
    ]) {
      flag = new Flag();
      const jobs: TaskProtection[] = [];
      for (let count = 0; count < 3; count += 1) {
        jobs.push(await aJob());
        await flag.pass(0.3);
      }
      for (const which of order) {
        expect(flag.isProtected).toBe(true);
        await flag.pass(5);
        expect(flag.isProtected).toBe(true);
        await jobs[which]?.end();
      }
      // The last one was alone for five minutes.
      expect(flag.isProtected).toBe(false);
    }
  });

  it.each([
    ["has no effect", false],
    ["has taken effect, though its answer is lost", true],
  ])("are not unprotected by the end of one whose last renewal %s", async (_, hasEffect) => {
    const first = await aJob();
    await flag.pass(10 / 60);
    failUpdates(hasEffect);
    await flag.pass(50 / 60);
    expect(log.lines).toContainEqual(expect.stringContaining("could not be renewed"));
    flag.answers = {};
    const second = await aJob();
    await flag.pass(8 / 60);
    await first.end();
    for (let minutes = 0; minutes < 5; minutes += 1) {
      expect(flag.isProtected).toBe(true);
      await flag.pass(1);
    }
    await second.end();
    expect(flag.isProtected).toBe(false);
  });

  it("that end together leave a protection that ends by itself within three minutes", async () => {
    const [first, second] = [await aJob(), await aJob()];
    await flag.pass(1);
    await Promise.all([first.end(), second.end()]);
    await flag.pass(3.1);
    expect(flag.isProtected).toBe(false);
  });
});

describe("a task that can't be protected", () => {
  it("is left alone, without a line in the log, when it belongs to no service", async () => {
    flag.answers = { get: { kind: "no-task-of-a-service" } };
    const job = await aJob();
    await flag.pass(10);
    await job.end();
    expect([log.lines, flag.updates, saved]).toEqual([[], [], []]);
  });

  it("because others are protected is tried again, and one notice says so", async () => {
    flag.answers = { update: { kind: "refused", why: "DEPLOYMENT_BLOCKED" } };
    const job = await aJob();
    await flag.pass(5);
    expect(log.lines).toEqual([expect.stringMatching(/^notice: .*DEPLOYMENT_BLOCKED.*desired count/)]);
    expect(saved.at(-1)).toBeUndefined();
    flag.answers = {};
    await flag.pass(2.1);
    expect(flag.isProtected).toBe(true);
    await job.end();
  });

  it.each(["get", "update"] as const)(
    "for want of the right to %s is reported by one notice",
    async (call) => {
      const action = call === "get" ? "ecs:GetTaskProtection" : "ecs:UpdateTaskProtection";
      const parts = { failed: "denied", seen: "s", advice: "a" };
      flag.answers = { [call]: new AccessDenied({ action, isNamed: true }, parts) };
      const job = await aJob();
      await flag.pass(10);
      await job.end();
      expect(log.lines).toEqual([expect.stringContaining(`notice: No task is protected`)]);
      expect(log.lines[0]).toContain(action);
      expect(flag.updates).toEqual([]);
    },
  );
});

describe("the post step, after a killed main step", () => {
  const held = (until: number, sharedUntil = 0): HeldProtection => {
    const { clusterArn: cluster, taskArn: task } = aTarget();
    return { cluster, task, until, sharedUntil };
  };
  const giveBack = async (what: HeldProtection): Promise<void> => {
    await giveBackProtection(what, { ecs: flag, clock: flag.clock, log });
  };

  it("ends the protection", async () => {
    flag.setByApplication(3);
    await giveBack(held(flag.until ?? 0));
    expect(flag.isProtected).toBe(false);
  });

  it("ends the protection as soon as the time is over in which another job may need it", async () => {
    flag.setByApplication(3);
    await giveBack(held(flag.until ?? 0, flag.clock.now()));
    expect([flag.isProtected, log.lines]).toEqual([false, []]);
  });

  it.each<[string, () => HeldProtection, number]>([
    ["that another principal has set since", () => held((flag.until ?? 0) - 1), 3],
    ["that the application has set while a call was under way", () => held(flag.clock.now() + MINUTE), 120],
    ["that another job may need", () => held(flag.until ?? 0, flag.clock.now() + MINUTE), 3],
  ])("leaves a protection alone %s", async (_, what, minutes) => {
    flag.setByApplication(minutes);
    await giveBack(what());
    expect(flag.isProtected).toBe(true);
    expect(log.lines).toEqual([expect.stringContaining("stays protected until")]);
  });

  it("gives up soon when ECS does not answer, since another job may protect the task before the call is made again", async () => {
    flag.setByApplication(3);
    const ecs: ProtectionCalls = {
      getTaskProtection: flag.getTaskProtection,
      updateTaskProtection: async (_, late) => {
        await aborted(late ?? new AbortController().signal);
        throw late?.reason;
      },
    };
    const giving = giveBackProtection(held(flag.until ?? 0), { ecs, clock: flag.clock, log });
    const end = giving.then(
      () => "ended",
      (error: unknown) => String(error),
    );
    await flag.pass(0.1);
    expect(await Promise.race([end, Promise.resolve("goes on")])).toContain("due to timeout");
  });

  it("fails when ECS tells the protection late, since another job may protect the task meanwhile", async () => {
    flag.setByApplication(3);
    const ecs: ProtectionCalls = {
      updateTaskProtection: flag.updateTaskProtection,
      getTaskProtection: async () => {
        const seen = await flag.getTaskProtection();
        await flag.clock.sleep(18_000);
        return seen;
      },
    };
    const giving = giveBackProtection(held(flag.until ?? 0), { ecs, clock: flag.clock, log });
    const end = giving.catch((error: unknown) => String(error));
    await flag.pass(0.5);
    expect([await end, flag.updates]).toEqual(["Error: ECS told the task's protection only after 18 s.", []]);
  });

  it("does nothing when the protection has ended by itself", async () => {
    await giveBack(held(flag.clock.now() - 1));
    expect([flag.updates, log.lines]).toEqual([[], []]);
  });
});
