import type { StepResult } from "../../local/runner/step.ts";
import type { Task } from "../../local/task/task.ts";
import { startCounter } from "../helpers/counter.ts";
import { Aws, mainLog } from "../helpers/local.ts";
import { itInSoak } from "../helpers/every-nth.ts";

/** `npm run soak tables` has three. */
const RUNS = process.env["EVERY_ROW"] === "1" ? 3 : 2;

let aws: Aws;
let tasks: readonly Task[];
beforeAll(async () => {
  aws = await Aws.start({ sessionLimit: 2 });
  tasks = await Promise.all([aws.runningTask(), aws.runningTask()]);
});
afterAll(() => aws.stop());

const locks = (name: string): Promise<string[]> => aws.objects(`fargate-exec/locks/${name}`);

it.concurrent(
  "runs in two containers that add 1 to a number under one lock lose no addition",
  async () => {
    // The first script goes on when another run waits, however late that is on a busy machine.
    let goOn = (): void => undefined;
    const { run, value, close } = await startCounter(new Promise<void>((resolve) => (goOn = resolve)));
    const onLine = (line: string): void => {
      if (line.includes("is held by")) goOn();
    };
    const results = await Promise.all(
      Array.from({ length: RUNS }, (_, at) => {
        const inputs = { task: tasks[at % 2]?.id ?? "", bucket: aws.world.made.bucket, lock: "counter", run };
        return aws.step(inputs, { onLine });
      }),
    );
    close();
    expect(results.map(({ outputs }) => outputs["outcome"])).toEqual(results.map(() => "succeeded"));
    expect(value()).toBe(RUNS);
    const waits = results.flatMap((result) => mainLog(result).filter((line) => line.includes("is held by")));
    expect(waits.join("\n")).toMatch(
      /The lock 'counter' is held by job 'migrate' of https:\/\/\S+ since \d\d:\d\d:\d\d UTC; waiting for it as number \d in line, with /,
    );
    expect(await locks("counter")).toEqual([]);
  },
  120_000,
);

itInSoak.concurrent(
  "a cancel gives back the lock, and a cancelled step that waits for it leaves the queue",
  async () => {
    const [cancelRunning, cancelWaiting] = [new AbortController(), new AbortController()];
    const inputs = { bucket: aws.world.made.bucket, lock: "cancelled" };
    let waiting: Promise<StepResult> | undefined;
    const waitThenCancel = async (): Promise<void> => {
      waiting = aws.step(
        { task: tasks[1]?.id ?? "", ...inputs, run: "echo never" },
        {
          signal: cancelWaiting.signal,
          onLine: (line) => line.includes("is held by") && cancelWaiting.abort(),
        },
      );
      await waiting;
      cancelRunning.abort();
    };
    const running = await aws.step(
      { task: tasks[0]?.id ?? "", ...inputs, run: "echo begun; sleep 60" },
      { signal: cancelRunning.signal, onLine: (line) => line === "begun" && void waitThenCancel() },
    );
    const waited = await waiting;
    expect([running.conclusion, waited?.conclusion]).toEqual(["cancelled", "cancelled"]);
    expect(mainLog(waited ?? running).join("\n")).not.toContain("never");
    expect(await locks("cancelled")).toEqual([]);
  },
  120_000,
);
