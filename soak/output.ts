/**
 * Proves that very large output comes through the bundled action. It compares each byte, and measures the memory of both ends.
 * `SOAK_OUTPUT=10GB npm run soak output` runs the named cases; without it all cases but the longest run.
 */
import { EXIT_CODE, runSized, type SizedJob, type SizedRun } from "../__tests__/helpers/sizes.ts";

const MB = 1_000_000;
const GB = 1_000 * MB;
/** The limit for the action's process, in MiB. */
const MOST_OF_RUNNER = 150;
/** How many times the memory of its second or third tenth a process may have in its last tenth. */
const GROWTH = 1.15;
/** How many MiB more than that a process may have. */
const STEP = 2;

interface Case extends SizedJob {
  /** The most MiB of the spool's disk that may be in use. */
  readonly mostDisk?: number;
  /** Whether it runs only when it is named. */
  readonly onDemand?: boolean;
}

const cases: Readonly<Record<string, Case>> = {
  "line-400MB": { bytes: 400 * MB, unbroken: true },
  "line-400MB-awk": { bytes: 400 * MB, unbroken: true, writer: "awk", image: "local/debian-bash-curl" },
  "line-1GB": { bytes: GB, unbroken: true },
  "2GB-disk": { bytes: 2 * GB, disk: 256 },
  "10GB": {
    ...{ bytes: 10 * GB, disk: 512, mostDisk: 266, onDemand: true },
    inputs: { timeout: "6h" },
  },
};

function faults({ mostDisk = Infinity }: Case, run: SizedRun): string[] {
  const { wrong, exitCode, outputs, runner, container } = run;
  const growing = [["runner", runner] as const, ...container].flatMap(([name, { tenths }]) => {
    // A program that runs for a moment may not be seen in every tenth.
    const early = tenths.slice(1).filter((each) => each > 0);
    return (tenths[9] ?? 0) > Math.max(0, ...early.slice(0, 2)) * GROWTH + STEP
      ? [`${name} grows: ${rounded(tenths)} MiB`]
      : [];
  });
  return [
    wrong ?? "",
    exitCode === 1 ? "" : `the step's own exit code is ${exitCode ?? "none"}`,
    outputs["exit-code"] === String(EXIT_CODE) ? "" : `the job's is ${outputs["exit-code"] ?? "none"}`,
    runner.most <= MOST_OF_RUNNER ? "" : `the runner had ${Math.round(runner.most)} MiB`,
    run.mostDisk <= mostDisk ? "" : `${Math.round(run.mostDisk)} MiB of the disk were in use`,
    ...growing,
  ].filter(Boolean);
}

const rounded = (numbers: readonly number[]): string => numbers.map((each) => Math.round(each)).join(" ");

const wanted = (process.env["SOAK_OUTPUT"] ?? "").split(" ").filter(Boolean);
let holds = true;
for (const [name, one] of Object.entries(cases)) {
  if (wanted.length > 0 ? !wanted.includes(name) : one.onDemand === true) continue;
  const run = await runSized({ ...one, onProgress: (line) => console.log(`${name}: ${line}`) });
  const found = faults(one, run);
  const rate = Math.round(one.bytes / MB / run.seconds);
  console.log(
    `${name}: ${Math.round(run.seconds)} s, ${rate} MB/s; the disk had ${Math.round(run.mostDisk)} MiB`,
  );
  for (const [part, { most, tenths }] of [["runner", run.runner] as const, ...run.container])
    console.log(`  ${part}: at most ${Math.round(most)} MiB; by tenths ${rounded(tenths)}`);
  for (const line of found) console.log(`  ${line}`);
  if (found.length > 0)
    console.log(
      run.others
        .slice(-40)
        .map((line) => `  | ${line}`)
        .join("\n"),
    );
  holds &&= found.length === 0;
}
process.exitCode = holds ? 0 : 1;
