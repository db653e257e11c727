import { rmSync } from "node:fs";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import nodeProcess from "node:process";
import { asFailure } from "../../errors.ts";
import { explain, makeAnnotation } from "../../report/explain.ts";
import { decisiveResult } from "../../report/decisive.ts";
import { failedResult, type Result } from "../../report/result.ts";
import { runForward } from "../../run/run-forward.ts";
import { cancelFailure } from "../../run/step/cancelled.ts";
import type { ReportedInputs, Surroundings } from "../../run/step/surroundings.ts";
import { aborted } from "../../waiting.ts";
import { type ForwardOrder, STAY } from "./forward-order.ts";
import { requestIdToken } from "./id-token.ts";
import { stepInputs, unknownInputs } from "./inputs-source.ts";
import { type EndRecord, journalDisplay, JournalWriter } from "./journal.ts";
import { isRunning } from "./process-identity.ts";
import type { RunnerProcess } from "./process.ts";
import { explainedStep } from "./runner.ts";
import { stepOrigin } from "./workflow.ts";

const LOOK_MS = 2_000;

/**
 * The process of a forward, from its order on standard input to its end. What it has to say goes into its journal. It ends at a signal,
 * at its `timeout`, when the runner's process is gone, and when the step ends before a connection has reached each far end.
 */
export async function carryForward(process: RunnerProcess, stdin: Readable): Promise<void> {
  const stop = new AbortController();
  let signal: "SIGINT" | "SIGTERM" | undefined;
  process.onSignal((name) => {
    signal ??= name;
    stop.abort(cancelFailure(`The process of the forward got ${name}.`));
  });
  const { env, directory, worker } = await readOrder(stdin, stop);
  // The file of the first variables keeps what the process was started with (proc(5)).
  Object.assign(process.world.env, env);
  const { clock } = process.world;
  const journal = new JournalWriter(directory);
  nodeProcess.on("uncaughtExceptionMonitor", (error) =>
    journal.write(endRecord(failedResult(asFailure(error)), process.world.env, undefined)),
  );
  const isLost = (): boolean => worker !== undefined && !isRunning(worker);
  clock.every(LOOK_MS, () => {
    if (isLost()) stop.abort(cancelFailure("The process of the runner is gone."));
  });
  let isReady = false;
  const cancel = new AbortController();
  const onStop = (): void => {
    if (!isReady) cancel.abort(stop.signal.reason);
  };
  stop.signal.addEventListener("abort", onStop);
  if (stop.signal.aborted) onStop();
  const during = async (ports: readonly number[], over: AbortSignal): Promise<number> => {
    isReady = true;
    journal.write({ kind: "ready", ports });
    await aborted(AbortSignal.any([stop.signal, over]));
    return 0;
  };
  const end = (result: Result, inputs?: ReportedInputs): void =>
    journal.write({ ...endRecord(result, env, inputs), signal });
  await runForward({ during }, forwardSurroundings(process, { journal, cancel: cancel.signal, end }));
  journal.close();
  // There will be no post step.
  if (isLost()) rmSync(directory, { recursive: true, force: true });
}

/** Resolves with the order. The end of the pipe aborts `stop`, unless the word to stay has come before. */
function readOrder(stdin: Readable, stop: AbortController): Promise<ForwardOrder> {
  return new Promise((resolve, reject) => {
    let stays = false;
    const lines = createInterface({ input: stdin });
    lines.on("line", (line) => {
      if (line === STAY) stays = true;
      else resolve(JSON.parse(line) as ForwardOrder);
    });
    lines.on("close", () => {
      reject(new Error("the step has given no order"));
      if (!stays) stop.abort(cancelFailure("The step that starts the forward was cancelled, or has died."));
    });
  });
}

function forwardSurroundings(
  process: RunnerProcess,
  { journal, cancel, end }: Pick<Surroundings, "cancel" | "end"> & { readonly journal: JournalWriter },
): Surroundings {
  const { world, directory, getJson } = process;
  const { env, clock } = world;
  return {
    reader: "workflow",
    world,
    unknown: unknownInputs(env, "forward"),
    inputs: stepInputs(env, directory, "forward"),
    display: journalDisplay(journal, env["RUNNER_DEBUG"] === "1"),
    drained: () => Promise.resolve(),
    // A forward has no secrets.
    mask: () => undefined,
    cancel,
    origin: () => stepOrigin(process.context(), env, clock.random),
    idToken: (audience) => requestIdToken(audience, { env, clock, getJson }),
    saveState: (page) => journal.write({ kind: "ledger", page }),
    report: () => Promise.resolve(),
    end,
  };
}

function endRecord(result: Result, env: NodeJS.ProcessEnv, inputs: ReportedInputs | undefined): EndRecord {
  const why = explain(result, explainedStep(env, inputs));
  const error = why && { title: why.title, text: makeAnnotation(why) };
  return { kind: "end", outcome: decisiveResult(result).outcome, error };
}
