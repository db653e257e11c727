import { resolve } from "node:path";
import type { Role } from "../../aws/clients.ts";
import { roleCredentials } from "../../aws/role.ts";
import { tellEndOfForward, warnOfOutlived } from "../../aws/static-keys.ts";
import type { Inputs } from "../../inputs/inputs.ts";
import { jobTimes } from "../../inputs/job-times.ts";
import { emptyVariableWarnings } from "../../inputs/empty-variables.ts";
import { lineEndWarning } from "../../inputs/line-ends.ts";
import { type JudgedTask, judgedTasks } from "../../report/decisive.ts";
import type { Result } from "../../report/result.ts";
import { StepBudget } from "../step-budget.ts";
import type { StepContext } from "../step-context.ts";
import { resolvingTitle } from "../../targets/title.ts";
import { type EndedTask, keepTasks, leaveTasks, runsSince, tellKept } from "../../undo/keep-task.ts";
import { leaveLock } from "../../undo/undo-lock.ts";
import { Ledger } from "../../undo/ledger.ts";
import { StepAws } from "../../undo/step-aws.ts";
import { StepCleanup } from "../../undo/cleanup.ts";
import type { Surroundings } from "./surroundings.ts";

/** A step with its inputs. It has to be closed with its result. */
export interface OpenStep extends StepContext {
  /** Undoes what the step has made, except for the tasks that `keep-task` keeps. */
  close(result: Result): Promise<void>;
}

/**
 * Opens a step. The secrets are masked and the guard is up before any text of AWS, a bucket or a container is shown.
 */
export function openStep(inputs: Inputs, surroundings: Surroundings): OpenStep {
  const { display: log, drained, ending, idToken, saveState, world } = surroundings;
  const { clock, env } = world;
  const givenUp = new AbortController();
  const cancel = AbortSignal.any([surroundings.cancel, givenUp.signal]);
  surroundings.mask(inputs.secrets);
  const lineEnds = lineEndWarning(inputs.script, inputs.shell);
  const warnings = [
    ...(lineEnds === undefined ? [] : [lineEnds]),
    ...emptyVariableWarnings(surroundings.inputs, surroundings.reader),
  ];
  for (const warning of warnings) log.warning(warning, "troubleshooting.md");
  log.phase(resolvingTitle(inputs));
  log.open(inputs);

  const { region } = inputs;
  const origin = surroundings.origin();
  const role = roleOf(inputs, origin.runId);
  const credentials = role && roleCredentials({ ...role, region, idToken, clock, log });
  if (role === undefined && inputs.forwards !== undefined)
    tellEndOfForward(inputs.timeout, env, clock.now(), log);
  else if (role === undefined && !inputs.check) warnOfOutlived(jobTimes(inputs), env, clock.now(), log);

  const ledger = new Ledger({ region, role, undo: [] }, saveState);
  const aws = new StepAws({ region, credentials, throttledFor: inputs.startTimeout, cancel, ending, world });
  const cleanup = new StepCleanup(ledger, { aws: aws.undoing, clock, log }, cancel);
  return {
    ...{ inputs, origin, aws: aws.run, undoing: aws.undoing, ledger, clock, env, log, drained, cancel },
    reader: surroundings.reader,
    giveUp: (why) => givenUp.abort(why),
    budget: new StepBudget(inputs.artifacts),
    writer: (label) => log.writer(label),
    workspace: surroundings.inputs.workspace,
    readFile: (path) => surroundings.inputs.readFile(resolve(surroundings.inputs.workspace, path)),
    ...{ machineLock: world.machineLock, gunzip: world.gunzip },
    runner: surroundings.inputs.directories.join(":"),
    close: async (result) => {
      log.phase("Cleaning up");
      // AWS's answers to a cleanup are shown under the guard, even when the job's workflow commands were obeyed.
      log.open({ workflowCommands: false });
      aws.endRun();
      await cleanup.early();
      const ended = judgedTasks(result).flatMap(endedTask);
      const kept = keepTasks(inputs, ended, { ledger, log, isCancelled: cancel.aborted });
      leaveTasks(inputs, ended, { ledger, log, isCancelled: cancel.aborted });
      leaveLock(kept, ledger, log);
      await cleanup.finish();
      aws.close();
      log.close();
      // An annotation ends the group of the cleanup, so it comes after the group's last line, which is the guard's.
      tellKept(kept, { inputs, clock, log });
    },
  };
}

/** The role that the step assumes itself. The session's name holds the workflow's run, for CloudTrail. */
function roleOf({ roleToAssume: arn }: Inputs, runId: string): Role | undefined {
  return arn === undefined ? undefined : { arn, sessionName: `fargate-exec-${runId}` };
}

function endedTask({ result: { task }, succeeded }: JudgedTask): readonly EndedTask[] {
  return task === undefined ? [] : [{ target: task.target, startedAt: runsSince(task), succeeded }];
}
