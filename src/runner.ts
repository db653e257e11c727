import { once } from "node:events";
import * as core from "@actions/core";
import type { Log } from "./log.ts";
import type { Guard } from "./output/guard.ts";
import type { Result } from "./report/result.ts";
import { explain } from "./report/explain.ts";
import { outputs } from "./report/outputs.ts";
import { summary } from "./report/summary.ts";
import { parseState, type SavedState, STATE_KEY } from "./state.ts";

/** The runner as we speak to it; nobody else does. */
export const runnerLog: Log = {
  info: (line) => flushed(() => core.info(line)),
  // Nobody would see it, but everybody how the guard is taken away and put back for it.
  debug: (line) => (core.isDebug() ? command(() => core.debug(line)) : undefined),
  warning: (line) => command(() => core.warning(line)),
};

/** What keeps the runner from obeying the job's output, while that is shown. */
let guard: Guard | undefined;

export function guardedBy(now: Guard | undefined): void {
  guard = now;
}

/** Bytes that wait to be shown together. */
let waiting = Buffer.alloc(64 * 1024);
let waitingBytes = 0;
/** Buffers of that size that may be used again: new ones for a gigabyte would leave a lot to clean up. */
const written: Buffer<ArrayBuffer>[] = [];
/** Shown ahead of the runner. */
const UNREAD_BYTES = 256 * 1024;

/**
 * Shows these bytes, in order with the lines of the log. What comes at once goes out at once: Node can't write tens of
 * thousands of lines that are each a write of their own (`write EINVAL`).
 */
export function show(...pieces: Uint8Array[]): void {
  for (const piece of pieces) showOne(piece);
}

function showOne(bytes: Uint8Array): void {
  for (let from = 0; from < bytes.length;) {
    if (waitingBytes === waiting.length) flush();
    if (waitingBytes === 0) queueMicrotask(flush);
    const part = bytes.subarray(from, from + waiting.length - waitingBytes);
    waiting.set(part, waitingBytes);
    waitingBytes += part.length;
    from += part.length;
  }
}

/** Resolves when the runner has read what was shown, but for some. */
export async function room(): Promise<void> {
  if (process.stdout.writableLength > UNREAD_BYTES) await once(process.stdout, "drain");
}

function flush(): void {
  if (waitingBytes === 0) return;
  const full = waiting;
  process.stdout.write(full.subarray(0, waitingBytes), () => written.push(full));
  waiting = written.pop() ?? Buffer.alloc(full.length);
  waitingBytes = 0;
}

/** Says something that the runner has to obey, whatever it is told not to obey around it. */
function command(say: () => void): void {
  flush();
  if (guard !== undefined) core.info(guard.resume);
  say();
  if (guard !== undefined) core.info(guard.stop);
}

function flushed(say: () => void): void {
  flush();
  say();
}

/** The runner shows a secret nowhere, from here on: neither the whole of it nor a line of it. */
export function mask(secrets: Readonly<Record<string, string>>): void {
  for (const value of Object.values(secrets)) {
    for (const part of new Set([value, ...value.split(/\r?\n/)]))
      if (part.trim() !== "") core.setSecret(part);
  }
}

export function saveState(state: SavedState): void {
  core.saveState(STATE_KEY, JSON.stringify(state));
}

export function savedState(): SavedState | undefined {
  return parseState(core.getState(STATE_KEY));
}

/** Writes outputs and summary, then lets the step end as the run did, with one annotation at the most. */
export async function report(result: Result, withSummary: boolean): Promise<void> {
  flush();
  for (const [name, value] of Object.entries(outputs(result))) core.setOutput(name, value);
  if (withSummary && process.env["GITHUB_STEP_SUMMARY"])
    await core.summary.addRaw(summary(result), true).write();
  const error = explain(result);
  if (error === undefined) return;
  core.error(error.message, { title: error.title });
  process.exitCode = core.ExitCode.Failure;
}
