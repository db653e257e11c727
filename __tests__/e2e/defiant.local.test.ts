import type { StepResult } from "../../local/runner/step.ts";
import type { Task } from "../../local/task/task.ts";
import { PARENT_DIRECTORIES } from "../../src/payload/container-source.ts";
import { mountDisk } from "../helpers/disk.ts";
import { BUILD_TIME, buildImages, describeImages, inTurn, taskOf } from "../helpers/image-tasks.ts";
import { Aws } from "../helpers/local.ts";
import { everyNth } from "../helpers/every-nth.ts";

/** The expected end: an exit code and standard output, or a text of the failure. */
type ScriptEnd = { readonly code: number; readonly stdout: string } | { readonly lost: RegExp };

/** The first of the parents of job directories, here on a small disk. */
const parent = PARENT_DIRECTORIES[0];
const fill = `head -c 600000 /dev/zero 2>/dev/null >${parent}/full || :`;
const much = "yes 0123456789 | head -c 300000";

const scripts: readonly (readonly [name: string, script: string, ending: ScriptEnd])[] = [
  [
    "ignores TERM",
    "trap '' TERM; echo before; while :; do sleep 1 & wait; done",
    { code: 124, stdout: "before" },
  ],
  [
    "forks twice",
    "(sh -c 'sleep 30 &' &); (sleep 30 >/dev/null 2>&1 &) & echo forked; exit 3",
    { code: 3, stdout: "forked" },
  ],
  ["terminates its own group", "echo before; kill -TERM 0; sleep 5", { code: 143, stdout: "before" }],
  ["kills its own group", "echo before; kill -KILL 0; sleep 5", { code: 137, stdout: "before" }],
  ["kills the process that waits for it", "kill -KILL $PPID; sleep 0.2; exit 0", { lost: /was killed/ }],
  ["becomes another program", "echo 1; exec sh -c 'echo 2; exit 9'", { code: 9, stdout: "1\n2" }],
  ["becomes a program that does not exist", "exec /no/such/program", { code: 127, stdout: "" }],
  ["closes its streams", "echo before; exec >&- 2>&- <&-; sleep 0.3; exit 5", { code: 5, stdout: "before" }],
  ["redirects its streams", "echo 1; exec >/dev/null 2>&1; echo 2; exit 6", { code: 6, stdout: "1" }],
  ["removes all of /tmp", "rm -rf /tmp/* /var/tmp/*; sleep 0.3; exit 4", { code: 4, stdout: "" }],
  [
    "removes the job directory",
    `sleep 0.3; rm -rf ${parent}/fargate-exec-*; exit 0`,
    { lost: /directory .* was removed/ },
  ],
  [
    "removes the job directory, then works on",
    `rm -rf ${parent}/fargate-exec-*; sleep 1; exit 7`,
    { lost: /directory .* was removed/ },
  ],
  ["fills the disk with its output", `${much}; ${much}; exit 0`, { lost: /full disk/ }],
  ["fills the disk and fails", `${fill}; exit 7`, { code: 7, stdout: "" }],
  ["fills the disk, then prints much", `${fill}; ${much}; exit 0`, { lost: /full disk/ }],
  ["frees the disk again", `${fill}; ${much}; sleep 0.5; rm ${parent}/full; exit 0`, { lost: /full disk/ }],
];

const IMAGES = ["debian-python", "busybox"];

describeImages.each(IMAGES)("in %s, a script that", (image) => {
  const defiant = everyNth(scripts, 8 * IMAGES.length, 4 + 8 * IMAGES.indexOf(image));
  let aws: Aws;
  let results: readonly StepResult[];

  beforeAll(async () => {
    await buildImages([`local/${image}`]);
    aws = await Aws.start();
    const begin = async (): Promise<Task> => {
      const task = await taskOf(aws, `local/${image}`);
      mountDisk(task, parent, "512k");
      return task;
    };
    results = await inTurn(defiant, 3, async ([name, run]) => {
      const task = await begin();
      return aws.step({ task: task.id, run, timeout: name === "ignores TERM" ? "1s" : "20s" });
    });
  }, BUILD_TIME);

  afterAll(() => aws.stop());

  it.each(defiant.map(([name, , ending], at) => [name, ending, at] as const))("%s", (_name, ending, at) => {
    const result = results[at];
    if (result === undefined) throw new Error("no such result");
    expect(result.conclusion).toBe("failure");
    expect(result.annotations).toHaveLength(1);
    if ("lost" in ending) {
      expect(result.outputs).toMatchObject({ "exit-code": "", outcome: "unknown" });
      expect(result.annotations[0]?.title).toBe("fargate-exec: no-status");
      expect(result.annotations[0]?.message).toMatch(ending.lost);
    } else {
      const { code, stdout } = ending;
      const { "exit-code": exitCode, stdout: printed } = result.outputs;
      const message = expect.stringMatching(code === 124 ? /'timeout'/ : `Exit code ${code}\\b`) as string;
      expect({ exitCode, printed, message: result.annotations[0]?.message }).toEqual({
        ...{ exitCode: String(code), printed: stdout, message },
      });
    }
  });
});
