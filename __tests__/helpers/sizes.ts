import { statfsSync } from "node:fs";
import { mountDisk, pidIn } from "./disk.ts";
import type { Task } from "../../local/task/task.ts";
import { Aws, type Inputs, withoutInit } from "./local.ts";
import { runMain } from "./main-process.ts";
import { ourMemory } from "./container-memory.ts";
import type { Memory } from "./memory.ts";
import { NumberedLines, NumberedReader, type Writer } from "./numbered.ts";

const MIB = 1024 * 1024;
const LOOKED_EVERY_MS = 250;

export interface SizedJob {
  readonly bytes: number;
  /** Whether all output is one line. */
  readonly unbroken?: boolean;
  readonly writer?: Writer;
  /** An image of `local/images`; this machine's programs unless given. */
  readonly image?: string;
  /** Size in MiB of the spool's disk. */
  readonly disk?: number;
  readonly inputs?: Inputs;
  /** Called with the progress. */
  readonly onProgress?: (line: string) => void;
}

export interface SizedRun {
  /** The first difference; undefined if every byte came once and in order. */
  readonly wrong: string | undefined;
  readonly exitCode: number | null;
  readonly outputs: Readonly<Record<string, string>>;
  readonly others: readonly string[];
  readonly seconds: number;
  /** Peak memory of the action's process in MiB: overall, and in each tenth of the output. */
  readonly runner: { readonly most: number; readonly tenths: readonly number[] };
  /** The same for each of the action's programs in the container. */
  readonly container: ReadonlyMap<string, { readonly most: number; readonly tenths: readonly number[] }>;
  /** The most MiB of the spool's disk that were in use. */
  readonly mostDisk: number;
}

export const EXIT_CODE = 7;

/** Runs a job by the bundled action, in a container of its own, and compares every byte of its output. */
export async function runSized(job: SizedJob): Promise<SizedRun> {
  const { bytes, unbroken = false, writer = "python3", image, inputs = {} } = job;
  const aws = await Aws.start();
  try {
    // The container of either definition lives longer than the job.
    const own = image && (await aws.register("sized", [{ ...withoutInit, image }]));
    const task = await aws.runningTask(own ?? aws.world.made.taskDefinition);
    if (job.disk !== undefined) mountDisk(task, "/var/lib", `${job.disk}m`);
    const numbered = new NumberedLines(bytes, { unbroken });
    const reader = new NumberedReader(numbered);
    const runner = new Tenths();
    const container = new Map<string, Tenths>();
    let mostDisk = 0;
    let said = -1;
    const began = Date.now();
    const looking = setInterval(() => {
      const done = reader.bytes / numbered.bytes;
      mostDisk = Math.max(mostDisk, usedDisk(task));
      for (const [name, memory] of ourMemory(task)) {
        const tenths = container.get(name) ?? new Tenths();
        container.set(name, tenths);
        tenths.add(done, memory);
      }
      if (Math.floor(done * 10) === said) return;
      said = Math.floor(done * 10);
      job.onProgress?.(`${said * 10} %, ${Math.round((Date.now() - began) / 1000)} s`);
    }, LOOKED_EVERY_MS);
    const run = { cluster: aws.world.made.cluster, task: task.id, run: numbered.script(writer, EXIT_CODE) };
    const done = await runMain(aws, { ...run, ...inputs }, (piece) => reader.push(piece), {
      onMemory: (now) => runner.add(reader.bytes / numbered.bytes, { now, most: now }),
    }).finally(() => clearInterval(looking));
    const missing = numbered.bytes - reader.bytes;
    return {
      wrong: reader.wrong ?? (missing === 0 ? undefined : `${missing} bytes did not come`),
      exitCode: done.exitCode,
      outputs: done.outputs,
      others: reader.others,
      seconds: (Date.now() - began) / 1000,
      runner: { most: done.mostMemory, tenths: runner.tenths },
      container,
      mostDisk,
    };
  } finally {
    await aws.stop();
  }
}

/** The peak memory in each tenth of a job. */
class Tenths {
  most = 0;
  readonly tenths = Array.from({ length: 10 }, () => 0);

  add(done: number, { now, most }: Memory): void {
    const tenth = Math.min(9, Math.floor(done * 10));
    this.most = Math.max(this.most, most);
    this.tenths[tenth] = Math.max(this.tenths[tenth] ?? 0, now);
  }
}

function usedDisk(task: Task): number {
  const { blocks, bfree, bsize } = statfsSync(`/proc/${pidIn(task)}/root/var/lib`);
  return ((blocks - bfree) * bsize) / MIB;
}
