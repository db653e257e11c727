/**
 * `npm run bench linear`: reads inputs of the sizes n, 2n and 4n, each as a container or a bucket may send it to cost as much time as it can. Prints
 * how many times as long twice the bytes take. Each parser has the bar 2.6: twice the bytes, and what a measurement may be wrong.
 */
import { GROWING_INPUTS, type GrowingInput } from "../__tests__/helpers/growing-inputs.ts";
import { row } from "./rows.ts";

const BAR = 2.6;
/** What is read faster is read several times, since shorter times are noise. */
const LEAST_MS = 20;
const TRIES = 4;

/** The processor time of this process, since other work of the machine must not count. */
async function timeOf(read: () => unknown, rounds: number): Promise<number> {
  const begun = process.cpuUsage();
  for (let i = 0; i < rounds; i += 1) await read();
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1000;
}

interface Growth {
  /** How many times as long an input of twice the size takes. */
  readonly ratio: number;
  readonly times: readonly number[];
}

/**
 * The least times of n, 2n and 4n, measured in turns. The smaller one of the two ratios counts: where a buffer outgrows a cache or the heap's small
 * pages one doubling costs more, but a parser whose time grows faster than its input shows that in both.
 */
async function measure({ prepare, size }: GrowingInput): Promise<Growth> {
  const reads = [1, 2, 4].map((factor) => prepare(factor * size));
  const [first = (): void => undefined] = reads;
  // The first reads compile the parser.
  let rounds = 1;
  while (rounds < 1024 && (await timeOf(first, rounds)) < LEAST_MS) rounds *= 2;
  const times = reads.map(() => Infinity);
  for (let i = 0; i < TRIES; i += 1)
    for (const [at, read] of reads.entries())
      times[at] = Math.min(times[at] ?? 0, (await timeOf(read, rounds)) / rounds);
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
