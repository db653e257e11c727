/**
 * `node bench/transport.ts`: the throughput of a session, plain and packed, of the recorders, and the time to the first
 * call.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { seed } from "../local/seed.ts";
import { startLocalFargate } from "../local/start.ts";
import { actionDir, environment } from "./environment.ts";
import { recorders } from "./recorders.ts";
import { takingSessions } from "./step.ts";

const MIB = 1024 * 1024;
const root = mkdtempSync(join(tmpdir(), "bench-"));

/** Milliseconds from the job's first line to its last, by the times that these lines hold. */
async function between(env: Record<string, string>): Promise<number> {
  const child = spawn(process.execPath, [join(actionDir, "dist/index.js")], {
    stdio: ["ignore", "pipe", "inherit"],
    env,
  });
  let [first, last] = [Infinity, 0];
  let end = "";
  child.stdout.on("data", (bytes: Buffer) => {
    end = (end + bytes.toString("latin1")).slice(-bytes.length - 20);
    if (first === Infinity && end.includes("\nFIRST\n")) first = performance.now();
    if (end.includes("\nLAST\n")) last = performance.now();
  });
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0 || last === 0) throw new Error(`the run failed with exit code ${code}`);
  return last - first;
}

/** Text like a server's or a build's log: times, levels, paths, numbers. */
const print = (mib: number): string => `#!/usr/bin/env python3
import random, sys
random.seed(1)
what = ["GET /orders/%d 200", "GET /health 200", "POST /orders 201 id=%d", "cache miss for user %d", "retrying payment %d in 5 s"]
out, size, ms = [], 0, 0
while size < ${mib * MIB}:
    ms += random.randrange(30)
    say = random.choices(what, weights=(5, 9, 2, 3, 1))[0]
    say = say % random.randrange(10000) if "%" in say else say
    out.append("2026-03-01T%02d:%02d:%02d.%03dZ INFO  [shop.http.server] worker-%d %s in %d ms\\n"
               % (ms // 3600000 % 24, ms // 60000 % 60, ms // 1000 % 60, ms % 1000, random.randrange(4), say, random.randrange(40)))
    size += len(out[-1])
print("FIRST", flush=True)
sys.stdout.write("".join(out))
print("LAST", flush=True)
`;

async function transport(mib: number): Promise<void> {
  const local = await startLocalFargate({ stopTimeout: 500 });
  try {
    const made = await seed(local);
    await takingSessions(local);
    const speeds = new Map<string, number>();
    for (const [way, size] of [
      ["plain", Math.min(mib, 10)],
      ["packed", mib],
    ] as const) {
      const inputs = { cluster: made.cluster, service: made.service, run: print(size), transport: way };
      const ms = await between({ ...(await environment(root, inputs)), ...local.env });
      speeds.set(way, size / (ms / 1000));
      const wire = (local.gateway.sessions.at(-1)?.bytes["to-client"] ?? 0) / MIB;
      console.log(
        `${way.padEnd(7)} ${size} MiB, on the wire ${wire.toFixed(1)}, in ${(ms / 1000).toFixed(1)} s: ` +
          `${(size / (ms / 1000)).toFixed(2)} MiB/s`,
      );
    }
    console.log(
      `packed is ${((speeds.get("packed") ?? 0) / (speeds.get("plain") ?? 1)).toFixed(1)} times plain`,
    );
  } finally {
    await local.stop();
  }
}

/** From the start of the process to its first request to AWS, which gets no answer. */
async function startup(times: number): Promise<void> {
  let heard: () => void = () => undefined;
  const server = createServer((_request, response) => {
    heard();
    response.writeHead(400, { "content-type": "application/x-amz-json-1.1" });
    response.end('{"__type":"AccessDeniedException","message":"no"}');
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const env = {
    ...(await environment(root, { cluster: "demo", task: "0123456789abcdef0123456789abcdef", run: "true" })),
    AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
    AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE",
    AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    AWS_REGION: "us-east-1",
  };
  const taken: number[] = [];
  for (let i = 0; i < times; i += 1) {
    const first = new Promise<void>((done) => (heard = done));
    const began = performance.now();
    const child = spawn(process.execPath, [join(actionDir, "dist/index.js")], { stdio: "ignore", env });
    const closed = once(child, "close");
    await first;
    taken.push(performance.now() - began);
    child.kill("SIGKILL");
    await closed;
  }
  server.close();
  taken.sort((a, b) => a - b);
  const node: number[] = [];
  for (let i = 0; i < times; i += 1) {
    const began = performance.now();
    execFileSync(process.execPath, ["-e", "0"]);
    node.push(performance.now() - began);
  }
  node.sort((a, b) => a - b);
  const middle = Math.floor(times / 2);
  console.log(
    `first AWS call after ${taken[middle]?.toFixed(0) ?? "?"} ms (median of ${times}; least ${taken[0]?.toFixed(0) ?? "?"}); ` +
      `an empty node takes ${node[middle]?.toFixed(0) ?? "?"} ms`,
  );
}

try {
  await startup(11);
  recorders(root, 20);
  await transport(Number(process.argv[2] ?? 20));
} finally {
  rmSync(root, { recursive: true });
}
