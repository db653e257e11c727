import type { ScriptRun } from "../container/container.ts";
import type { Runner } from "../runner/runner.ts";
import type { Simulated } from "../simulate.ts";
import type { Deployment } from "../world/ecs/deployments.ts";
import { hasLostCredentials } from "./credentials.ts";
import { isCancelled } from "./is-cancelled.ts";
import type { Rule } from "./rule.ts";
import { lastRunsOf, runsOf, taskCountOf, workersOf } from "./script-output.ts";

/** The steps that give a deployment its verdict, with the deployments of their service. */
function deciding({ runners, world }: Simulated): readonly {
  readonly runner: Runner;
  readonly deployments: readonly Deployment[];
}[] {
  const deployments = world.ecs.service?.deployments ?? [];
  return runners
    .filter(({ options }) => options.inputs["deployment"] !== undefined)
    .map((runner) => ({ runner, deployments }));
}

/** CONTINUE only for a script that has succeeded, and ROLLBACK for no green step. A green step has told CONTINUE. */
const verdicts: Rule = {
  name: "a verdict is that of the script",
  look(ended, check) {
    for (const { runner, deployments } of deciding(ended)) {
      const taken = deployments.flatMap((each) => each.verdicts).filter(({ isTaken }) => isTaken);
      const own = taken.filter(({ by }) => by === runner.name);
      const isGreen = runner.mainEnd?.exitCode === 0;
      for (const { action, at } of own) {
        if (action === "ROLLBACK") check(!isGreen, runner.name, () => "is green, and told ROLLBACK");
        else {
          const runs = lastRunsOf(runner, ended);
          const isRight = ({ exitCode, ended: over = Infinity }: ScriptRun): boolean =>
            exitCode === 0 && over <= at;
          check(
            runs.length === workersOf(runner) * taskCountOf(runner) && runs.every(isRight),
            runner.name,
            () =>
              `told CONTINUE, and its scripts ended with ${runs.map(({ exitCode }) => exitCode).join(", ") || "nothing"}`,
          );
        }
      }
      // A verdict that AWS has failed may have been taken. A step that finds that deployment gone on can't tell it from another step's.
      const heard = isHindered(runner, ended) ? taken : own;
      if (isGreen)
        check(
          heard.some(({ action }) => action === "CONTINUE"),
          runner.name,
          () => "is green, and no deployment was told CONTINUE",
        );
    }
  },
};

/**
 * A verdict is told once, and again only where AWS has failed the call. A cancel, or post, may tell ROLLBACK while main does. So may the post step of
 * a main that was killed before it heard the answer.
 */
const once: Rule = {
  name: "a verdict is told once",
  look(ended, check) {
    for (const { runner, deployments } of deciding(ended)) {
      if (isHindered(runner, ended)) continue;
      for (const { number, verdicts: told } of deployments) {
        const own = told.filter(({ by }) => by === runner.name).map(({ action }) => action);
        if (own.length === 0) continue;
        const mayRepeat =
          (isCancelled(runner) || runner.isKilled) && own.every((action) => action === "ROLLBACK");
        check(
          own.length <= (mayRepeat ? 2 : 1),
          runner.name,
          () => `told deployment ${number} ${own.join(", then ")}`,
        );
      }
    }
  },
};

/** A verdict, and the look that a step takes at a deployment that has not taken it. */
const VERDICT_CALLS = ["ecs:ContinueServiceDeployment", "ecs:DescribeServiceDeployments"];

/** Whether AWS has failed a verdict of this step, or would have. */
function isHindered(runner: Runner, ended: Simulated): boolean {
  return (
    hasLostCredentials(runner, ended) ||
    ended.world.base.faults.taken.some(
      (fault) =>
        fault.kind === "call" && fault.actor === runner.name && VERDICT_CALLS.includes(fault.operation),
    )
  );
}

/** The cleanup of a step has looked at its deployment so long before the step's end. */
const LOOKED_MS = 5_000;

/**
 * A deployment that waits does not do so when the step is over, unless nothing of the step was left to tell it. A step that ends before it has seen
 * the hook looks once more.
 */
const given: Rule = {
  name: "a deployment that waits gets its verdict",
  look(ended, check) {
    for (const { runner, deployments } of deciding(ended)) {
      const { main, mainEnd, postEnd } = runner;
      const isLost = runner.isKilled && !runner.options.post;
      if (mainEnd === undefined || isLost || isHindered(runner, ended)) continue;
      const known = deployments.find(({ arn }) => main.files.get("/files/state")?.includes(arn) === true);
      const { at = Infinity, status, expiresAt = 0 } = known?.hook ?? {};
      const isSeen = new RegExp(`^Deployment ${known?.arn} waits for a verdict`, "m").test(main.stdout);
      const looked = mainEnd.at - (ended.scenario.ecs?.lag ?? 0) - (runner.isKilled ? 0 : LOOKED_MS);
      if (!isSeen && (at > looked || meetsFault(runner, ended))) continue;
      const over = Math.max(mainEnd.at, postEnd?.at ?? 0);
      check(
        status !== "AWAITING_ACTION" && (status !== "TIMED_OUT" || expiresAt <= over),
        runner.name,
        () => `left deployment ${known?.number} without a verdict`,
      );
    }
  },
};

/** Whether AWS has failed a call of this step, or it was held up. */
function meetsFault({ name }: Runner, { world }: Simulated): boolean {
  return world.base.faults.taken.some(
    ({ kind, actor }) => actor === name && (kind === "call" || kind === "pause"),
  );
}

/** The script is tried where it is to go on: in a task of the new revision, or in one of its own. */
const newRevision: Rule = {
  name: "a verdict is on the new revision",
  look(ended, check) {
    const { service, tasks } = ended.world.ecs;
    for (const { runner, deployments } of deciding(ended)) {
      const [, arn] = /^Deployment (\S+) waits for a verdict/m.exec(runner.main.stdout) ?? [];
      const number = deployments.find((each) => each.arn === arn)?.number;
      for (const run of runsOf(runner, ended)) {
        const task = tasks.find(({ container }) => container?.scripts.includes(run));
        const isRight =
          task?.identity.owner === runner.name || (task && service?.deploymentOf(task) === number);
        check(isRight === true, runner.name, () => `ran its script in ${task?.name ?? "no task"}`);
      }
    }
  },
};

/** What must hold of the verdicts on deployments. */
export const DEPLOYMENT_RULES: readonly Rule[] = [verdicts, once, given, newRevision];
