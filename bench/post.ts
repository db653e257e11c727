/** `node bench/post.ts [TIMES]`: how long the post step takes after a good end, each way that the output can come. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseFileCommands } from "../local/runner/files.ts";
import { seed } from "../local/seed.ts";
import { type LocalFargate, startLocalFargate } from "../local/start.ts";
import { actionDir, environment } from "./environment.ts";
import { percentile, range, row } from "./rows.ts";
import { startStep, waitForAgents } from "./step.ts";

const TIMES = Number(process.argv[2] ?? 3);
const BAR_MS = 500;

const root = mkdtempSync(join(tmpdir(), "bench-"));
const local = await startLocalFargate({ stopTimeout: 500 });
try {
  const { cluster, loggedCluster, taskDefinition, bucket, service, subnets } = await seed(local);
  await waitForAgents(local);
  const task = local.tasks[0]?.id ?? "";
  const started = { "task-definition": taskDefinition, subnets: subnets.join() };
  const run = "echo hello";
  const [lasting, files] = ["echo hello; sleep 4; echo bye", "head -c 3000000 /dev/urandom >/tmp/post"];
  const artifacts = { artifacts: "/tmp/post", "artifacts-path": join(root, "back") };
  const ways: readonly (readonly [string, Record<string, string>])[] = [
    ["by session", { cluster, task, run }],
    ["by session, with a bucket", { cluster, task, bucket, run }],
    ["by S3, a short job", { cluster, task, bucket, logs: "bucket", run }],
    ["by S3, once the job has lasted", { cluster, task, bucket, run: lasting }],
    ["by S3, with artifacts", { cluster, task, bucket, logs: "bucket", run: files, ...artifacts }],
    ["by S3, of a service, protected", { cluster, service, bucket, logs: "bucket", run }],
    ["by S3, in a task of its own", { cluster, ...started, bucket, logs: "bucket", run }],
    ["logged, in a task of its own", { cluster: loggedCluster, ...started, bucket, run }],
  ];
  for (const [way, inputs] of ways) {
    const taken: number[] = [];
    for (let i = 0; i < TIMES; i += 1) taken.push(await postOf(inputs, local));
    const most = percentile(taken);
    row(`post after a good end, ${way}`, range(taken), `${BAR_MS} ms`, most <= BAR_MS);
  }
} finally {
  await local.stop();
  rmSync(root, { recursive: true });
}

/** The milliseconds of the post step that follows at once on a main step with these inputs. */
async function postOf(inputs: Record<string, string>, { env }: LocalFargate): Promise<number> {
  const step = await startStep(root, inputs, local);
  const code = await step.ended;
  if (code !== 0) throw new Error(`main ended with ${code}:\n${step.log()}`);
  const state = [...parseFileCommands(readFileSync(join(root, "STATE"), "utf8"))];
  const began = performance.now();
  const post = spawn(process.execPath, [join(actionDir, "dist/post.js")], {
    stdio: ["ignore", "ignore", "inherit"],
    env: {
      ...(await environment(root, inputs)),
      ...env,
      ...Object.fromEntries(state.map(([name, value]) => [`STATE_${name}`, value])),
    },
  });
  const [ended] = (await once(post, "close")) as [number | null];
  if (ended !== 0) throw new Error(`post ended with ${ended}`);
  return performance.now() - began;
}
