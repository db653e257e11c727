/**
 * 20 runs add 1 to a number under a lock, each as a process of its own that runs `dist/`. The number has no lock: a run reads it,
 * waits, and writes it. They make 20. `SOAK_RUNS` is how many runs there are.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startStep, takingSessions } from "../bench/step.ts";
import { seed } from "../local/seed.ts";
import { startLocalFargate } from "../local/start.ts";

const RUNS = Number(process.env["SOAK_RUNS"] ?? 20);

let number = 0;
const server = createServer((request, response) => {
  if (request.method === "PUT")
    number = Number(new URL(request.url ?? "/", "http://x").searchParams.get("n"));
  response.end(String(number));
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
const run = `n=$(curl -sf ${url})\nsleep 0.3\ncurl -sf -X PUT "${url}?n=$((n + 1))"`;

const root = mkdtempSync(join(tmpdir(), "soak-"));
const local = await startLocalFargate({ stopTimeout: 500, delays: { call: 30 } });
const began = Date.now();
try {
  const made = await seed(local);
  await takingSessions(local);
  const inputs = {
    cluster: made.cluster,
    ...{ task: local.tasks[0]?.id ?? "", bucket: made.bucket, lock: "soak", run },
  };
  const steps = await Promise.all(
    Array.from({ length: RUNS }, () => startStep(mkdtempSync(join(root, "job-")), inputs, local)),
  );
  const ends = await Promise.all(steps.map(({ ended }) => ended));
  const failed = ends.filter((code) => code !== 0).length;
  const seconds = ((Date.now() - began) / 1000).toFixed(0);
  console.log(`${RUNS} runs have made ${number}, ${failed} of them failed, ${seconds} s`);
  process.exitCode = number === RUNS && failed === 0 ? 0 : 1;
} finally {
  await local.stop();
  server.close();
  rmSync(root, { recursive: true });
}
