import { AccessDenied } from "../../../src/errors.ts";
import { besideOthers, removeResource } from "../../../src/targets/made/made-resource.ts";
import { Definitions } from "../../helpers/definitions.ts";
import { Listener } from "../../helpers/listener.ts";
import { aDefinition, TASK } from "../../helpers/tasks.ts";

const log = new Listener();
const done: unknown[] = [];
let found: string[];
beforeEach(() => {
  done.length = 0;
  found = ["found"];
});
const ecs = {
  listTasks: (...asked: unknown[]) => {
    done.push(asked);
    return Promise.resolve(found);
  },
  describeTasks: () => Promise.resolve([]),
  stopTask: (...asked: unknown[]) => {
    done.push(asked);
    return Promise.resolve();
  },
  describeTaskDefinition: (family: string) => Promise.resolve({ ...aDefinition(), arn: family }),
  deregisterTaskDefinition: (...asked: unknown[]) => {
    done.push(asked);
    return Promise.resolve();
  },
  deleteTaskDefinition: (...asked: unknown[]) => {
    done.push(["delete", ...asked]);
    return Promise.resolve();
  },
};

it("calls the end of a cleanup no fault of the action when it ends the deletion of a definition", async () => {
  const over = new Error("This operation was aborted");
  const calls = { ...ecs, deleteTaskDefinition: () => Promise.reject(over) };
  const arn = "arn:aws:ecs:eu-west-1:123456789012:task-definition/fargate-exec-app:1";
  const shared = { kind: "shared-definition", arn, family: "fargate-exec-app", cluster: "ci" } as const;
  await removeResource({ ...shared, startedBy: "me", registered: true }, calls, "cancelled", log);
  expect(log.lines.at(-1)).toBe(
    "fargate-exec-app:1 is deregistered but not deleted. This operation was aborted",
  );
});

it("stops a task that is known", async () => {
  await removeResource(
    { kind: "task", cluster: "ci", startedBy: "me", taskArn: TASK },
    ecs,
    "cancelled",
    log,
  );
  expect(done).toEqual([["ci", TASK, "cancelled"]]);
});

it("stops a task whose ARN was never learnt", async () => {
  await removeResource(
    { kind: "task", cluster: "ci", startedBy: "me", taskArn: undefined },
    ecs,
    "cancelled",
    log,
  );
  expect(done).toEqual([
    ["ci", { startedBy: "me" }],
    ["ci", "found", "cancelled"],
  ]);
});

it("returns false for a task that was being started and is not found", async () => {
  const being = { kind: "task", cluster: "ci", startedBy: "me", taskArn: undefined } as const;
  expect(await removeResource(being, ecs, "cancelled", log)).toBe(true);
  found = [];
  expect(await removeResource(being, ecs, "cancelled", log)).toBe(false);
});

it("does not take another task of the run for one that was being started, though ECS lists it", async () => {
  const being = { kind: "task", cluster: "ci", startedBy: "me", taskArn: undefined } as const;
  expect(await removeResource(besideOthers(being, ["found"]), ecs, "cancelled", log)).toBe(false);
  expect(done).toEqual([["ci", { startedBy: "me" }]]);
});

it("names no more than a hundred other tasks of the run, the newest, and none beside a known one", () => {
  const arns = Array.from({ length: 130 }, (_, at) => `arn:${at}`);
  const being = { kind: "task", cluster: "ci", startedBy: "me", taskArn: undefined } as const;
  expect(besideOthers(besideOthers(being, arns), ["arn:129", "arn:130"]).others).toEqual([
    ...arns.slice(31),
    "arn:130",
  ]);
  const known = { ...being, taskArn: "arn:1" };
  expect(besideOthers(known, arns)).toBe(known);
});

it("deregisters a task definition", async () => {
  await removeResource({ kind: "task-definition", arn: "arn:x" }, ecs, "cancelled", log);
  expect(done).toEqual([["arn:x"]]);
});

describe("a task definition whose ARN was never learnt", () => {
  const being = { kind: "registration", family: "web", run: "me" } as const;
  const by = (run: string) => ({
    family: "web",
    containerDefinitions: [{ name: "app", dockerLabels: { "fargate-exec.run": run } }],
  });
  const undoRegistration = async (runs: readonly string[]) => {
    const known = new Definitions();
    for (const run of runs) await known.registerTaskDefinition(by(run));
    const { describeTaskDefinition, deregisterTaskDefinition } = known;
    const calls = { describeTaskDefinition, deregisterTaskDefinition };
    const found = await removeResource(being, { ...ecs, ...calls }, "cancelled", log);
    return { found, active: known.active };
  };

  it.each<[string, readonly string[], boolean, readonly string[]]>([
    ["the newest of its family", ["another", "me"], true, ["web:1"]],
    [
      "an older one beside those of other runs",
      ["another", "me", "another", "third"],
      true,
      ["web:1", "web:3", "web:4"],
    ],
    ["each one of its run", ["me", "me"], true, []],
    ["none when all are of other runs", ["another"], false, ["web:1"]],
    ["none when the family is empty", [], false, []],
  ])("is found by the label of its run: %s", async (_, runs, found, active) => {
    expect(await undoRegistration(runs)).toEqual({ found, active });
  });
});

describe("a registration that was repeated", () => {
  const known = (revision: number) =>
    `arn:aws:ecs:eu-central-1:123456789012:task-definition/fargate-exec-web:${revision}`;
  const register = async (runs: readonly string[]) => {
    const family = "fargate-exec-web";
    const definitions = new Definitions();
    for (const run of runs)
      await definitions.registerTaskDefinition({
        family,
        containerDefinitions: [{ name: "app", dockerLabels: { "fargate-exec.run": run } }],
      });
    return { definitions, family };
  };

  it.each<[string, readonly string[], number, readonly number[]]>([
    ["the first try's", ["another", "me", "me"], 3, [1, 3]],
    ["one that came late", ["me", "me", "another"], 1, [1, 3]],
    ["none when the first try has made none", ["me", "another"], 1, [1, 2]],
  ])("removes the revision whose ARN was never learnt: %s", async (_, runs, revision, stay) => {
    const { definitions, family } = await register(runs);
    const what = { kind: "registration", family, run: "me", known: known(revision) } as const;
    const { describeTaskDefinition, deregisterTaskDefinition, deleteTaskDefinition } = definitions;
    const calls = { ...ecs, describeTaskDefinition, deregisterTaskDefinition, deleteTaskDefinition };
    expect(await removeResource(what, calls, "over", log)).toBe(true);
    expect(definitions.active).toEqual(stay.map((one) => `${family}:${one}`));
    // A revision of the action's own is deleted, too.
    const gone = runs.map((_, at) => at + 1).filter((one) => !stay.includes(one));
    for (const one of gone) await expect(describeTaskDefinition(known(one))).rejects.toThrow();
  });

  it("says so when the caller may not look for it", async () => {
    const denied = new AccessDenied(
      { action: "ecs:DescribeTaskDefinition", isNamed: true },
      { failed: "Access denied.", seen: "", advice: "" },
    );
    const what = { kind: "registration", family: "web", run: "me", known: known(2) } as const;
    const calls = { ...ecs, describeTaskDefinition: () => Promise.reject(denied) };
    expect(await removeResource(what, calls, "over", log)).toBe(true);
    expect(log.lines.at(-1)).toBe(
      "A second revision of fargate-exec-web:2 is not looked for. Access denied.",
    );
  });
});
