/**
 * `node bench/compare.ts OLD NEW`: the figures of two checkouts, whose `dist/` is built, on one local Fargate. They are
 * measured in turns, so that other work of the machine slows both.
 */
import { execSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { memoryOf } from "../__tests__/helpers/memory.ts";
import { seed, type SeedNames } from "../local/seed.ts";
import { startLocalFargate } from "../local/start.ts";
import { environment } from "./environment.ts";
import { firstCalls } from "./first-call.ts";
import { between, MIB, print } from "./output.ts";
import { startStep, stopTaskAt, waitForAgents } from "./step.ts";

interface Figure {
  readonly name: string;
  readonly unit: "ms" | "MiB";
  readonly times: number;
  /** Returns one value; smaller is better. */
  readonly measure: (checkout: string) => Promise<number> | number;
}

const [old, now] = process.argv.slice(2).map((path) => resolve(path));
if (old === undefined || now === undefined) throw new Error("Usage: node bench/compare.ts OLD NEW");

const root = mkdtempSync(join(tmpdir(), "bench-"));
const local = await startLocalFargate({ stopTimeout: 500 });
try {
  const made = await seed(local);
  await waitForAgents(local);
  console.log("| what | old | new | new / old |\n| --- | --- | --- | --- |");
  for (const figure of figures(made)) {
    const values = { old: [] as number[], new: [] as number[] };
    for (let i = 0; i < figure.times; i += 1) {
      values.old.push(await figure.measure(old));
      values.new.push(await figure.measure(now));
    }
    report(figure, values.old, values.new);
  }
} finally {
  await local.stop();
  rmSync(root, { recursive: true });
}

function figures(made: SeedNames): readonly Figure[] {
  const cluster = { cluster: made.cluster };
  const inTask = { ...cluster, task: local.tasks[0]?.id ?? "" };
  const staged = { ...cluster, service: made.service, bucket: made.bucket };
  const hello = { ...inTask, bucket: made.bucket, run: "echo hello; date +at=%s%N" };
  const output = async (logs: "auto" | "session", mib: number, checkout: string): Promise<number> => {
    const inputs = { ...inTask, run: print(mib), ...carrierOf(logs, checkout) };
    return await between({ ...(await environment(root, inputs, checkout)), ...local.env }, checkout);
  };
  return [
    { name: "dist/", unit: "MiB", times: 1, measure: (at) => bytesOf(`tar -C ${at} -c dist`).length / MIB },
    {
      name: "git archive, packed",
      unit: "MiB",
      times: 1,
      measure: (at) => gzipSync(bytesOf(`git -C ${at} archive HEAD`)).length / MIB,
    },
    {
      name: "start of the process to the first call to AWS",
      unit: "ms",
      times: 21,
      measure: async (at) => (await firstCalls(root, 1, at))[0] ?? NaN,
    },
    {
      name: "`echo hello` in a running task, staged and fetched by boto3",
      unit: "ms",
      times: 15,
      measure: async (at) => {
        const step = await startStep(root, hello, local, at);
        await step.ended;
        return Date.now() - step.began;
      },
    },
    {
      name: "the script's last byte to the step's end",
      unit: "ms",
      times: 15,
      measure: async (at) => {
        const step = await startStep(root, hello, local, at);
        const [, printed] = await step.line(/^at=(\d+)$/m);
        await step.ended;
        return Date.now() - Number(printed) / 1e6;
      },
    },
    {
      name: "SIGINT to StopTask",
      unit: "ms",
      times: 7,
      measure: async (at) => {
        const step = await startStep(
          root,
          { ...staged, start: "true", run: "echo begun; sleep 60" },
          local,
          at,
        );
        await step.line(/^begun$/m);
        const interrupted = Date.now();
        step.signal("SIGINT");
        await step.ended;
        return stopTaskAt(local) - interrupted;
      },
    },
    { name: "4 MiB of a log, plain", unit: "ms", times: 3, measure: (at) => output("session", 4, at) },
    { name: "20 MiB of a log, packed", unit: "ms", times: 5, measure: (at) => output("auto", 20, at) },
    {
      name: "the most memory of the process, 20 MiB of a log",
      unit: "MiB",
      times: 3,
      measure: async (at) => {
        const step = await startStep(root, { ...inTask, run: print(20) }, local, at);
        // Sampled, since the process may end before its last line has been read here.
        let peak = 0;
        const looking = setInterval(() => (peak = Math.max(peak, memoryOf(step.pid)?.most ?? 0)), 20);
        await step.ended;
        clearInterval(looking);
        return peak;
      },
    },
  ];
}

/** What carries the output, in the inputs of that checkout: older ones have `transport`. */
function carrierOf(logs: "auto" | "session", checkout: string): Readonly<Record<string, string>> {
  const isOlder = readFileSync(join(checkout, "action.yml"), "utf8").includes("\n  transport:\n");
  return isOlder ? { transport: logs === "auto" ? "packed" : "plain" } : { logs };
}

function bytesOf(command: string): Buffer {
  return execSync(command, { maxBuffer: 64 * MIB });
}

/** Prints medians and quartiles. The new checkout is worse when its lower quartile is above the old one's upper quartile. */
function report({ name, unit }: Figure, before: readonly number[], after: readonly number[]): void {
  const quartile = (values: readonly number[], share: number): number =>
    values.toSorted((a, b) => a - b)[Math.round((values.length - 1) * share)] ?? NaN;
  const shown = (values: readonly number[]): string => {
    const [low = "", middle = "", high = ""] = [0.25, 0.5, 0.75].map((share) =>
      quartile(values, share).toFixed(unit === "ms" ? 0 : 2),
    );
    return values.length === 1 ? `${middle} ${unit}` : `${middle} ${unit} (${low} to ${high})`;
  };
  const worse = quartile(after, 0.25) > quartile(before, 0.75) ? ", worse" : "";
  const ratio = (quartile(after, 0.5) / quartile(before, 0.5)).toFixed(2);
  console.log(`| ${name} | ${shown(before)} | ${shown(after)} | ${ratio}${worse} |`);
}
