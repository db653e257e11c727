import { CarriedItems } from "../../../../src/run/items/rerun/carried-items.ts";
import {
  type ItemMemory,
  type Program,
  programOf,
  type Recalled,
  type Success,
} from "../../../../src/run/items/rerun/earlier-runs.ts";
import { Listener } from "../../../helpers/listener.ts";
import { anInputs } from "../../../helpers/runs.ts";

const ONE: Program = { definition: "arn:d:1", image: "sha256:1" };
const LIST = ["a", "b", "c", "d"];
const success = (index: number, run = 1): [number, Success] => [
  index,
  { index, seconds: 2, attempts: 1, task: 0, worker: 0, run },
];

function carriedItems(
  recalled: Recalled,
  { refusal, mayHaveEarlier = true }: { refusal?: string; mayHaveEarlier?: boolean } = {},
) {
  const log = new Listener();
  const told: { carried?: readonly Success[]; programs: Program[] } = { programs: [] };
  const memory: ItemMemory = {
    ...{ mayHaveEarlier, nameOf: (run) => `attempt ${run}`, note: () => undefined },
    recall: () => Promise.resolve(recalled),
    begin: (carried) => {
      told.carried = carried;
      return Promise.resolve(refusal);
    },
    ranIn: (program) => void told.programs.push(program),
    close: () => Promise.resolve(),
  };
  const items = { source: { kind: "list", items: LIST }, batch: 1 } as const;
  const inputs = anInputs({ items });
  return { carried: new CarriedItems({ memory, inputs, keyOf: () => "key", log }), log, told };
}

const decided = async (
  recalled: Recalled,
  program: Program | undefined,
  more: Parameters<typeof carriedItems>[1] = {},
) => {
  const { carried, log, told } = carriedItems(recalled, more);
  await carried.recall(LIST);
  const results = await carried.begin(LIST, program);
  return { indices: [...results.keys()], results, lines: log.lines, told };
};

it("items that have succeeded are carried over with their results", async () => {
  const { results, lines, told } = await decided(
    { runs: [{ number: 1, program: ONE, ended: new Map([success(0), success(2)]) }] },
    ONE,
  );
  expect(results.get(2)).toEqual({
    ...{
      index: 2,
      item: "c",
      outcome: "succeeded",
      exitCode: 0,
      seconds: 2,
      attempts: 1,
      task: 0,
      worker: 0,
    },
    ...{ carriedFrom: 1, beganAt: undefined, endedAt: undefined, lastLines: [] },
  });
  expect(lines).toEqual(["2 of 4 items succeeded in attempt 1, and are not run again."]);
  expect(told).toMatchObject({ carried: [{ index: 0 }, { index: 2 }], programs: [ONE] });
});

it("nothing is said of carried items where no earlier run was to be expected", async () => {
  const { indices, lines } = await decided({ runs: [] }, ONE, { mayHaveEarlier: false });
  expect([indices, lines]).toEqual([[], []]);
});

it("the last end of an item in the same program counts", async () => {
  const other = { ...ONE, image: "sha256:2" };
  const runs = [
    { number: 1, program: ONE, ended: new Map([success(0), success(1)]) },
    { number: 2, program: other, ended: new Map([[0, undefined], success(3, 2)]) },
    { number: 3, program: ONE, ended: new Map([[1, undefined], success(2, 3)]) },
  ];
  const { indices, lines } = await decided({ runs }, ONE);
  expect(indices).toEqual([0, 2]);
  expect(lines).toEqual(["2 of 4 items succeeded in earlier runs, and are not run again."]);
});

const RUNS = [{ number: 2, program: ONE, ended: new Map([success(0)]) }];

it("a single item is carried over, too, and the line names the attempt", async () => {
  const runs = [{ number: 2, program: ONE, ended: new Map([success(0, 2)]) }];
  const { indices, lines } = await decided({ runs }, ONE);
  expect([indices, lines]).toEqual([[0], ["1 of 4 items succeeded in attempt 2, and are not run again."]]);
});

it.each<[string, Recalled, Program | undefined, string | undefined, string[]]>([
  [
    "of another image",
    { runs: RUNS },
    { ...ONE, image: "sha256:2" },
    undefined,
    ["All 4 items run: the image is another one than in attempt 2."],
  ],
  [
    "of another task definition",
    { runs: RUNS },
    { ...ONE, definition: "arn:d:2" },
    undefined,
    ["All 4 items run: the task definition is another one than in attempt 2."],
  ],
  [
    "that are not known",
    { runs: RUNS },
    undefined,
    undefined,
    ["All 4 items run: it is not known in which image they run now, or it is not one."],
  ],
  [
    "that are refused",
    { runs: RUNS },
    ONE,
    "another step has them",
    ["All 4 items run: another step has them."],
  ],
  [
    "of which nothing is left",
    { runs: [], why: "nothing is left" },
    undefined,
    undefined,
    ["All 4 items run: nothing is left."],
  ],
  [
    "of no earlier run",
    { runs: [] },
    undefined,
    undefined,
    ["All 4 items run: none is known to have succeeded before."],
  ],
  [
    "of a run without a success",
    { runs: [{ number: 1, program: ONE, ended: new Map([[0, undefined]]) }] },
    undefined,
    undefined,
    ["All 4 items run: none is known to have succeeded before."],
  ],
])("all items run after results %s", async (_, recalled, program, refusal, lines) => {
  const decision = await decided(recalled, program, refusal === undefined ? {} : { refusal });
  expect([decision.indices, decision.lines]).toEqual([[], lines]);
});

describe("what items run in", () => {
  const inApp = { container: "app" };
  const task = (definition: string, imageDigest?: string): Parameters<typeof programOf>[0] => ({
    taskDefinitionArn: `arn:aws:ecs:eu-west-1:123456789012:task-definition/${definition}`,
    containers: [{ name: "app", imageDigest }],
  });

  it("is the revision of the user's definition, and the digest of the image", () => {
    expect(programOf(task("shop:7", "sha256:1"), inApp, false)).toEqual({
      definition: task("shop:7").taskDefinitionArn,
      image: "sha256:1",
    });
  });

  it("is the user's revision also in a copy of it, which another revision may share", () => {
    const { taskDefinitionArn: revision } = task("shop:8");
    const copy = task("fargate-exec-shop-held-0123456789abcdef:7", "sha256:1");
    expect(programOf(copy, { container: "app", revision }, false)?.definition).toBe(revision);
  });

  it.each([
    ["a definition of the action's own", "fargate-exec-shop-0123456789abcdef:7", false],
    ["a definition that comes by a file", "shop:7", true],
  ])("has no revision of %s, because each run may register one", (_, definition, isOfFile) => {
    const { definition: found } = programOf(task(definition, "sha256:1"), inApp, isOfFile) ?? {};
    expect(found).toBe(task(definition.replace(":7", "")).taskDefinitionArn);
  });

  it.each(["fargate-exec-mine:7", "fargate-exec-mine-0123:7", "fargate-exec-mine-0123456789abcdef-x:7"])(
    "is the revision of a family of the user's whose name begins as the action's: %s",
    (definition) => {
      const { definition: found } = programOf(task(definition, "sha256:1"), inApp, false) ?? {};
      expect(found).toBe(task(definition).taskDefinitionArn);
    },
  );

  it("is not known without a digest", () => {
    expect(programOf(task("shop:7"), inApp, false)).toBeUndefined();
    expect(programOf(task("shop:7", "sha256:1"), { container: "other" }, false)).toBeUndefined();
  });
});
