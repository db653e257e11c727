import type { Flood } from "../../local/agent/flood.ts";
import { BEL, MARK, OPEN } from "../../src/carriers/stream/marks.ts";
import type { Aws } from "./local.ts";
import { type MainRun, runMain } from "./main-process.ts";

const mark = (text: string): string => `${MARK}${text}${BEL}`;
const nonced = (text: string): string => mark(`NONCE;${text}`);
const HEADER = `${mark("h")}fargate-exec run=forged\n`;
const SPOOL = `${nonced("@0")}\n${HEADER}`;

/** What a hostile agent may say without end, once it knows the nonce. The session goes on beside each of them. */
export const TEXTS = {
  "unknown marks": nonced("z unknown"),
  notes: nonced("n again"),
  "marks of a place": nonced(`~ ${HEADER.length}`),
  "requests for the payload": nonced("p") + nonced("s"),
  "a line without an end": `${"x".repeat(16_000)}${OPEN}\n`,
} as const;

/** Floods that end the session, because they can't be a spool. */
export const ENDING = {
  "a record without an end": [
    { text: SPOOL, bytes: 1 },
    { text: "x", bytes: Infinity },
  ],
  "a mark without an end": [
    { text: `${MARK}NONCE;n `, bytes: 1 },
    { text: "x", bytes: Infinity },
  ],
  "beginnings of marks": [{ text: MARK, bytes: Infinity }],
  "text before the container is ready": [{ text: "x", bytes: Infinity }],
} as const satisfies Readonly<Record<string, Flood["parts"]>>;

const READY = mark("open") + mark("ready");

/** A flood of these texts of `TEXTS`, one after the other. */
export function floodOf(parts: Flood["parts"]): Flood {
  return { opening: READY, parts: [{ text: SPOOL, bytes: 1 }, ...parts] };
}

/** A flood of these parts, of which this many bytes take the place of those without end. */
export function endingFlood(parts: Flood["parts"], bytes: number): Flood {
  return { opening: READY, parts: parts.map((part) => ({ ...part, bytes: Math.min(part.bytes, bytes) })) };
}

export interface FloodedRun extends MainRun {
  /** How much of the flood has reached the client, in bytes. */
  readonly received: number;
  readonly log: string;
}

/** Runs the bundled action in a container whose agent says this in the first session. */
export async function runFlooded(aws: Aws, flood: Flood): Promise<FloodedRun> {
  const { local, made } = aws.world;
  const task = await aws.runningTask();
  await local.inject({ flood });
  const inputs = { cluster: made.cluster, task: task.id, run: "echo hello" };
  let tail = "";
  const run = await runMain(
    aws,
    inputs,
    (bytes) => (tail = (tail + bytes.toString("latin1")).slice(-20_000)),
  );
  const session = local.gateway.sessions.find(({ target }) => target.includes(task.id));
  return { ...run, received: session?.bytes["to-client"] ?? 0, log: tail };
}
