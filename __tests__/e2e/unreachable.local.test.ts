import type { StepResult } from "../../local/runner/step.ts";
import { Blackhole } from "../helpers/blackhole.ts";
import { BUILD_TIME, buildImages, describeImages, taskOf } from "../helpers/image-tasks.ts";
import { everyNth, inSoak } from "../helpers/every-nth.ts";
import { Aws, mainLog } from "../helpers/local.ts";
import { quietTime } from "../helpers/quiet-time.ts";

/** The longest time from the step's start to the script's first line, by `quietTime`. */
const AT_MOST_MS = 30_000;

let aws: Aws;
const holes = new Map<string, Blackhole>();

beforeAll(async () => {
  aws = await Aws.start();
  for (const kind of ["dropped", "silent"] as const) holes.set(kind, await Blackhole.start(kind));
});

afterAll(async () => {
  for (const hole of holes.values()) hole.stop();
  await aws.stop();
});

interface TimedRun {
  readonly result: StepResult;
  /** Milliseconds until the job's first line, by `quietTime`. */
  readonly took: number;
}

/** Runs a script that is staged in S3, in a container that reaches S3 only by the proxy at this address. */
async function runHello(image: string, proxy: string): Promise<TimedRun> {
  const environment = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"].map((name) => ({
    name,
    value: proxy,
  }));
  const task = await taskOf(aws, image, { environment });
  const began = quietTime();
  let took = Infinity;
  const onLine = (line: string): void => {
    if (line === "hello") took = quietTime() - began;
  };
  const inputs = { task: task.id, bucket: aws.world.made.bucket, run: "echo hello; exit 3" };
  return { result: await aws.step(inputs, { onLine }), took };
}

const notes = (result: StepResult): readonly string[] =>
  mainLog(result).filter((line) => /^(Script|Fetching) /.test(line));

function expectTyped({ result, took }: TimedRun): void {
  expect(result.outputs).toMatchObject({ "exit-code": "3", stdout: "hello" });
  expect(notes(result).at(-1)).toMatch(/^Script typed into the session: .*boto3: /);
  expect(took).toBeLessThan(AT_MOST_MS);
}

describe("a container that can't reach S3", () => {
  // The test of the images has one whose connections are dropped.
  it.concurrent.each(everyNth(["silent", "refused"], 2))(
    "gets the script by the session within 30 s when its proxy's connections are %s",
    async (kind) => {
      const timed = await runHello("example/tools", holes.get(kind)?.url ?? "http://127.0.0.1:1");
      expectTyped(timed);
      // The log announces each way. After one that has waited no further one is tried; one that is refused is followed by the next.
      const tried = ["Fetching the script by python3.", "Fetching the script by curl."];
      const isRefused = kind === "refused";
      expect(notes(timed.result).slice(0, -1)).toEqual(isRefused ? tried : tried.slice(0, 1));
      expect(notes(timed.result).at(-1)).toMatch(
        isRefused ? /; python3: .*refused.*; curl: / : /S3 can't be reached from here/,
      );
      // The task's own endpoint is called without the proxy.
      const header = mainLog(timed.result).find((line) => line.startsWith("fargate-exec run="));
      expect(header).toContain("memory=");
    },
  );
});

inSoak(describeImages)("a container that can't reach S3, in an image", () => {
  const images = everyNth(["local/debian-bash-curl", "local/debian-python", "local/busybox"], 3);
  beforeAll(() => buildImages([...images]), BUILD_TIME);

  it.concurrent.each(images)("%s, gets the script by the session within 30 s", async (image) => {
    expectTyped(await runHello(image, holes.get("dropped")?.url ?? ""));
  });
});
