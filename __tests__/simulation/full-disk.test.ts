import { itemStepsOf } from "../../simulation/oracle/items.ts";
import { simulate } from "../../simulation/simulate.ts";

// docs/protocol.md, "Items"
it("a simulated task whose disk had no room for its output begins no further item, and says which it has not begun", async () => {
  const items = Array.from({ length: 6 }, (_, index) => `r0 i${index} wait 1000 exit 0`);
  const ended = await simulate({
    seed: 7,
    world: {
      ...{ latency: [20, 60], bucket: true, mayList: true, isVersioned: false, maySeeSessions: true },
      ...{ mayResume: false, pausesAfter: 30_000 },
    },
    containers: [{ boto3: true, gzip: true, reaps: true, pace: 10, stopsIn: 500, disk: 200_000 }],
    ecs: {
      ...{ lag: 0, mayDescribe: true, mayRegister: true, hasShell: true, hasOwnEntryPoint: false, like: 0 },
      ...{
        start: { network: 1_000, pull: 2_000, activate: 200, agent: 200, connect: 0 },
        ownCommand: 7_200_000,
      },
    },
    runners: [
      {
        ...{ at: 0, container: 0, post: true },
        // The disk has room for what one run prints, and not for two.
        script: { lines: [{ bulk: "r0 bulk x 150" }], exitCode: 0, onTerm: "dies" },
        inputs: {
          ...{ "task-definition": "app", subnets: "subnet-0a1b2c3d", "security-groups": "sg-0a1b2c3d" },
          items: items.join("\n"),
        },
      },
    ],
    faults: [],
  });
  const [step] = itemStepsOf(ended);
  expect(step?.all).toHaveLength(2);
  const told = step?.told?.toSorted((one, other) => one.index - other.index);
  expect(told?.map(({ outcome }) => outcome)).toEqual([
    ...["succeeded", "unknown"],
    ...Array.from({ length: 4 }, () => "not-started"),
  ]);
});
