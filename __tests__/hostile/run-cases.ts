/**
 * `node run-cases.ts FIRST COUNT`: runs the cases of these seeds, one after the other, in this process. Prints each seed that failed, and at the end
 * how many cases had which outcome, the most bytes in use beyond those of the first cases, and the peak memory of the process. The exit code is 1 when a case failed.
 */
import { mkdtempSync, rmSync } from "node:fs";
import * as nodeModule from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { heldBytes } from "../helpers/damage.ts";

type Load = (url: string, context: object, next: (url: string, context: object) => object) => object;

/** What Node.js has since 22.15. The types are those of Node.js 20, which the npm package supports. */
interface ModuleHooks {
  registerHooks(hooks: { readonly load: Load }): void;
}

const MIB = 1024 * 1024;
/** The most bytes of JavaScript's heap and buffers beyond those of a process that has run some cases. */
const MOST_HELD = 150 * MIB;
const WARM_UP = 20;
/** After this many cases the memory is measured. */
const MEASURED_EVERY = 500;
const MOST_SHOWN = 20;
const TOLD_EVERY = 5_000;

// The gateway is the one part of a step that a case replaces.
const SESSION = new URL("../../src/session/session.ts", import.meta.url).href;
(nodeModule as unknown as ModuleHooks).registerHooks({
  load: (url, context, next) =>
    url === SESSION
      ? {
          format: "module",
          shortCircuit: true,
          source: `import { opening } from ${JSON.stringify(new URL("step.ts", import.meta.url).href)};
            export const openSession = ({ sessionId }) => opening.open(sessionId);`,
        }
      : next(url, context),
});

// As in src/index.ts.
setFlagsFromString("--semi-space-growth-factor=1");
const { runHostileCase } = await import("./step.ts");
const [first = 1, count = 100] = process.argv.slice(2).map(Number);
const outcomes = new Map<string, number>();
let failed = 0;
let idle = 0;
let idleRss = 0;
let most = 0;

function peak(): string {
  return `${(process.resourceUsage().maxRSS / 1024 - idleRss).toFixed(0)} MiB of peak memory`;
}

process.on("unhandledRejection", (reason) => {
  failed += 1;
  console.log(`a promise was rejected that nobody awaits: ${String(reason)}`);
});

const root = mkdtempSync(join(tmpdir(), "hostile-"));
const began = Date.now();
for (let seed = first; seed < first + count; seed += 1) {
  try {
    const outcome = await runHostileCase(seed, root);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  } catch (error) {
    failed += 1;
    if (failed <= MOST_SHOWN)
      console.log(`seed ${seed}: ${error instanceof Error ? (error.stack ?? "") : String(error)}`);
  }
  const done = seed - first + 1;
  if (done === Math.min(WARM_UP, count)) {
    idle = heldBytes();
    idleRss = process.resourceUsage().maxRSS / 1024;
  }
  if (done % TOLD_EVERY === 0) console.log(`up to seed ${seed}: ${failed} failed, ${peak()}`);
  if (done % MEASURED_EVERY === 0 || done === count) most = Math.max(most, heldBytes() - idle);
}
rmSync(root, { recursive: true });
if (most > MOST_HELD) failed += 1;
const seconds = ((Date.now() - began) / 1000).toFixed(0);
const ends = [...outcomes].map(([outcome, times]) => `${times} ${outcome}`).join(", ");
console.log(
  `seeds ${first} to ${first + count - 1}: ${failed} failed; ${ends}; ${(most / MIB).toFixed(1)} MiB beyond idle, ` +
    `${peak()}; ${seconds} s`,
);
process.exitCode = failed > 0 ? 1 : 0;
