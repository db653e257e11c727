/**
 * `node soak/beside/simulated.ts NAME MS`: runs a scenario in the simulation. Prints as JSON what has become of it so many milliseconds after its
 * last step, how long it took in virtual seconds, what the oracle has against it, and its timeline. A program of its own, since worlds replace
 * some of JavaScript's own objects.
 */
import type { Runner } from "../../simulation/runner/runner.ts";
import { judge } from "../../simulation/oracle/rules.ts";
import { simulate, type Simulated as Ended } from "../../simulation/simulate.ts";
import { inColumns } from "../../simulation/timeline.ts";
import { scenarioNamed } from "./scenarios.ts";
import {
  comparedOutputs,
  itemsOf,
  type Left,
  linesOf,
  OF_SCRIPT,
  type Seen,
  type SeenStep,
  shapes,
  type Simulated,
} from "./seen.ts";

const [, , name = "", after = "0"] = process.argv;
const { scenario } = scenarioNamed(name);
let seen: Seen | undefined;
const ended = await simulate(scenario, {
  after: Number(after),
  see: (world) => (seen = { steps: world.runners.map(stepOf), left: leftOf(world) }),
});
if (seen === undefined) throw new Error("nothing was seen");
const { happenings } = ended.world.base.timeline;
const told: Simulated = {
  seen,
  firstLineAt: happenings.find(({ text }) => text.startsWith("| ") && OF_SCRIPT.test(text.slice(2)))?.at,
  seconds: ended.endedAt / 1000,
  objections: judge(ended).objections.map(({ actor, text, rule }) => `${actor}: ${text} (${rule})`),
  timeline: inColumns(happenings),
};
process.stdout.write(JSON.stringify(told));

function stepOf({
  hasBegun,
  mainEnd,
  postEnd,
  main,
  outputs,
  cancelledAt,
  options,
}: Runner): SeenStep | undefined {
  if (!hasBegun || mainEnd === undefined) return undefined;
  const exitCode = mainEnd.exitCode ?? 137;
  const hasItems = "items" in options.inputs;
  const codes = [...main.stdout.matchAll(/^::error title=fargate-exec(?::|%3A) ([\w-]+)::/gm)];
  return {
    conclusion: cancelledAt === undefined ? (exitCode === 0 ? "success" : "failure") : "cancelled",
    ...{ exitCode, postExitCode: postEnd?.exitCode, code: codes.at(-1)?.[1] },
    outputs: comparedOutputs(outputs, hasItems),
    ...{ lines: linesOf(main.stdout.split("\n"), hasItems), items: itemsOf(outputs) },
  };
}

function leftOf({ world }: Ended): Left {
  const { ecs, bucket, gateway, containers } = world;
  const open = [...gateway.sessions.values()].filter(
    ({ owner, ended }) => owner.startsWith("runner") && ended === undefined,
  );
  const alive = containers.filter(({ host }) => !host.isDead);
  const keys = [...bucket.versions.keys()].filter((key) => bucket.current(key) !== undefined);
  return {
    tasks: ecs.tasks.filter(
      ({ identity: { owner }, state }) =>
        owner?.startsWith("runner") === true && state.desiredStatus === "RUNNING",
    ).length,
    definitions: ecs.definitions.all.filter(
      ({ owner, status }) => owner?.startsWith("runner") === true && status === "ACTIVE",
    ).length,
    objects: shapes(keys),
    sessions: open.length,
    directories: alive.reduce((sum, { directories }) => sum + directories.size, 0),
    busy: alive.filter(
      ({ scripts, directories, agent }) =>
        agent.running.size > 0 ||
        scripts.some(({ ended }) => ended === undefined) ||
        [...directories.values()].some(({ job }) => job?.isDead === false),
    ).length,
  };
}
