import { readFileSync } from "node:fs";
import type { StepResult } from "../../local/runner/step.ts";
import type { Task } from "../../local/task/task.ts";
import { BUILD_TIME, buildImages, describeImages, taskOf } from "../helpers/image-tasks.ts";
import { Aws, filesIn, jobLog, processes } from "../helpers/local.ts";
import { everyNth, itInSoak } from "../helpers/every-nth.ts";
import { eventually } from "../helpers/until.ts";

/** A daemon that writes into a file how often it has printed. If a print kills it, the count stops. */
const work = (name: string): string =>
  `n=0; while :; do echo later; echo later >&2; n=$((n + 1)); echo "$n" >/tmp/${name}; sleep 0.05; done`;

const ways: readonly (readonly [name: string, script: string])[] = [
  ["in a session of its own", `setsid sh -c '${work("session")}' &`],
  [
    "by nohup and &",
    // Debian's busybox has no nohup.
    `command -v nohup >/dev/null || nohup() { trap '' HUP; exec "$@"; }\nnohup sh -c '${work("nohup")}' &`,
  ],
  ["by & alone", `(${work("alone")}) &`],
  ["that forked twice", `(setsid sh -c '${work("twice")}' &)`],
];
const counters = ["alone", "nohup", "session", "twice"];

describeImages.each(everyNth(["debian-python", "busybox"], 2))("in %s, daemons left behind", (image) => {
  let aws: Aws;
  let task: Task;
  let idle: readonly string[];
  let result: StepResult;

  const running = (): string[] => processes(task).map(({ command }) => command);
  const count = (name: string): number => {
    const pid = task.containers[0]?.handle?.pid ?? 0;
    return Number(readFileSync(`/proc/${pid}/root/tmp/${name}`, "utf8"));
  };

  beforeAll(async () => {
    await buildImages([`local/${image}`]);
    aws = await Aws.start();
    // With an init, which reaps what the daemons leave.
    task = await taskOf(aws, `local/${image}`, { linuxParameters: { initProcessEnabled: true } });
    idle = running();
    const run = [...ways.map(([, start]) => start), "echo started; exit 4"].join("\n");
    result = await aws.step({ task: task.id, run });
  }, BUILD_TIME);

  afterAll(() => aws.stop());

  it(`${ways.map(([name]) => name).join(", ")} do not keep the step waiting`, () => {
    // If the step waited for one, that would live until the job's timeout, and the outcome would be `timed-out`.
    expect(result.outputs).toMatchObject({ "exit-code": "4", outcome: "failed" });
    expect(result.outputs["stdout"]).toMatch(/started/);
  });

  it("live on, and their later output hurts neither them nor a later job", async () => {
    expect(filesIn(task, "/tmp").sort()).toEqual(counters);
    const before = counters.map(count);
    await eventually(() => counters.every((name, at) => count(name) > (before[at] ?? 0) + 5), true);
    const next = await aws.step({ task: task.id, run: "echo next" });
    expect(next.outputs).toMatchObject({ "exit-code": "0", stdout: "next" });
    expect(filesIn(task, "/tmp").sort()).toEqual(counters);
  });

  itInSoak(
    "leave no process of the action when they end, and a job that prints nothing is shown as such",
    async () => {
      const run =
        "for p in /proc/[0-9]*; do p=${p#/proc/}; [ $p = $$ ] || ! grep -q 'later\\|/script' /proc/$p/cmdline || kill $p; done";
      const silent = await aws.step({ task: task.id, run: `${run} 2>/dev/null; exit 0` });
      expect([jobLog(silent), silent.outputs["stdout"], silent.outputs["exit-code"]]).toEqual([[], "", "0"]);
      await eventually(running, idle);
    },
  );
});
