import { writeFileSync } from "node:fs";
import { FIRST_READ_MS } from "../../local/agent/pty.ts";
import type { StepResult } from "../../local/runner/step.ts";
import type { Task } from "../../local/task/task.ts";
import { watchCommandLines } from "../helpers/command-lines.ts";
import { everyNth, itInSoak } from "../helpers/every-nth.ts";
import { BUILD_TIME, buildImages, describeImages, taskOf } from "../helpers/image-tasks.ts";
import { Aws, jobDirectories, jobLog, mainLog } from "../helpers/local.ts";
import { eventually } from "../helpers/until.ts";

let aws: Aws;

beforeAll(async () => {
  aws = await Aws.start({ delays: { firstRead: FIRST_READ_MS } });
});

afterAll(() => aws.stop());

/** The reads of objects below the action's prefix, by any caller. */
const downloads = (): string[] =>
  aws.calls(`GET /${aws.world.made.bucket}/fargate-exec/`).map(({ operation }) => operation);

async function deliver(task: Task, more: Record<string, string> = {}): Promise<StepResult> {
  const { bucket } = aws.world.made;
  return aws.step({ task: task.id, bucket, run: "echo delivered; exit 3", ...more });
}

function expectDelivered(result: StepResult, said: string): void {
  expect(mainLog(result).filter((line) => line.startsWith("Script "))).toEqual([
    expect.stringContaining(said),
  ]);
  expect(result.outputs).toMatchObject({ "exit-code": "3", stdout: "delivered" });
  expect(jobLog(result)).toEqual(["delivered"]);
}

describeImages("a presigned URL", () => {
  const ways = [
    ["curl", "debian-bash-curl", "curl -q -sSf"],
    ["python3", "debian-python", "python3 -I -S -c"],
  ] as const;

  const some = everyNth(ways, 2);

  beforeAll(() => buildImages(some.map(([, image]) => `local/${image}`)), BUILD_TIME);

  it.each(some)("of %s in %s is in no process list, log or transcript", async (tool, image, program) => {
    const { local, made } = aws.world;
    const task = await taskOf(aws, `local/${image}`, { logged: true });
    const before = downloads().length;
    // The answer is slow, so that the client is seen in the process list.
    local.fail({ operation: `GET /${made.bucket}/fargate-exec/*`, delay: 400 });
    const running = deliver(task, { cluster: made.loggedCluster });
    const commandLines = await watchCommandLines(running);
    const result = await running;
    expectDelivered(result, `Script fetched by ${tool} (boto3: `);
    // The URL was used, so there was something to hide.
    expect(downloads().slice(before).join("\n")).toMatch(/fargate-exec\/.*payload/);
    expect(commandLines).toContain(program);

    const { s3, cloudwatch } = await aws.transcripts(result);
    for (const text of [s3, cloudwatch]) expect(text).toContain("delivered");
    const texts = {
      "the command lines": commandLines,
      "the job log": [...result.log, ...result.rawLog, ...(result.post?.rawLog ?? [])].join("\n"),
      "the outputs, the state and the summary": JSON.stringify([
        result.outputs,
        result.state,
        result.summary,
      ]),
      "the ExecuteCommand requests": JSON.stringify(aws.calls("ExecuteCommand").map(({ body }) => body)),
      "the transcript in S3": s3,
      "the transcript in CloudWatch": cloudwatch,
    };
    for (const [where, text] of Object.entries(texts))
      expect({ where, found: /X-Amz-(Signature|Credential|Expires)/i.exec(text)?.[0] }).toEqual({ where });
  });
});

/** The keys of the objects in the bucket that are neither claims nor output. */
async function stagedObjects(): Promise<string[]> {
  return (await aws.objects()).filter((key) => !/\/(claims|output)\//.test(key));
}

itInSoak(
  "when one way to fetch the script fails, the next one is tried, the log says why, and the staged object is gone while the script runs",
  async () => {
    const { local, made } = aws.world;
    const denied = { code: "AccessDenied", message: "Access Denied", status: 403 };
    const onLine = (line: string): void => {
      // When main logs the session, the script is staged, and the container has not fetched it yet.
      const staged = line.startsWith("Session ")
        ? aws.calls(`PUT /${made.bucket}/`).findLast(({ operation }) => operation.endsWith("/payload"))
        : undefined;
      if (staged !== undefined) local.fail({ operation: staged.operation.replace(/^PUT/, "GET"), ...denied });
    };
    const task = await aws.runningTask();
    const begun = Date.now();
    const run = "until [ -e /tmp/go ]; do sleep 0.05; done; echo went; rm /tmp/go; exit 3";
    const running = aws.step({ task: task.id, bucket: made.bucket, run }, { onLine });
    const wasDeleted = (): boolean =>
      aws
        .calls(`DELETE /${made.bucket}/`)
        .some(({ operation, at }) => operation.endsWith("/payload") && at >= begun);
    await eventually(wasDeleted, true);
    await eventually(stagedObjects, []);
    writeFileSync(`/proc/${task.containers[0]?.handle?.pid ?? 0}/root/tmp/go`, "");
    const result = await running;
    const [said = ""] = mainLog(result).filter((line) => line.startsWith("Script "));
    expect(said).toMatch(/^Script fetched by python3 \(boto3: .*AccessDenied/);
    expect(result.outputs).toMatchObject({ "exit-code": "3", stdout: "went" });
  },
);

describeImages("an image without a program that the loader fetches with", () => {
  itInSoak(
    "fails with one error when the script is too large to be typed, and leaves nothing behind",
    async () => {
      const { bucket } = aws.world.made;
      const task = await taskOf(aws, "local/busybox");
      const script = `echo not reached\n${"# filler\n".repeat(130_000)}`;
      const result = await aws.step(
        { task: task.id, bucket, "script-file": "big.sh" },
        { files: { "big.sh": script } },
      );
      expect(result.outputs).toMatchObject({ "exit-code": "", outcome: "not-started", stdout: "" });
      expect(result.annotations).toEqual([
        {
          level: "error",
          title: "fargate-exec: download-failed",
          message: expect.stringMatching(/boto3: .*too large to be typed/) as string,
        },
      ]);
      expect(await aws.objects()).toEqual([]);
      expect(jobDirectories(task)).toEqual([]);
    },
  );
});
