import { labelWithRun } from "../../../src/aws/task-definition.ts";
import { Failure } from "../../../src/errors.ts";
import type { NewTasks } from "../../../src/inputs/inputs.ts";
import { removeRemainingDefinitions } from "../../../src/targets/made/remaining-definitions.ts";
import { resolveTargets } from "../../../src/targets/resolve.ts";
import { Definitions } from "../../helpers/definitions.ts";
import { Listener } from "../../helpers/listener.ts";
import { resolveContextOf } from "../../helpers/resolving.ts";
import { startInputs } from "../../helpers/start-inputs.ts";
import { SteppedClock } from "../../helpers/stepped-clock.ts";
import { aTask } from "../../helpers/tasks.ts";
import { until } from "../../helpers/until.ts";

const HOUR = 3_600_000;
let clock: SteppedClock;
let log: Listener;
let known: Definitions;
/** The families of which a task runs. */
let running: readonly string[];
/** The families that were examined. */
let examined: string[];
beforeEach(() => {
  clock = new SteppedClock();
  log = new Listener();
  known = new Definitions(clock);
  running = [];
  examined = [];
});

const register = async (family: string, isOfRun = true): Promise<void> => {
  const definition = { family, containerDefinitions: [{ name: "app" }] };
  await known.registerTaskDefinition(isOfRun ? labelWithRun(definition, "lost") : definition);
};

/** Removes what lost runs have left, as a run does that has registered a revision of `fargate-exec-own`. */
const remove = async (
  ecs: Partial<Parameters<typeof removeRemainingDefinitions>[2]["ecs"]> = {},
): Promise<void> =>
  await removeRemainingDefinitions("ci", "fargate-exec-own", {
    ...{ clock, log },
    ecs: {
      listDefinitionFamilies: known.listDefinitionFamilies,
      describeTaskDefinition: (family) => {
        examined.push(family);
        return known.describeTaskDefinition(family);
      },
      listTasks: (_, filter) =>
        Promise.resolve("family" in filter && running.includes(filter.family) ? ["t"] : []),
      deregisterTaskDefinition: known.deregisterTaskDefinition,
      deleteTaskDefinition: known.deleteTaskDefinition,
      ...ecs,
    },
  });

it("a revision of a lost run is removed after a day, and no other one", async () => {
  for (const family of ["fargate-exec-left", "fargate-exec-runs", "fargate-exec-own", "shop"])
    await register(family);
  await register("fargate-exec-foreign", false);
  running = ["fargate-exec-runs"];
  clock.advance(23 * HOUR);
  await register("fargate-exec-new");
  await remove();
  expect(known.active).toHaveLength(6);
  clock.advance(2 * HOUR);
  await remove();
  expect(known.active).toEqual([
    "fargate-exec-runs:1",
    "fargate-exec-own:1",
    "shop:1",
    "fargate-exec-foreign:1",
    "fargate-exec-new:1",
  ]);
  expect(log.lines).toEqual(["Removing fargate-exec-left:1, which a run that was lost has left behind."]);
});

it("a run examines five families at most, and several runs examine all of them", async () => {
  for (let at = 0; at < 12; at += 1) await register(`fargate-exec-${at}`);
  clock.advance(25 * HOUR);
  await remove();
  expect(examined).toHaveLength(5);
  expect(known.active).toHaveLength(7);
  for (let runs = 0; runs < 2; runs += 1) await remove();
  expect(known.active).toEqual([]);
});

it("a line names a missing right, and none comes when the step ends meanwhile", async () => {
  const failing = (code: Failure["code"]) => () =>
    Promise.reject(new Failure(code, { failed: "No right to ecs:X.", seen: "s.", advice: "a." }));
  await remove({ listDefinitionFamilies: failing("cancelled") });
  expect(log.lines).toEqual([]);
  await remove({ listDefinitionFamilies: failing("access-denied") });
  expect(log.lines).toEqual(["What lost runs have left is not looked for. No right to ecs:X."]);
});

it("a run that registers a revision looks for what others have left, and one that registers none doesn't", async () => {
  const start = async (hold: boolean) => {
    const where: NewTasks = {
      ...{
        kind: "new",
        of: { kind: "task-definition", taskDefinition: "shop" },
        service: undefined,
        tasks: 1,
      },
      start: startInputs({ hold }),
    };
    const { listDefinitionFamilies, ...calls } = known;
    let asked = 0;
    const rig = resolveContextOf(where, {
      ...calls,
      listTasks: () => Promise.resolve([]),
      listDefinitionFamilies: (prefix) => {
        asked += 1;
        return listDefinitionFamilies(prefix);
      },
      runTask: () => Promise.resolve({ tasks: [aTask()], refusals: [] }),
    });
    await resolveTargets(rig);
    return asked;
  };
  known = new Definitions(new SteppedClock(0));
  await register("shop", false);
  await register("fargate-exec-left");
  expect(await start(false)).toBe(0);
  expect(known.active).toContain("fargate-exec-left:1");
  expect(await start(true)).toBe(1);
  await until(() => !known.active.includes("fargate-exec-left:1"));
  expect(known.active).toEqual(["shop:1", expect.stringMatching(/^fargate-exec-shop-held-/)]);
});
