import type { Log } from "../../log.ts";
import type { CarrierEnd } from "../job-end.ts";
import { LogCarrier } from "../log-carrier.ts";
import { readCarrier } from "../read-carrier.ts";
import type { OutputSink } from "../stream/spool.ts";
import type { SessionLog } from "../../ready/session-logs.ts";
import { withoutFooter } from "./footer.ts";
import {
  type LogAccess,
  readTranscript,
  type TranscriptContext,
  TranscriptLimits,
  UnreadableLog,
} from "./transcript.ts";

/** Which logs are read, and where their output goes. */
export interface LogReading extends LogAccess, OutputSink {
  readonly nonce: string;
  /** Back-pressure: no more is read until this resolves. */
  readonly drained?: (() => Promise<void>) | undefined;
  /** In the order of the sessions. */
  readonly sessionIds: readonly string[];
  readonly log: Log;
}

export interface ReadLogsOptions extends LogReading, TranscriptContext {}

/**
 * Reads output and status from the transcripts of a job's sessions, one after the other, from the spool's
 * offset on. Resolves with the status, or with the end of the last transcript. `patience` is the limit for all
 * transcripts together. Fails with `UnreadableLog` when nothing of the job was found, and a missing right may be the
 * cause.
 */
export async function readLogs(from: SessionLog, options: ReadLogsOptions): Promise<CarrierEnd> {
  const { sessionIds, nonce, clock } = options;
  const until = clock.now() + options.patience;
  const limits = new TranscriptLimits(clock);
  let followed: CarrierEnd | undefined;
  let unreadable: UnreadableLog | undefined;
  for (const sessionId of sessionIds) {
    const patience = Math.max(0, until - clock.now());
    try {
      const bytes = readTranscript(from, sessionId, { ...options, patience, limits });
      const { end, attached } = await readCarrier(
        new LogCarrier(withoutFooter(bytes), nonce, options.spool.largestPack),
        options,
      );
      const isKnown = end.kind === "status" || end.kind === "refused" || end.kind === "gap";
      const found: CarrierEnd = isKnown ? end : { kind: "missing", attached };
      if (found.kind === "status") return found;
      if (found.kind !== "missing" || found.attached) followed = found;
    } catch (error) {
      if (!(error instanceof UnreadableLog)) throw error;
      unreadable = error;
    }
  }
  if (followed === undefined && unreadable !== undefined) throw unreadable;
  return followed ?? { kind: "missing", attached: false };
}
