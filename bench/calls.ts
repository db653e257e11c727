/** `node bench/calls.ts`: which calls to AWS a step makes, and how many, for each way of use. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RecordedRequest } from "../local/front/requests.ts";
import { seed } from "../local/seed.ts";
import { startLocalFargate } from "../local/start.ts";
import { visibleDelays } from "../local/settings.ts";
import { startStep, waitForAgents } from "./step.ts";

const root = mkdtempSync(join(tmpdir(), "bench-"));
const local = await startLocalFargate({ stopTimeout: 500, delays: visibleDelays });
try {
  const made = await seed(local);
  await waitForAgents(local);
  const inTask = { cluster: made.cluster, task: local.tasks[0]?.id ?? "" };
  const service = { cluster: made.cluster, service: made.service };
  const bucket = { bucket: made.bucket };
  const newTask = {
    ...{ cluster: made.cluster, "task-definition": made.taskDefinition },
    ...{ subnets: made.subnets.join(), "assign-public-ip": "true" },
  };
  const logged = { ...newTask, cluster: made.loggedCluster };
  const ways: readonly (readonly [name: string, inputs: Readonly<Record<string, string>>])[] = [
    ["in a running task", inTask],
    ["in a running task, with a bucket", { ...inTask, ...bucket }],
    ["in a task of a service", service],
    ["in a new task, held, with a bucket", { ...service, ...bucket, start: "true" }],
    ["in a new task, logs: cloudwatch", { ...logged, logs: "cloudwatch" }],
    ["in a new task, logs: s3", { ...logged, logs: "s3" }],
    ["check: true of a service, with a bucket", { ...service, ...bucket, check: "true" }],
    ["check: true of a new task", { ...newTask, check: "true" }],
    [
      "in a new task, held, with a bucket, a job of two minutes",
      { ...service, ...bucket, start: "true", run: "sleep 120" },
    ],
  ];
  for (const [name, inputs] of ways) {
    const before = local.requests.length;
    const step = await startStep(root, { run: "echo hello", ...inputs }, local);
    await step.ended;
    report(name, local.requests.slice(before));
  }
} finally {
  await local.stop();
  rmSync(root, { recursive: true });
}

function report(name: string, requests: readonly RecordedRequest[]): void {
  const counts = new Map<string, number>();
  for (const { service, operation, agent } of requests) {
    const side = /boto|aws-cli/i.test(agent) ? " (container)" : "";
    const call = service === "s3" ? `s3 ${operation.split(" ", 1)[0] ?? ""}` : `${service} ${operation}`;
    counts.set(call + side, (counts.get(call + side) ?? 0) + 1);
  }
  const calls = [...counts].map(([call, count]) => `${call} ${count}`);
  process.stdout.write(`${name}: ${requests.length}\n  ${calls.join(", ")}\n`);
}
