/**
 * `node run-cases.ts FIRST COUNT`: runs the cases of these seeds, one after the other, in this process. Prints each seed that failed, and at the end
 * how many cases had which outcome, and how much more memory than before the first case the process had in use and from the system. The exit code
 * is 1 when a case failed. SIGTERM ends it after the present case.
 */
import { mkdtempSync, rmSync } from "node:fs";
import * as nodeModule from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { heldBytes, memoryOf } from "../helpers/memory.ts";

type Load = (url: string, context: object, next: (url: string, context: object) => object) => object;

/** What Node.js has since 22.15. The types are those of Node.js 20, which the npm package supports. */
interface ModuleHooks {
  registerHooks(hooks: { readonly load: Load }): void;
}

const MIB = 1024 * 1024;
/** The most memory of the process beyond that before the first case. It includes what V8 has not collected yet. */
const MOST_MEMORY = 150 * MIB;
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

// As in src/doors/index.ts.
setFlagsFromString("--semi-space-growth-factor=1");
const { runHostileCase } = await import("./step.ts");
const [first = 1, count = 100] = process.argv.slice(2).map(Number);
const outcomes = new Map<string, number>();
let failed = 0;
const ending = new AbortController();
process.once("SIGTERM", () => ending.abort());
const idleHeld = heldBytes();
const idleMemory = process.memoryUsage.rss();
let mostHeld = 0;

/** The peak of the process, beyond what it had before the first case. That of getrusage would begin with what the process had that has forked this one. */
function peak(): number {
  return (memoryOf(process.pid)?.most ?? Infinity) * MIB - idleMemory;
}

function inMib(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}

process.on("unhandledRejection", (reason) => {
  failed += 1;
  console.log(`a promise was rejected that nobody awaits: ${String(reason)}`);
});

const root = mkdtempSync(join(tmpdir(), "hostile-"));
const began = Date.now();
let done = 0;
while (done < count && !ending.signal.aborted) {
  const seed = first + done;
  try {
    const outcome = await runHostileCase(seed, root);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  } catch (error) {
    failed += 1;
    if (failed <= MOST_SHOWN)
      console.log(`seed ${seed}: ${error instanceof Error ? (error.stack ?? "") : String(error)}`);
  }
  done += 1;
  if (done % TOLD_EVERY === 0)
    console.log(`up to seed ${seed}: ${failed} failed, ${inMib(peak())} beyond idle`);
  if (done % MEASURED_EVERY === 0 || done === count) mostHeld = Math.max(mostHeld, heldBytes() - idleHeld);
}
rmSync(root, { recursive: true });
if (peak() > MOST_MEMORY) failed += 1;
const seconds = ((Date.now() - began) / 1000).toFixed(0);
const ends = [...outcomes].map(([outcome, times]) => `${times} ${outcome}`).join(", ");
console.log(
  `seeds ${first} to ${first + done - 1}: ${failed} failed; ${ends}; beyond ${inMib(idleMemory)} before the first: ` +
    `${inMib(mostHeld)} in use, peak ${inMib(peak())}; ${seconds} s`,
);
process.exitCode = failed > 0 ? 1 : 0;
