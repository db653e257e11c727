/** `node --allow-natives-syntax work-of-inputs.ts`: prints the work for each growing input, and for one of four times its size, as JSON. */
import { workOf } from "./work.ts";
import { GROWING_INPUTS } from "./growing-inputs.ts";

/** The counting takes some ten times as long as the reading. */
const SMALLER = 64;
const LEAST = 1024;

const counts: (readonly [number, number])[] = [];
for (const { prepare, size } of GROWING_INPUTS) {
  const small = Math.min(size / 4, Math.max(LEAST, Math.floor(size / SMALLER)));
  counts.push([await workOf(prepare(small)), await workOf(prepare(4 * small))]);
}
console.log(JSON.stringify(counts));
