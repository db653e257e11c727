import { readdirSync, readFileSync, rmSync, statfsSync } from "node:fs";
import { ListObjectVersionsCommand, PutBucketVersioningCommand } from "@aws-sdk/client-s3";
import { FIRST_READ_MS } from "../../local/agent/pty.ts";
import type { Task } from "../../local/task/task.ts";
import { PARENT_DIRECTORIES } from "../../src/payload/container-source.ts";
import { Aws, filesIn, processes, withoutInit, type Inputs } from "../helpers/local.ts";
import { everyNth, itInSoak } from "../helpers/every-nth.ts";
import { eventually } from "../helpers/until.ts";

/** How often each kind of step is run in the one task: `CENSUS_ROUNDS=20 EVERY_ROW=1 npm test -- census` takes ten minutes. */
const ROUNDS = Number(process.env["CENSUS_ROUNDS"] ?? 1);
/** How many jobs meet in one container: 50 under `npm run soak census`. */
const MEETING = Number(process.env["CENSUS_MEETING"] ?? 3);

let aws: Aws;

beforeAll(async () => {
  aws = await Aws.start({ delays: { firstRead: FIRST_READ_MS } });
  await aws.register("no-init", [withoutInit], "2048");
  // Its sessions are not logged, so runs share its seats.
  await aws.register("init", [{ ...withoutInit, linuxParameters: { initProcessEnabled: true } }], "2048");
});

afterAll(() => aws.stop());

const secret = "correct horse\nbattery staple";

/** Scripts that leave no daemon, each with its exit code. */
const kinds: readonly (readonly [inputs: () => Inputs, exitCode: string])[] = [
  [() => ({ run: "echo hello" }), "0"],
  [() => ({ run: "echo wrong >&2; exit 7", bucket: aws.world.made.bucket }), "7"],
  [
    () => ({
      run: `echo "$KEY"; seq 2000 | sort -r | head -n 3; exit "$FARGATE_EXEC_WORKER"`,
      workers: "auto",
    }),
    "1",
  ],
  [() => ({ run: "seq -f 'line %.0f of many' 20000" }), "0"],
  [
    () => ({
      run: "(sleep 0.1 | cat) & (true &) ; : $(true); sh -c 'kill -TERM $$' || { wait; exit 9; }",
      workers: "3",
    }),
    "9",
  ],
  [() => ({ run: 'id -u; f=$(mktemp); echo "$HOME" >"$f"; rm "$f"; exit 3', user: "nobody" }), "3"],
  [() => ({ run: "sleep 30 | cat", timeout: "1s" }), "124"],
  [() => ({ run: "kill -KILL $$" }), "137"],
  [() => ({ run: "import os, sys; print(len(os.environ['KEY'])); sys.exit(5)", shell: "python" }), "5"],
  [() => ({ run: "(", bucket: aws.world.made.bucket }), "2"],
];

/** The processes of the task, and the resources they use. */
function census(task: Task) {
  const first = `/proc/${processes(task)[0]?.pid ?? 0}`;
  const root = `${first}/root`;
  return {
    processes: processes(task).map(({ pid, state, command }) => {
      const status = readFileSync(`/proc/${pid}/status`, "utf8");
      // The number of file pages depends on the machine's free memory.
      const own = /^(RssAnon|RssShmem|Threads|SigIgn|SigCgt):.*$/gm;
      return [
        state,
        command,
        ...(status.match(own) ?? []),
        `files: ${readdirSync(`/proc/${pid}/fd`).length}`,
      ];
    }),
    files: ["/tmp", "/dev/shm"].map((path) => [path, ...filesIn(task, path)]),
    ours: ["/", ...PARENT_DIRECTORIES].flatMap((path) =>
      readdirSync(root + path).filter((name) => name.startsWith("fargate-exec")),
    ),
    used: ["/tmp", "/dev/shm"].map((path) => {
      const { blocks, bfree, files, ffree } = statfsSync(root + path);
      return [path, blocks - bfree, files - ffree];
    }),
    mounts: readFileSync(`${first}/mounts`, "utf8").split("\n").length,
  };
}

it("a census of the task before and after runs of many kinds is the same", async () => {
  const task = await aws.runningTask("no-init");
  const before = census(task);
  expect(before.processes).toHaveLength(1);
  const began = Date.now();
  const runs = Array.from({ length: ROUNDS }, () => everyNth(kinds, 4)).flat();
  for (const [inputs, exitCode] of runs) {
    // One at a time, so that none waits for another.
    const result = await aws.step({ task: task.id, secrets: "KEY", ...inputs() }, { env: { KEY: secret } });
    expect(result.outputs["exit-code"]).toBe(exitCode);
    // The exec agent's own programs may run for a moment after the session.
    await eventually(() => (processes(task).length === 1 ? [] : result.log), []);
  }
  expect(census(task)).toEqual(before);
  if (ROUNDS > 1)
    console.log(
      `${runs.length} runs in ${(Date.now() - began) / 1000} s: ${JSON.stringify(census(task), null, 1)}`,
    );
}, 3_600_000);

itInSoak(
  "a census of task and bucket before and after jobs that meet in one container is the same",
  async () => {
    const { bucket: Bucket } = aws.world.made;
    await aws.s3.send(
      new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: "Enabled" } }),
    );
    const task = await aws.runningTask("init");
    const before = census(task);
    // Each waits, for two minutes at most, until three have begun, though the container takes two sessions at once.
    const meet = `mkdir -p /tmp/met; : >/tmp/met/$FARGATE_EXEC_RUN; n=0
until [ "$(ls /tmp/met | wc -l)" -ge 3 ] || [ "$n" -ge 600 ]; do n=$((n + 1)); sleep 0.2; done`;
    const results = await Promise.all(
      Array.from({ length: MEETING }, (_, number) =>
        aws.step({
          task: task.id,
          bucket: Bucket,
          run: `date +begin=%s%N\n${meet}\nsleep 1; date +end=%s%N; exit ${number % 7}`,
        }),
      ),
    );
    expect(results.map(({ outputs }) => outputs["exit-code"])).toEqual(
      results.map((_, at) => String(at % 7)),
    );
    const stamps = results.map(({ outputs }) => outputs["stdout"]?.match(/\d{10,}/g)?.map(Number) ?? []);
    const atOnce = stamps.map(
      ([at = NaN]) => stamps.filter(([begin = NaN, end = NaN]) => begin <= at && at < end).length,
    );
    expect(Math.max(...atOnce)).toBeGreaterThan(2);
    rmSync(`/proc/${processes(task)[0]?.pid ?? 0}/root/tmp/met`, { recursive: true });
    await eventually(() => (processes(task).length === before.processes.length ? [] : processes(task)), []);
    expect(census(task)).toEqual(before);
    const { Versions = [], DeleteMarkers = [] } = await aws.s3.send(
      new ListObjectVersionsCommand({ Bucket }),
    );
    expect([...Versions, ...DeleteMarkers].map(({ Key, VersionId }) => [Key, VersionId])).toEqual([]);
  },
  1_800_000,
);
