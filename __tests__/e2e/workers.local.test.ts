import type { Task } from "../../local/task/task.ts";
import { everyNth, itInSoak } from "../helpers/every-nth.ts";
import { Aws, jobLog, expectClean, withoutInit } from "../helpers/local.ts";

let aws: Aws;
let tailTask: Task;

beforeAll(async () => {
  aws = await Aws.start();
  await aws.register("no-init", [withoutInit], "4096");
  tailTask = await aws.runningTask("no-init");
});

afterAll(() => aws.stop());

/** Pipelines, subshells, background jobs and signals: all that may leave a zombie or an orphan. */
const busy = `
seq 2000 | sort -r | head -n 3 >/dev/null
(sleep 0.2 | cat) &
$(command -v true) & true &
(sh -c 'kill -TERM $$') || :
tmp=$(mktemp); rm "$tmp"
wait
echo "worker $FARGATE_EXEC_WORKER of $FARGATE_EXEC_WORKERS"
exit "$FARGATE_EXEC_WORKER"
`;

const deliveries: readonly (readonly [string, boolean])[] = [
  ["through S3", true],
  ["over the session", false],
];
it.each(everyNth(deliveries, 2))(
  "four workers of a script delivered %s leave nothing behind where PID 1 is tail, without an init",
  async (_, staged) => {
    const result = await aws.step({
      task: tailTask.id,
      // One for each vCPU.
      workers: "auto",
      run: busy,
      ...(staged && { bucket: aws.world.made.bucket }),
    });
    await expectClean(tailTask);
    expect(result.outputs).toMatchObject({ "exit-code": "1", outcome: "failed" });
    expect(result.outputs["stdout"]?.split("\n").toSorted()).toEqual(
      [0, 1, 2, 3].map((i) => `[${i}] worker ${i} of 4`),
    );
  },
);

itInSoak("a job whose script can't be started leaves nothing", async () => {
  const [noShell, noDirectory] = await Promise.all([
    aws.step({ task: tailTask.id, shell: "no-such-shell {0}", run: "x" }),
    aws.step({ task: tailTask.id, "working-directory": "/nowhere", run: "echo not reached" }),
  ]);
  expect(noShell.outputs).toMatchObject({ outcome: "not-started", "exit-code": "" });
  expect(noDirectory.outputs).toMatchObject({ outcome: "not-started", "exit-code": "", stdout: "" });
  await expectClean(tailTask);
});

const sizes = [
  ["4 vCPU", "4096", "8192", 4],
  ["half a vCPU", "512", "1024", 1],
] as const;
itInSoak.each(sizes)(
  "'workers: auto' gives each vCPU a worker, and a task at least one: %s",
  async (_, cpu, memory, count) => {
    const result = await aws.step({
      ...aws.newTask(),
      "task-definition": "no-init",
      ...{ cpu, memory },
      workers: "auto",
      run: 'echo "$FARGATE_EXEC_WORKERS"',
    });
    expect(result.outputs["exit-code"]).toBe("0");
    expect(JSON.parse(result.outputs["results"] ?? "")).toHaveLength(count);
    expect(jobLog(result)[0]).toMatch(count === 1 ? /^1$/ : /^\[\d\] 4$/);
  },
);

itInSoak(
  "lines of four workers that write at once stay whole and in the order of each worker, and 'results' has each one's last lines",
  async () => {
    const run = `i=0; while [ $i -lt 2000 ]; do i=$((i + 1)); echo "$FARGATE_EXEC_WORKER:$i:abcdefghijklmnopqrstuvwxyz"; done
    for i in 1 2 3 4 5; do echo "$FARGATE_EXEC_WORKER:$i"; sleep 0.05; done`;
    const result = await aws.step({ task: tailTask.id, workers: "4", run });
    const lines = jobLog(result);
    expect(lines).toHaveLength(8020);
    const results = JSON.parse(result.outputs["results"] ?? "") as { worker: number; stdout: string }[];
    for (const worker of [0, 1, 2, 3]) {
      const printed = [
        ...Array.from({ length: 2000 }, (_, i) => `${worker}:${i + 1}:abcdefghijklmnopqrstuvwxyz`),
        ...[1, 2, 3, 4, 5].map((i) => `${worker}:${i}`),
      ];
      const own = lines.filter((line) => line.startsWith(`[${worker}] `));
      expect(own).toEqual(printed.map((line) => `[${worker}] ${line}`));
      const last = results.find((each) => each.worker === worker)?.stdout;
      expect(last).toBe(printed.slice(-10).join("\n"));
    }
  },
);
