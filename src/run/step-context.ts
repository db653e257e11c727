import type { Aws } from "../aws/calls.ts";
import type { World } from "../aws/world.ts";
import type { ProtectionCalls } from "../aws/ecs-protection.ts";
import type { Clock } from "../clock.ts";
import type { VerdictContext } from "../targets/deployment/verdict.ts";
import type { Failure, Reader } from "../errors.ts";
import type { Inputs } from "../inputs/inputs.ts";
import type { Log } from "../log.ts";
import type { Origin } from "../inputs/origin.ts";
import type { OutputWriter } from "../report/show/lines.ts";
import type { PieceS3 } from "../carriers/pieces/store.ts";
import type { QueueS3 } from "../queue/queue-object.ts";
import type { StepBudget } from "./step-budget.ts";
import type { NewRevision, ResolveContext } from "../targets/resolve-context.ts";
import type { Ledger } from "../undo/ledger.ts";
import type { StopJobOptions } from "../undo/stop-job.ts";
import { noteStopping } from "../undo/undo-lock.ts";

/** What every phase of a step shares. */
export interface StepContext {
  readonly inputs: Inputs;
  readonly origin: Origin;
  /** The calls of the run: they obey the cancel. */
  readonly aws: Aws;
  /** The calls of the cleanup: a cancel does not cut them short. */
  readonly undoing: StopJobOptions["aws"] & {
    readonly s3: PieceS3 & QueueS3;
    readonly ecs: ProtectionCalls & VerdictContext["ecs"];
  };
  readonly ledger: Ledger;
  readonly budget: StepBudget;
  /** The service revision in whose tasks the job has to run, when a deployment waits for it. */
  readonly revision?: NewRevision | undefined;
  readonly clock: Clock;
  /** The variables of the process. */
  readonly env: NodeJS.ProcessEnv;
  readonly log: Log;
  /** Who reads the log. */
  readonly reader: Reader;
  /** Makes the writer for the output of a job. It begins each line with the label, if one is given. */
  readonly writer: (label?: string) => OutputWriter;
  /** Back-pressure: resolves when the runner has read enough of the output that more may be written. */
  readonly drained: () => Promise<void>;
  readonly cancel: AbortSignal;
  /** Ends the step as a cancel does, for another reason. */
  readonly giveUp: (why: Failure) => void;
  /** The directory that the paths of the inputs are relative to. */
  readonly workspace: string;
  /** Reads a file that an input names, by its path from the workspace or its absolute path. Throws when it may not be read. */
  readonly readFile: (path: string) => Uint8Array;
  /** The same for all steps of a job, and for all command lines of a machine. */
  readonly runner: string;
  readonly machineLock: World["machineLock"];
  readonly gunzip: World["gunzip"];
}

/** The context in which the targets are resolved. Everything that has to be undone goes into the step's ledger. */
export function targetContext(step: StepContext): ResolveContext {
  const { inputs, aws, ledger, revision, origin, clock, log, cancel, readFile } = step;
  const kinds = ["task", "task-definition", "shared-definition", "registration"] as const;
  return {
    ...{ inputs, ecs: aws.ecs, revision, origin, clock, log, signal: cancel, readFile },
    onUndo: (undo, stopped) => {
      if (stopped !== undefined) noteStopping(stopped, ledger);
      ledger.replace(kinds, undo);
    },
  };
}
