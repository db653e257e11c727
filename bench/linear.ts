/**
 * `npm run bench linear`: reads inputs of the sizes n, 2n and 4n, each as a container or a bucket may send it to cost as much time as it can. Prints
 * how many times as long twice the bytes take. Each parser has the bar 2.6: twice the bytes, and what a measurement may be wrong.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { GROWING_INPUTS, type GrowingInput } from "../__tests__/helpers/growing-inputs.ts";
import { row } from "./rows.ts";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

const BAR = 2.6;
/** A measurement reads an input as often as takes this processor time, since shorter times are noise. */
const LEAST_MS = 30;
const TRIES = 4;
/** What is read so often in a measurement is too small to be measured: what surrounds the read would count more. */
const MOST_READS = 4_096;

/** The processor time of this process for one read, since other work of the machine must not count. */
async function timeOf(read: () => unknown, rounds: number): Promise<number> {
  const begun = process.cpuUsage();
  for (let i = 0; i < rounds; i += 1) await read();
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1000 / rounds;
}

/** How many reads take at least `LEAST_MS`. The first reads compile the parser. */
async function roundsOf(read: () => unknown): Promise<number> {
  let rounds = 1;
  while (rounds < MOST_READS && (await timeOf(read, rounds)) * rounds < LEAST_MS) rounds *= 2;
  return rounds;
}

interface Growth {
  /** How many times as long an input of twice the size takes. */
  readonly ratio: number;
  readonly times: readonly number[];
}

/**
 * The least times of n, 2n and 4n, measured in turns, each with garbage collected before it: what an earlier measurement has left must not count. The
 * smaller one of the two ratios counts: where a buffer outgrows a cache or the heap's small pages one doubling costs more, but a parser whose time
 * grows faster than its input shows that in both.
 */
async function measure({ prepare, size }: GrowingInput): Promise<Growth> {
  const reads: { read: () => unknown; rounds: number; least: number }[] = [];
  for (const factor of [1, 2, 4]) {
    const read = prepare(factor * size);
    reads.push({ read, rounds: await roundsOf(read), least: Infinity });
  }
  for (let i = 0; i < TRIES; i += 1)
    for (const each of reads) {
      collectGarbage();
      each.least = Math.min(each.least, await timeOf(each.read, each.rounds));
    }
  const times = reads.map(({ least }) => least);
  const [once = NaN, twice = NaN, again = NaN] = times;
  return { ratio: Math.min(twice / once, again / twice), times };
}

const worst = new Map<string, { ratio: number; text: string }>();
const only = process.argv[2];
for (const input of GROWING_INPUTS) {
  if (only !== undefined && input.parser !== only) continue;
  const { ratio, times } = await measure(input);
  const text = `${ratio.toFixed(2)} (${times.map((ms) => ms.toFixed(2)).join(", ")} ms), with ${input.what}`;
  console.log(`  ${input.parser}: ${text}`);
  if (ratio > (worst.get(input.parser)?.ratio ?? 0)) worst.set(input.parser, { ratio, text });
}
for (const [parser, { ratio, text }] of worst)
  row(`t(2n) / t(n) of ${parser}, the worst`, text, String(BAR), ratio <= BAR);
