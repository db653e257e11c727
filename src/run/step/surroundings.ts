import type { World } from "../../aws/world.ts";
import type { Reader } from "../../errors.ts";
import type { InputSource } from "../../inputs/source.ts";
import type { Inputs } from "../../inputs/inputs.ts";
import type { TestResults } from "../../report/junit/test-results.ts";
import type { Log } from "../../log.ts";
import type { Origin } from "../../inputs/origin.ts";
import type { Result } from "../../report/result.ts";
import type { OutputWriter } from "../../report/show/lines.ts";
import type { SavePage } from "../../undo/ledger.ts";

/**
 * All that a step needs from what has started it: a GitHub runner (`doors/github/`), or a program (`doors/program/`), such as
 * the command line.
 */
export interface Surroundings {
  readonly reader: Reader;
  readonly world: World;
  readonly inputs: InputSource;
  /** Names of what was given besides the inputs of this action. */
  readonly unknown: readonly string[];
  readonly display: Display;
  /** Back-pressure: resolves when enough of the output has been read that more may be written. */
  readonly drained: () => Promise<void>;
  /** From now on these values are masked, as far as the surroundings can. */
  readonly mask: (secrets: Readonly<Record<string, string>>) => void;
  /** Aborts with a `Failure` when the step has to end: its job is stopped, and what it has made is undone. */
  readonly cancel: AbortSignal;
  /** Aborts when the process is told to end, as by a runner that ends it 7.5 s later. Undefined when nothing ends it. */
  readonly ending?: AbortSignal | undefined;
  /** The origin of this step, with a new id. */
  readonly origin: () => Origin;
  /** An ID token for this audience, to assume the role of `role-to-assume`. Fails with `no-id-token`. */
  readonly idToken: (audience: string) => Promise<string>;
  /** Keeps the ledger for whatever undoes the rest when this process ends too early. Called with each page at every change. */
  readonly saveState: SavePage;
  /**
   * Hands the result over. Called once, at the same time as the cleanup. The inputs are undefined when they are wrong, and the tests
   * when no reports were read.
   */
  readonly report: (
    result: Result,
    inputs: ReportedInputs | undefined,
    tests: TestResults | undefined,
  ) => Promise<void>;
  /** Ends the step as the run ended. Called once, after `report` and the cleanup. */
  readonly end: (result: Result, inputs: ReportedInputs | undefined, tests: TestResults | undefined) => void;
}

/** What the user sees of a step: its log, and the output of the job. */
export interface Display extends Log {
  /** Called before any text of AWS, a bucket or a container is shown. */
  open(inputs: Pick<Inputs, "workflowCommands">): void;
  /** Called after the last such text. */
  close(): void;
  /** Where the output of a job goes, each line behind this label, if there is one. */
  writer(label?: string): OutputWriter;
}

/** What the report depends on. */
export type ReportedInputs = Pick<Inputs, "summary" | "timeout" | "script" | "where" | "region">;
