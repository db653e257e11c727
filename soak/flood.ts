/**
 * Proves that the memory of the action's process is bounded while a hostile agent floods it with 400 MB of each text. The action may
 * end the session before. `SOAK_FLOOD=40` sets another number of MB.
 */
import { ENDING, endingFlood, runFlooded, floodOf, TEXTS } from "../__tests__/helpers/floods.ts";
import { Aws } from "../__tests__/helpers/local.ts";

const MB = 1_000_000;
/** The limit for the action's process, in MiB. */
const MOST_OF_RUNNER = 150;
const bytes = Number(process.env["SOAK_FLOOD"] ?? 400) * MB;

const floods = {
  ...Object.fromEntries(Object.entries(TEXTS).map(([name, text]) => [name, floodOf([{ text, bytes }])])),
  ...Object.fromEntries(Object.entries(ENDING).map(([name, parts]) => [name, endingFlood(parts, bytes)])),
};

const aws = await Aws.start();
let holds = true;
for (const [name, flood] of Object.entries(floods)) {
  const began = Date.now();
  const run = await runFlooded(aws, flood);
  const isWhole = !(name in TEXTS) || run.received >= bytes;
  const isGood = run.exitCode !== null && run.mostMemory <= MOST_OF_RUNNER && isWhole;
  holds &&= isGood;
  console.log(
    `${isGood ? "holds" : "FAILED"} ${name}: ${Math.round(run.received / MB)} MB received in ${Math.round((Date.now() - began) / 1000)} s, ` +
      `at most ${Math.round(run.mostMemory)} MiB; outcome ${run.outputs["outcome"] ?? "none"}`,
  );
  if (!isGood) console.log(run.log.slice(-2_000));
}
await aws.stop();
process.exitCode = holds ? 0 : 1;
