import type { Writable } from "node:stream";
import { attachInputNames, forwardInputNames, inputNames } from "../../inputs/names.ts";
import type { TestResults } from "../../report/junit/test-results.ts";
import { type Log, withPage } from "../../log.ts";
import { decisiveResult } from "../../report/decisive.ts";
import { explain, type Explanation } from "../../report/explain.ts";
import { makeOutputs } from "../../report/outputs.ts";
import type { Result } from "../../report/result.ts";
import { harmlessLine, harmlessText } from "../../report/show/sanitise.ts";
import { BatchedOutput } from "../../report/show/stdout.ts";
import { cancelFailure } from "../../run/step/cancelled.ts";
import type { Display, ReportedInputs, Surroundings } from "../../run/step/surroundings.ts";
import { realWorld } from "../../run/step/world.ts";
import { announce } from "../../undo/entry-words.ts";
import type { SavedState } from "../../undo/ledger.ts";
import { readIdToken } from "./id-token.ts";
import { programInputs } from "./inputs-source.ts";
import { makeJobWriter } from "./job-writer.ts";
import { programOrigin } from "./origin.ts";
import type { ForwardInputs, RunError, RunInputs, RunLog, RunOptions, RunResult } from "./run-options.ts";

/** The page that errors point to: that of the newest version. */
export const DOCS = "https://github.com/org/fargate-exec/blob/main/docs/";

const KNOWN: ReadonlySet<string> = new Set([...inputNames, ...attachInputNames, ...forwardInputNames]);

/** The surroundings of a step in a program, with the step's ledger and result. */
export interface ProgramSurroundings extends Surroundings {
  /** The ledger as it was saved last; undefined when the step has made nothing. */
  readonly saved: () => SavedState | undefined;
  /** The result that the step has reported. Throws before that. */
  readonly result: () => RunResult;
}

/** The surroundings that `runOnFargate` makes of its arguments. */
export function programSurroundings(
  inputs: RunInputs & Partial<ForwardInputs>,
  options: RunOptions,
): ProgramSurroundings {
  const { env = process.env, log = {} } = options;
  const out = outputTo(options.stdout);
  const err = outputTo(options.stderr);
  let saved: (() => SavedState) | undefined;
  let result: RunResult | undefined;
  return {
    reader: "program",
    world: realWorld,
    inputs: programInputs(inputs, options),
    unknown: Object.keys(inputs).filter((name) => !KNOWN.has(name)),
    display: displayOf(log, (label) => makeJobWriter({ stdout: writeTo(out), stderr: writeTo(err) }, label)),
    drained: async () => {
      await Promise.all([out?.drained(), err?.drained()]);
    },
    // The container redacts secrets, and a program has no log of its own that others read.
    mask: () => undefined,
    cancel: cancelOf(options.signal, out?.broken, log),
    origin: () => programOrigin(env, realWorld.clock.random),
    idToken: () => readIdToken(env),
    saveState: (_, whole) => {
      // The run's ledger is saved thousands of times. The cleanup after the run saves a ledger of its own, so the last one counts.
      if (saved === undefined) log.unfinished?.(() => saved?.().undo.map(announce) ?? []);
      saved = whole;
    },
    report: (ended, given, tests) => {
      result = runResult(ended, given, tests);
      return Promise.resolve();
    },
    end: () => {
      out?.flush();
      err?.flush();
    },
    saved: () => saved?.(),
    result: () => {
      if (result === undefined) throw new Error("the run has not ended");
      return result;
    },
  };
}

/** Where a stream holds its output. All runs of the program share it, so that the stream has one listener for write errors. */
const OUTPUT = Symbol("fargate-exec");

/** A stream that may hold its output. */
interface OutputStream extends Writable {
  [OUTPUT]?: BatchedOutput | undefined;
}

function outputTo(stream: OutputStream | undefined): BatchedOutput | undefined {
  if (stream === undefined) return undefined;
  const output = stream[OUTPUT] ?? new BatchedOutput(stream);
  stream[OUTPUT] = output;
  return output;
}

function writeTo(out: BatchedOutput | undefined): ((...pieces: readonly Buffer[]) => void) | undefined {
  return out && ((...pieces) => out.write(...pieces));
}

/** Every line is sanitised here, so that no text of AWS or a container steers a terminal. */
function sanitiseLog(log: Partial<RunLog>): Log {
  const warned = new Set<string>();
  const warning: Log["warning"] = (line, page) => log.warning?.(harmlessText(withPage(line, page, DOCS)));
  return {
    info: (line) => log.info?.(harmlessLine(line)),
    debug: (line) => log.debug?.(harmlessText(line)),
    warning,
    warnOnce: (line, page) => {
      // Each answer of AWS has an id of its own.
      const what = line.replaceAll(/request id [\w-]+/g, "");
      if (!warned.has(what)) warning(line, page);
      warned.add(what);
    },
    notice: (text, page) => log.notice?.(harmlessText(withPage(text, page, DOCS))),
    phase: (title) => log.phase?.(title === undefined ? undefined : harmlessLine(title)),
    fold: (title, line) => log.started?.(harmlessLine(title), harmlessLine(line)),
    progress: (done, total) => log.progress?.(done, total),
    gauge: (share, words) => log.gauge?.(share, harmlessLine(words)) === true,
  };
}

function displayOf(log: Partial<RunLog>, writer: Display["writer"]): Display {
  return { ...sanitiseLog(log), writer, open: () => undefined, close: () => undefined };
}

/** Aborts when the program wants it, or when nothing reads the job's standard output any more. */
function cancelOf(
  signal: AbortSignal | undefined,
  unread: AbortSignal | undefined,
  log: Partial<RunLog>,
): AbortSignal {
  const controller = new AbortController();
  const onAbort = (): void => controller.abort(cancelFailure(`${reasonOf(signal)}.`));
  if (signal?.aborted) onAbort();
  signal?.addEventListener("abort", onAbort, { once: true });
  unread?.addEventListener("abort", () => {
    const why = `Nothing reads the output of the job any more, so the job is stopped: ${reasonOf(unread)}.`;
    // The result has the job's own end, which does not tell this reason.
    if (!controller.signal.aborted) log.warning?.(why);
    controller.abort(cancelFailure(why));
  });
  return controller.signal;
}

function reasonOf(signal: AbortSignal | undefined): string {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason.message : String(reason);
}

function harmlessMessage({ message, parts }: Explanation): Pick<RunError, "message" | "parts"> {
  return {
    message: harmlessText(message),
    parts: parts.map((part) => ({ ...part, text: harmlessText(part.text) })),
  };
}

function runResult(
  result: Result,
  { timeout }: Partial<ReportedInputs> = {},
  tests: TestResults | undefined,
): RunResult {
  const decisive = decisiveResult(result);
  const { outcome, exitCode } = decisive;
  const why = explain(result, {
    reader: "program",
    page: `${DOCS}errors.md`,
    timeout,
    scriptFile: undefined,
    tests,
  });
  const code = decisive.kind === "failed" ? decisive.failure.code : undefined;
  return {
    ...{ outcome, exitCode, outputs: makeOutputs(result, tests) },
    error: why && { code, ...harmlessMessage(why), page: why.page },
  };
}
