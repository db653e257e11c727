import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import type { Chunk, Hunted } from "./hunter.ts";

/** The seeds of a chunk, unless given. */
const SEEDS = 20;

export interface HuntOptions {
  readonly from: number;
  readonly seeds: number;
  /** Whether the first objection ends the hunt. */
  readonly stops: boolean;
  /** How many processes run the seeds. */
  readonly workers: number;
  /** How many seeds a process gets at once. */
  readonly chunk?: number;
  /** Ends the hunt behind the chunks that have begun. */
  readonly signal?: AbortSignal;
}

/** Runs seeds in several processes, and tells what has come of them in the order of the seeds. So the number of processes changes nothing. */
export async function hunt(
  { from, seeds, stops, workers, chunk: size = SEEDS, signal }: HuntOptions,
  onHunted: (hunted: Hunted) => void,
): Promise<void> {
  let next = from;
  let told = from;
  let isOver = false;
  const waiting = new Map<number, Hunted>();
  const take = (hunted: Hunted): void => {
    waiting.set(hunted.from, hunted);
    for (let first = waiting.get(told); first !== undefined && !isOver; first = waiting.get(told)) {
      waiting.delete(told);
      told += size;
      onHunted(first);
      isOver = stops && first.objected.length > 0;
    }
    // Chunks behind an objection are not told, and so none is begun.
    if (stops && hunted.objected.length > 0) next = from + seeds;
  };
  const chunk = (): Chunk | undefined => {
    const begin = next;
    next += size;
    return begin < from + seeds && signal?.aborted !== true
      ? { from: begin, seeds: Math.min(size, from + seeds - begin), stops }
      : undefined;
  };
  await Promise.all(Array.from({ length: workers }, () => runHunter(chunk, take)));
}

/**
 * A world's objects die with it: in a large space for young ones they are never copied. The engine throws away what it knows of code that it has not
 * run for a while, which is most of what a rare scenario needs.
 */
const MEMORY = [
  ...process.execArgv,
  ...["--max-semi-space-size=128", "--min-semi-space-size=64", "--no-flush-bytecode"],
];

/** Gives one process a chunk after the other. */
function runHunter(chunk: () => Chunk | undefined, take: (hunted: Hunted) => void): Promise<void> {
  const hunter: ChildProcess = fork(join(import.meta.dirname, "hunter.ts"), { execArgv: MEMORY });
  return new Promise((resolve, reject) => {
    const go = (): void => {
      const wanted = chunk();
      if (wanted === undefined) hunter.kill();
      else hunter.send(wanted);
    };
    hunter.on("message", (message: Hunted | "ready") => {
      if (message !== "ready") take(message);
      go();
    });
    hunter.on("error", reject);
    hunter.on("exit", (code, signal) => {
      if (code !== null && code !== 0) reject(new Error(`A hunting process has ended with ${code}.`));
      else if (signal !== "SIGTERM")
        reject(new Error(`A hunting process has ended by ${signal ?? "itself"}.`));
      else resolve();
    });
  });
}
