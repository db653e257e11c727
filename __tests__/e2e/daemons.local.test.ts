import { readFileSync } from "node:fs";
import type { StepResult } from "../../local/runner/step.ts";
import type { Task } from "../../local/task/task.ts";
import { BUILD_TIME, buildImages, describeImages, inTurn, taskOf } from "../helpers/image-tasks.ts";
import { Aws, filesIn, processes } from "../helpers/local.ts";
import { everyNth } from "../helpers/every-nth.ts";
import { eventually } from "../helpers/until.ts";

/** A daemon that writes into a file how often it has printed. If a print kills it, the count stops. */
const work = (name: string): string =>
  `n=0; while :; do echo later; echo later >&2; n=$((n + 1)); echo "$n" >/tmp/${name}; sleep 0.05; done`;

const ways: readonly (readonly [name: string, script: string])[] = [
  ["in a session of its own", `setsid sh -c '${work("session")}' & echo started; exit 4`],
  [
    "by nohup and &",
    // Debian's busybox has no nohup.
    `command -v nohup >/dev/null || nohup() { trap '' HUP; exec "$@"; }\nnohup sh -c '${work("nohup")}' & echo started; exit 4`,
  ],
  ["by & alone", `(${work("alone")}) & echo started; exit 4`],
  ["that forked twice", `(setsid sh -c '${work("twice")}' &) ; echo started; exit 4`],
];
const counters = ["alone", "nohup", "session", "twice"];

describeImages.each(everyNth(["debian-python", "busybox"], 2))("in %s, a daemon left behind", (image) => {
  let aws: Aws;
  let task: Task;
  let idle: readonly string[];
  let results: readonly StepResult[];

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
    results = await inTurn(ways, 2, async ([, run]) => {
      return await aws.step({ task: task.id, run });
    });
  }, BUILD_TIME);

  afterAll(() => aws.stop());

  it.each(ways.map(([name], at) => [name, at] as const))("%s does not keep the step waiting", (_, at) => {
    const result = results[at];
    if (result === undefined) throw new Error("no such result");
    // If the step waited, the daemon would live until the job's timeout, and the outcome would be `timed-out`.
    expect(result.outputs).toMatchObject({ "exit-code": "4", outcome: "failed" });
    expect(result.outputs["stdout"]).toMatch(/started/);
  });

  it("lives on, and its later output hurts neither it nor a later job", async () => {
    expect(filesIn(task, "/tmp").sort()).toEqual(counters);
    const before = counters.map(count);
    await eventually(() => counters.every((name, at) => count(name) > (before[at] ?? 0) + 5), true);
    const next = await aws.step({ task: task.id, run: "echo next" });
    expect(next.outputs).toMatchObject({ "exit-code": "0", stdout: "next" });
    expect(filesIn(task, "/tmp").sort()).toEqual(counters);
  });

  it("leaves no process of the action when it ends", async () => {
    const run =
      "for p in /proc/[0-9]*; do p=${p#/proc/}; [ $p = $$ ] || ! grep -q 'later\\|/script' /proc/$p/cmdline || kill $p; done";
    await aws.step({ task: task.id, run: `${run} 2>/dev/null; exit 0` });
    await eventually(running, idle);
  });
});
