import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { actionDir } from "./environment.ts";

export const MIB = 1024 * 1024;

/** Runs the action's main part, and returns the milliseconds from the job's first line to its last. */
export async function between(env: Record<string, string>, checkout = actionDir): Promise<number> {
  const child = spawn(process.execPath, [join(checkout, "dist/index.js")], {
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

/** A script that prints this many MiB of text like a server's or a build's log: times, levels, paths, numbers. */
export const print = (mib: number): string => `#!/usr/bin/env python3
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
