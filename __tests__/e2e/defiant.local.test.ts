import type { StepResult } from "../../demo/runner.ts";
import type { Task } from "../../local/task/task.ts";
import { BUILD_TIME, buildImages, describeImages, inTurn, taskOf } from "../helpers/image-tasks.ts";
import { Aws } from "../helpers/local.ts";

const defiant: readonly (readonly [name: string, script: string, code: string, stdout: string])[] = [
  [
    "forks twice",
    `(sh -c 'sleep 30 &' &); (sleep 30 >/dev/null 2>&1 &) & echo forked; exit 3`,
    "3",
    "forked",
  ],
  ["terminates its own group", "echo before; kill -TERM 0; sleep 5; echo after", "143", "before"],
  ["kills its own group", "echo before; kill -KILL 0; sleep 5; echo after", "137", "before"],
  ["kills whoever waits for it", "echo before; kill -KILL $PPID; sleep 0.2; echo after; exit 0", "?", ""],
  ["becomes another program", "echo before; exec sh -c 'echo after; exit 9'", "9", "before\nafter"],
  ["becomes one that is not there", "exec /no/such/program", "127", ""],
  ["closes its streams", "echo before; exec >&- 2>&- <&-; sleep 0.3; exit 5", "5", "before"],
  ["sends its streams away", "echo before; exec >/dev/null 2>&1; echo lost; sleep 0.3; exit 6", "6", "before"],
  ["removes all of /tmp", "echo before; sleep 0.3; rm -rf /tmp/*; echo after; exit 0", "?", ""],
  ["removes all of /tmp, and fails", "echo before; sleep 0.3; rm -rf /tmp/*; sleep 1; exit 7", "?", ""],
  ["kills everything", "echo before; sleep 0.3; kill -KILL -1; sleep 5", "?", ""],
  ["fills the disk with output", "yes 0123456789 | head -c 600000; echo end", "?", ""],
  ["fills the disk, then goes on", "head -c 600000 /dev/zero >/tmp/full || :; yes 0123456789 | head -c 300000; exit 0", "?", ""],
  ["fills the disk, then prints a little", "head -c 600000 /dev/zero >/tmp/full || :; echo little; exit 0", "?", ""],
  ["fills the disk, then fails", "head -c 600000 /dev/zero >/tmp/full || :; exit 7", "?", ""],
];

describeImages.each(["debian-python", "busybox"])("in %s, a script that", (image) => {
  let aws: Aws;
  let results: readonly StepResult[];

  beforeAll(async () => {
    await buildImages([`local/${image}`]);
    aws = await Aws.start();
    const begin = (): Promise<Task> =>
      taskOf(aws, `local/${image}`, {
        command: ["/bin/sh", "-c", "mount -t tmpfs -o size=512k tmpfs /tmp && exec sleep 600"],
      });
    results = await inTurn(defiant, 3, async ([name, run]) => {
      const task = await begin();
      const began = Date.now();
      const r = await aws.step({ task: task.id, run, timeout: "20s" });
      console.log(image, name, Date.now() - began, r.outputs, r.annotations, r.log.slice(r.log.indexOf("##[endgroup]") + 1).map((l) => l.slice(0, 300)).slice(-15).join("\n"));
      return r;
    });
  }, BUILD_TIME);

  afterAll(() => aws.stop());

  it.each(defiant.map(([name, , code, stdout], at) => [name, code, stdout, at] as const))(
    "%s",
    (_name, code, stdout, at) => {
      expect(results[at]?.outputs).toMatchObject({ "exit-code": code, stdout });
    },
  );
});
