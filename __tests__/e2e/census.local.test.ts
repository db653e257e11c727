import { readdirSync, readFileSync, statfsSync } from "node:fs";
import { FIRST_READ_MS } from "../../local/agent/pty.ts";
import type { Task } from "../../local/task/task.ts";
import { PARENT_DIRECTORIES } from "../../src/payload/container-source.ts";
import { Aws, filesIn, processes, withoutInit, type Inputs } from "../helpers/local.ts";
import { eventually } from "../helpers/until.ts";

/** How often the step is run in the one task: `CENSUS_RUNS=200 npm test -- census` takes ten minutes. */
const RUNS = Number(process.env["CENSUS_RUNS"] ?? 10);

let aws: Aws;
let task: Task;

beforeAll(async () => {
  aws = await Aws.start({ delays: { firstRead: FIRST_READ_MS } }, "of every way of use");
  await aws.register("no-init", [withoutInit], "2048");
});

// A second try has a task of its own: what a run leaves stays as long as its task.
beforeEach(async () => {
  task = await aws.runningTask("no-init");
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
  [() => ({ run: "seq -f 'line %.0f of many' 20000", transport: "packed" }), "0"],
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
function census() {
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
    files: ["/tmp", "/dev/shm"].map((place) => [place, ...filesIn(task, place)]),
    ours: ["/", ...PARENT_DIRECTORIES].flatMap((place) =>
      readdirSync(root + place).filter((name) => name.startsWith("fargate-exec")),
    ),
    used: ["/tmp", "/dev/shm"].map((place) => {
      const { blocks, bfree, files, ffree } = statfsSync(root + place);
      return [place, blocks - bfree, files - ffree];
    }),
    mounts: readFileSync(`${first}/mounts`, "utf8").split("\n").length,
  };
}

it("a census of the task before and after many runs of every kind is the same", async () => {
  const before = census();
  expect(before.processes).toHaveLength(1);
  const began = Date.now();
  const runs = Array.from({ length: Math.ceil(RUNS / kinds.length) }, () => kinds)
    .flat()
    .slice(0, RUNS);
  for (const [inputs, exitCode] of runs) {
    // One at a time, since a container has one place.
    const result = await aws.step({ task: task.id, secrets: "KEY", ...inputs() }, { env: { KEY: secret } });
    expect(result.outputs["exit-code"]).toBe(exitCode);
    // The exec agent's own programs may run for a moment after the session.
    await eventually(() => (processes(task).length === 1 ? [] : result.log), []);
  }
  expect(census()).toEqual(before);
  if (RUNS > kinds.length)
    console.log(`${RUNS} runs in ${(Date.now() - began) / 1000} s: ${JSON.stringify(census(), null, 1)}`);
}, 3_600_000);
