import { existsSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RecordReader, type SpoolText } from "../../../src/carriers/stream/records.ts";
import { parseStatus } from "../../../src/carriers/stream/status.ts";
import { CANCEL } from "../../../src/payload/input.ts";
import { UploadedJob, curlOnly } from "../../payload/upload-rig.ts";
import { extractAll } from "../extracted.ts";
import type { SealedObject } from "../piece-bucket.ts";
import { findProgram } from "../tools.ts";
import { until } from "../until.ts";
import { WatchedJob, type WatchedTerminal, type WatchOptions } from "../watch.ts";
import { factsOf, markOf, type Progress, progressOf, recordOf, type ReplayRecord } from "./record.ts";
import { type Replay, SECRET, shellScript } from "./replay.ts";

/** The machine has held the processes up for so long that the replay was another one. */
export class TooSlow extends Error {}

/** What both worlds are given. */
export function optionsOf(replay: Replay, script: string): WatchOptions {
  const { workers, hasSecret, timeoutSeconds, packAbove, uploads, takes, items } = replay;
  return {
    ...{ script, workers, timeoutSeconds, pieces: uploads, take: takes, shell: "sh {0}" },
    ...(items !== undefined && { items: items.list, detaches: items.detaches }),
    ...(hasSecret && { secrets: { SECRET } }),
    ...(packAbove !== undefined && { packAbove }),
  };
}

/**
 * Runs the replay with the programs of `src/payload/container`, as processes of this machine. The cancel of a job with items comes behind the
 * same progress as in the simulation, since a machine that begins each item a little late is far behind after some.
 */
export async function replayForReal(replay: Replay, progress: Progress | undefined): Promise<ReplayRecord> {
  const PATH = replay.form === "python" ? "/usr/bin:/bin" : withPackers(curlOnly());
  const options = {
    ...optionsOf(replay, shellScript(replay.script, replay.items !== undefined)),
    containerEnv: { PATH },
  };
  return replay.uploads ? await upload(replay, options) : await follow(replay, options, progress);
}

/** The programs that pack the directory of an item without python3. */
function withPackers(path: string): string {
  for (const tool of ["find", "rmdir", "sort", "stat", "tar"])
    if (!existsSync(join(path, tool))) symlinkSync(findProgram(tool), join(path, tool));
  return path;
}

async function follow(
  replay: Replay,
  options: WatchOptions,
  progress: Progress | undefined,
): Promise<ReplayRecord> {
  const { cancelAt, cut, takes, items } = replay;
  const job = new WatchedJob(options);
  try {
    const terminals = [job.attach()];
    const [first] = terminals as [WatchedTerminal];
    await first.says(items === undefined ? "attached" : "header");
    for (const { at, line } of items?.orders ?? [])
      void sleep(at).then(() => terminals.at(-1)?.type(Buffer.from(`items ${line}\n`)));
    const cancelled = cancelAt === undefined ? undefined : cancel(job, first, replay, progress);
    if (cut !== undefined && !(await isOver(first, cut.at))) {
      await first.kill();
      if (job.status !== undefined) throw new TooSlow("the script had ended before its session was cut");
      await sleep(cut.back);
      const again = job.attach();
      terminals.push(again);
      await again.says("attached");
      // The reader repeats what it does not know to be obeyed.
      for (const { line } of items?.orders ?? []) again.type(Buffer.from(`items ${line}\n`));
    }
    await Promise.all([terminals.at(-1)?.closed, cancelled]);
    if (takes) await untilGone(job);
    else await sleep(1_000);
    return recordOf(texts(job), {
      marks: terminals.map(({ events }) => events.flatMap((event) => markOf(event) ?? [])),
      ...{ status: job.status, pieces: [], isLeft: job.directory !== undefined },
      facts: factsOf(job.events, replay),
    });
  } finally {
    job.remove();
  }
}

async function cancel(
  job: WatchedJob,
  terminal: WatchedTerminal,
  replay: Replay,
  progress: Progress | undefined,
): Promise<void> {
  // A job that ends before has come less far, which its record shows.
  if (progress !== undefined)
    await Promise.race([terminal.closed, until(() => progressOf(job.events, replay) >= progress.count)]);
  await sleep(progress?.gapMs ?? replay.cancelAt);
  terminal.type(CANCEL);
}

async function upload(replay: Replay, options: WatchOptions): Promise<ReplayRecord> {
  const uploaded = await UploadedJob.make({ ...options, confirm: false, take: false });
  const { bucket, job } = uploaded;
  let refused = 0;
  bucket.fault = (method) =>
    method === "POST" && refused++ < replay.refused ? { status: 503, code: "SlowDown" } : undefined;
  try {
    await uploaded.followBriefly();
    const pieces = await uploaded.ended();
    const end = pieces.at(-1);
    if (replay.takes) await uploaded.take();
    else await sleep(1_000);
    return recordOf(extractAll(new RecordReader(replay.workers), spoolOf(pieces)), {
      marks: [],
      status: parseStatus(end?.body.toString() ?? "", replay.workers),
      pieces: pieces.map(({ kind }) => kind).filter((kind, at, all) => kind !== all[at - 1]),
      facts: undefined,
      isLeft: job.directory !== undefined,
    });
  } finally {
    job.remove();
    await bucket.stop();
  }
}

/** The spool in these pieces. Fails when one does not follow the one before. */
function spoolOf(pieces: readonly SealedObject[]): Buffer {
  let at = 0;
  const bodies = pieces.map(({ kind, number, begin, body, isAuthentic }, index) => {
    if (!isAuthentic || number !== index || begin !== at)
      throw new Error(`piece ${index} is ${kind} ${number} from byte ${begin} on, and not from ${at}`);
    if (kind !== "out") return Buffer.alloc(0);
    at += body.length;
    return body;
  });
  return Buffer.concat(bodies);
}

/** True when the terminal ends before this time is over. */
async function isOver(terminal: WatchedTerminal, ms: number): Promise<boolean> {
  return await Promise.race([terminal.closed.then(() => true), sleep(ms).then(() => false)]);
}

async function untilGone(job: WatchedJob): Promise<void> {
  await until(() => job.directory === undefined && job.processes.length === 0);
}

function texts({ events }: Pick<WatchedJob, "events">): SpoolText[] {
  return events.filter((event): event is SpoolText =>
    ["text", "header", "file-command", "file-left-out"].includes(event.kind),
  );
}
