import { FIRST_READ_MS } from "../../local/agent/pty.ts";
import type { StepResult } from "../../local/runner/step.ts";
import type { RecordedRequest } from "../../local/front/requests.ts";
import { Aws, jobLog } from "../helpers/local.ts";
import { scaleService, serviceTasks } from "../helpers/service.ts";

/** `npm run soak tables` takes 40. */
const JOBS = process.env["EVERY_ROW"] === "1" ? 40 : 9;
/** Too few for all jobs at once. */
const TASKS = 4;
const LIMIT = 2;
/** A queued job looks at its task at most this often. A running job looks after 15 s. */
const SECONDS_FOR_A_LOOK = 2;

interface Job {
  readonly index: number;
  readonly result: StepResult;
  readonly calls: readonly RecordedRequest[];
  readonly seconds: number;
}

let aws: Aws;
let jobs: readonly Job[];
beforeAll(async () => {
  aws = await Aws.start({ throttle: true, sessionLimit: LIMIT, delays: { firstRead: FIRST_READ_MS } });
  await scaleService(aws, TASKS);
  jobs = await Promise.all(Array.from({ length: JOBS }, (_, index) => runMatrixJob(index)));
});
afterAll(() => aws.stop());

/** Runs a job as an IAM user of its own, whose key identifies its calls. */
async function runMatrixJob(index: number): Promise<Job> {
  const { made, local } = aws.world;
  const inputs = {
    service: made.service,
    bucket: made.bucket,
    env: `INDEX=${index}`,
    run: 'echo "this is $INDEX"; echo "not of $INDEX" >&2; exit $((INDEX % 4 == 3 ? INDEX : 0))',
  };
  const env = aws.keysFor(inputs);
  const key = env["AWS_ACCESS_KEY_ID"];
  const begun = Date.now();
  const result = await aws.step(inputs, { env });
  const seconds = (Date.now() - begun) / 1000;
  return { index, result, calls: local.requests.filter((call) => call.key === key), seconds };
}

const count = ({ calls }: Job, operation: RegExp): number =>
  calls.filter((call) => operation.test(call.operation)).length;

it("each job's end and output are its own", () => {
  const ends = jobs.map(({ result: { outputs, annotations } }) => ({
    code: outputs["exit-code"],
    stdout: outputs["stdout"],
    errors: annotations.map(({ title }) => title),
  }));
  expect(ends).toEqual(
    jobs.map(({ index }) => ({
      code: String(index % 4 === 3 ? index : 0),
      stdout: `this is ${index}`,
      errors: index % 4 === 3 ? ["fargate-exec: failed"] : [],
    })),
  );
  for (const { index, result } of jobs)
    expect(jobLog(result).toSorted()).toEqual([`not of ${index}`, `this is ${index}`]);
});

it("the jobs are spread over the tasks, and no container ever had more sessions than it takes", () => {
  const { sessions } = aws.world.local.gateway;
  const byTask = serviceTasks(aws).map(({ id }) => sessions.filter(({ target }) => target.includes(id)));
  for (const own of byTask) {
    const atOnce = own.map(
      ({ createdAt: at }) =>
        own.filter(({ createdAt, endedAt = Infinity }) => createdAt <= at && at < endedAt).length,
    );
    expect(Math.max(...atOnce)).toBeLessThanOrEqual(LIMIT);
  }
  // Each job draws its task at random. All nine draw the same one once in 65,000 runs.
  const most = Math.max(...byTask.map(({ length }) => length));
  expect(most).toBeLessThan(byTask.flat().length);
});

it("no job calls ECS more often than it may", () => {
  const once = ["DescribeClusters", "DescribeTaskDefinition", "ExecuteCommand", "ListTasks"];
  for (const job of jobs) {
    const operations = job.calls.map(({ operation }) => operation);
    expect(operations.filter((operation) => once.includes(operation)).toSorted()).toEqual(once);
    expect(count(job, /^DescribeTasks$/)).toBeLessThanOrEqual(2 + job.seconds / SECONDS_FOR_A_LOOK);
  }
});

it("no claim and no staged script is left", async () => {
  expect(await aws.objects()).toEqual([]);
});
