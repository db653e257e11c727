import { setImmediate as turn } from "node:timers/promises";
import type { Task } from "../../src/aws/task.ts";
import { Failure } from "../../src/errors.ts";
import { lookAtTask, monitorTask } from "../../src/carriers/task-monitor.ts";
import { aTarget } from "../helpers/runs.ts";
import { Listener } from "../helpers/listener.ts";
import { aContainer, aTask, CLUSTER, TASK } from "../helpers/tasks.ts";
import { SteppedClock } from "../helpers/stepped-clock.ts";

const stopping = {
  lastStatus: "STOPPING",
  desiredStatus: "STOPPED",
  stopCode: "UserInitiated",
  stoppedReason: "by hand",
};
const over = [aContainer({ lastStatus: "STOPPED", exitCode: 1 })];
const failure = (code: Failure["code"]): Failure =>
  new Failure(code, { failed: "f", seen: "s", advice: "a" });

function startMonitor(...shown: (Task | Error | undefined)[]) {
  const clock = new SteppedClock();
  const log = new Listener();
  const cancel = new AbortController();
  const asked: unknown[] = [];
  const ecs = {
    describeTask: (...names: string[]) => {
      const answer = shown[Math.min(asked.push(names) - 1, shown.length - 1)];
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  };
  return { ecs, target: aTarget(), clock, log, signal: cancel.signal, cancel, asked };
}

describe("one look at the task", () => {
  it.each<[string, Task | undefined, Failure["code"] | undefined]>([
    ["runs", aTask(), undefined],
    ["is being stopped, with the container still there", aTask(stopping), undefined],
    ["is being stopped, with the container gone", aTask({ ...stopping, containers: over }), "task-stopped"],
    ["is being taken down", aTask({ ...stopping, lastStatus: "DEPROVISIONING" }), "task-stopped"],
    ["has stopped", aTask({ ...stopping, lastStatus: "STOPPED", containers: over }), "task-stopped"],
    ["runs on without its container", aTask({ containers: over }), "container-stopped"],
    [
      "runs with another container gone",
      aTask({ containers: [aContainer(), aContainer({ name: "x", lastStatus: "STOPPED" })] }),
      undefined,
    ],
    ["is not known any more", undefined, "task-not-found"],
  ])("that %s", async (_, task, code) => {
    const options = startMonitor(task);
    const look = await lookAtTask(options);
    expect(look).toMatchObject(
      code === undefined ? { kind: "seen", task } : { kind: "gone", failure: { code } },
    );
    expect(options.asked).toEqual([[CLUSTER, TASK]]);
  });

  it.each<Failure["code"]>(["no-credentials", "no-id-token", "role-not-assumed"])(
    "reports that AWS has refused the credentials: %s",
    async (code) => {
      const look = await lookAtTask(startMonitor(failure(code)));
      expect(look).toMatchObject({ kind: "refused", failure: { code } });
    },
  );

  it("reports nothing when it fails", async () => {
    expect(await lookAtTask(startMonitor(failure("throttled")))).toEqual({ kind: "unknown" });
  });

  it("rejects with an unexpected error, and with a cancel", async () => {
    await expect(lookAtTask(startMonitor(new TypeError("a bug")))).rejects.toThrow("a bug");
    const options = startMonitor(failure("aws-error"));
    options.cancel.abort(new Error("cancelled"));
    await expect(lookAtTask(options)).rejects.toThrow("cancelled");
  });
});

describe("the task monitor", () => {
  it("looks no more often than every fifteen seconds, and ends with the reason why the task is gone", async () => {
    const options = startMonitor(aTask(), failure("throttled"), aTask({ ...stopping, containers: over }));
    const monitored = monitorTask(options);
    for (let i = 1; i <= 3; i += 1) {
      options.clock.advance(14_999);
      await turn();
      expect(options.asked).toHaveLength(i - 1);
      await options.clock.pass(1, 2_001);
      await turn();
      expect(options.asked).toHaveLength(i);
    }
    expect((await monitored).code).toBe("task-stopped");
  });

  it("looks less often while AWS throttles the account", async () => {
    const options = startMonitor(aTask(), aTask({ ...stopping, containers: over }));
    const describeTask = (...names: string[]): Promise<Task | undefined> => {
      options.clock.advance(10_000);
      return options.ecs.describeTask(...names);
    };
    const monitored = monitorTask({ ...options, ecs: { describeTask } });
    await options.clock.pass(15_000, 17_000);
    await options.clock.pass(30_000, 31_000);
    expect((await monitored).code).toBe("task-stopped");
  });

  it("says once that the task is being stopped, and why, and looks more often from then on", async () => {
    const options = startMonitor(aTask(stopping), aTask(stopping), aTask({ ...stopping, containers: over }));
    const monitored = monitorTask(options);
    await options.clock.pass(15_000, 17_000);
    for (let i = 0; i < 2; i += 1) await options.clock.pass(3_000, 4_000);
    await monitored;
    expect(options.log.lines).toEqual(["The task is being stopped: by hand."]);
  });

  it("believes that the credentials have ended when AWS says so twice in a row", async () => {
    const [no, busy] = [failure("no-credentials"), failure("throttled")];
    const options = startMonitor(no, busy, no, no, aTask({ ...stopping, containers: over }));
    const refusals: string[] = [];
    const monitored = monitorTask({ ...options, refused: ({ code }) => refusals.push(code) });
    await options.clock.pass(15_000, 17_000);
    await options.clock.pass(3_000);
    await options.clock.pass(15_000, 17_000);
    await turn();
    expect(refusals).toEqual([]);
    await options.clock.pass(3_000);
    await turn();
    expect(refusals).toEqual(["no-credentials"]);
    await options.clock.pass(15_000, 17_000);
    expect((await monitored).code).toBe("task-stopped");
  });

  it("looks at the moment at which the credentials end, if that is known", async () => {
    const options = startMonitor(aTask(), aTask({ ...stopping, containers: over }));
    const monitored = monitorTask({ ...options, credentialsEnd: options.clock.now() + 4_000 });
    await options.clock.pass(4_000);
    await turn();
    expect(options.asked).toHaveLength(1);
    await options.clock.pass(15_000, 17_000);
    await monitored;
  });

  it("rejects when its signal aborts", async () => {
    const options = startMonitor(aTask());
    const monitored = monitorTask(options);
    options.cancel.abort();
    await expect(monitored).rejects.toThrow("aborted");
    expect(options.asked).toEqual([]);
  });
});
