/**
 * `npm run bench linear`: reads inputs of two sizes, n and 2n, each as a container or a bucket may send it to cost as much time as it can. Prints
 * how many times as long the larger one takes. Each parser has the bar 2.6: twice the bytes, and what a measurement may be wrong.
 */
import { GROWING_INPUTS, type GrowingInput } from "../__tests__/helpers/growing-inputs.ts";
import { row } from "./rows.ts";

const BAR = 2.6;
/** What is read faster is read several times, since shorter times are noise. */
const LEAST_MS = 20;
const TRIES = 5;

/** The processor time of this process, since other work of the machine must not count. */
async function timeOf(read: () => unknown, rounds: number): Promise<number> {
  const begun = process.cpuUsage();
  for (let i = 0; i < rounds; i += 1) await read();
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1000;
}

/** The least times of both sizes, measured in turns. */
async function compare({ prepare, size }: GrowingInput): Promise<{ once: number; twice: number }> {
  const [small, large] = [prepare(size), prepare(2 * size)];
  // The first reads compile the parser.
  let rounds = 1;
  while (rounds < 1024 && (await timeOf(small, rounds)) < LEAST_MS) rounds *= 2;
  let [once, twice] = [Infinity, Infinity];
  for (let i = 0; i < TRIES; i += 1) {
    once = Math.min(once, await timeOf(small, rounds));
    twice = Math.min(twice, await timeOf(large, rounds));
  }
  return { once: once / rounds, twice: twice / rounds };
}

const worst = new Map<string, { ratio: number; text: string }>();
const only = process.argv[2];
for (const input of GROWING_INPUTS) {
  if (only !== undefined && input.parser !== only) continue;
  const { once, twice } = await compare(input);
  const ratio = twice / once;
  const text = `${ratio.toFixed(2)} (${once.toFixed(2)} ms and ${twice.toFixed(2)} ms), with ${input.what}`;
  console.log(`  ${input.parser}: ${text}`);
  if (ratio > (worst.get(input.parser)?.ratio ?? 0)) worst.set(input.parser, { ratio, text });
}
for (const [parser, { ratio, text }] of worst)
  row(`t(2n) / t(n) of ${parser}, the worst`, text, String(BAR), ratio <= BAR);
