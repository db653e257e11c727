import { rmSync } from "node:fs";
import type { Clock } from "../../clock.ts";
import type { Log } from "../../log.ts";
import type { Screen } from "../../report/show/screen.ts";
import { parseState, type SavedState, stateKey } from "../../undo/ledger.ts";
import { codeOf } from "../../values.ts";
import { tellWhile } from "../../waiting.ts";
import { type ForwardState, STATE } from "./forward-order.ts";
import { JournalReader, type JournalRecord, replay } from "./journal.ts";
import { isRunning, type ProcessIdentity } from "./process-identity.ts";
import type { RunnerProcess } from "./process.ts";

const LOOK_MS = 50;
/** The time for the process to undo what it has made. After that it is killed, and the post step does it. */
const END_MS = 60_000;
const PAGE = "forward.md#when-it-ends";

/**
 * The post step of a forward: ends its process, says what that has to say, and whether it had died. Returns the ledger of the process.
 * Undefined when the step has started no forward.
 */
export async function endForward(
  process: Pick<RunnerProcess, "world">,
  screen: Log & Pick<Screen, "open">,
): Promise<SavedState | undefined> {
  const { env, clock } = process.world;
  const text = env[`STATE_${STATE}`];
  if (text === undefined || text === "") return undefined;
  const state = JSON.parse(text) as ForwardState;
  // The step itself has told the end of a forward that it could not start.
  if (state.process !== undefined) await endProcess(state, state.process, { clock, screen });
  const ledger = ledgerOf(new JournalReader(state.directory).read());
  rmSync(state.directory, { recursive: true, force: true });
  return ledger;
}

async function endProcess(
  { directory, shown }: ForwardState,
  process: ProcessIdentity,
  { clock, screen }: { readonly clock: Clock; readonly screen: Log & Pick<Screen, "open"> },
): Promise<void> {
  screen.phase("Ending the forward");
  screen.open({ workflowCommands: false });
  const wasOver = !isRunning(process);
  if (!wasOver) await tellWhile("the end of the forward", { clock, log: screen }, end(process, clock));
  const records = new JournalReader(directory, shown).read();
  for (const record of records) if (record.kind === "log") replay(record, screen);
  tellDeath(records, wasOver, screen);
}

/** Ends a process, by force when it takes too long. */
async function end(process: ProcessIdentity, clock: Clock): Promise<void> {
  signal(process, "SIGTERM");
  for (const until = clock.now() + END_MS; isRunning(process);) {
    if (clock.now() > until) signal(process, "SIGKILL");
    await clock.sleep(LOOK_MS);
  }
}

function signal({ pid }: ProcessIdentity, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (codeOf(error) !== "ESRCH") throw error;
  }
}

/** Says why the forward did not end by the post step, if so. A cancelled job needs no word. */
function tellDeath(records: readonly JournalRecord[], wasOver: boolean, screen: Pick<Log, "warning">): void {
  const end = records.find((record) => record.kind === "end");
  if (end === undefined)
    screen.warning(
      wasOver
        ? "The process of the forward was gone before this step, and has left no word. Another process of the runner may have killed it, or the kernel for lack of memory. This step undoes what it had made."
        : "The process of the forward did not end in time, and was killed. This step undoes what it had made.",
      PAGE,
    );
  else if (wasOver && end.signal !== undefined && end.error === undefined)
    screen.warning(
      `The forward had ended before this step: another process sent ${end.signal} to its own. Its ports were closed then, and its open connections were lost.`,
      PAGE,
    );
  else if (end.error !== undefined && end.outcome !== "cancelled")
    screen.warning(`The forward had ended before this step.\n${end.error.text}`);
}

/** The ledger as it was saved last. */
function ledgerOf(records: readonly JournalRecord[]): SavedState | undefined {
  const pages = records.flatMap((record) => (record.kind === "ledger" ? [record.page] : []));
  return parseState(Object.fromEntries(pages.map((page) => [stateKey(page), JSON.stringify(page)])));
}
