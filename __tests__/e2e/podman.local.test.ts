import { whyNoPodman } from "../../local/task/podman.ts";
import { everyNth, itInSoak } from "../helpers/every-nth.ts";
import { Aws, jobLog, expectClean, withoutInit } from "../helpers/local.ts";
import { eventually } from "../helpers/until.ts";
import { withNeed } from "../helpers/needs.ts";

withNeed(
  describe,
  "podman",
  whyNoPodman(),
)("in a container of podman and runc", () => {
  let aws: Aws;
  beforeAll(async () => {
    aws = await Aws.start({ runtime: "podman" });
    await aws.register("no-init", [withoutInit], "4096");
  });
  afterAll(() => aws.stop());

  const deliveries: readonly (readonly [string, boolean])[] = [
    ["through S3", true],
    ["over the session", false],
  ];
  it.each(everyNth(deliveries, 2))(
    "a job of four workers, delivered %s, runs with a container's capabilities and leaves nothing",
    async (_, staged) => {
      const task = await aws.runningTask("no-init");
      const result = await aws.step({
        task: task.id,
        workers: "auto",
        secrets: "WORD=open sesame",
        run: 'grep CapEff /proc/self/status\necho "$WORD"\nexit "$FARGATE_EXEC_WORKER"',
        ...(staged && { bucket: aws.world.made.bucket }),
      });
      expect(result.outputs).toMatchObject({ "exit-code": "1", outcome: "failed" });
      // Docker's and podman's default set has no capability above number 31.
      const rights = /^\[\d\] CapEff:\t00000000[0-9a-f]{8}$/;
      expect(jobLog(result).toSorted()).toEqual(
        [0, 1, 2, 3].flatMap((i) => [`[${i}] ***`, expect.stringMatching(rights) as string]),
      );
      await expectClean(task);
    },
  );

  itInSoak("a task that the step starts, with an init, is stopped again", async () => {
    const result = await aws.step({ ...aws.newTask(), run: "cat /proc/1/comm; exit 7" });
    expect(result.outputs).toMatchObject({ "exit-code": "7", outcome: "failed" });
    await eventually(() => aws.taskOf(result).lastStatus, "STOPPED");
  });
});
